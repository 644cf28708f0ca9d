"""What one position of an operation's output reads of its input, along one axis.

An input window maps an interval of output positions to the interval of input positions
that they read. Positions are integers and may lie outside the image, in the padding.
Axes are counted from the end: -1 is the width, -2 the height, -3 the time of a video.
"""

import math
from dataclasses import dataclass

Interval = tuple[float, float]

EVERYTHING: Interval = (-math.inf, math.inf)
NOT_KNOWN: Interval = (math.nan, math.nan)
NOTHING: Interval = (0, -1)


@dataclass(frozen=True)
class Kernel:
    """A kernel as its layer states it, one number for each axis that it slides along.

    Attributes:
        size: positions that it covers.
        stride: positions between its places.
        dilation: positions between its taps.
        depthwise: whether it sees one channel alone.
    """

    size: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    depthwise: bool = False


@dataclass(frozen=True)
class Window:
    """A kernel that slides: convolution, pooling, padding, cropping.

    Each field holds the values for (height, width), in positions of the input; those
    of a signal have one number, those of a video three.
    """

    kernel: tuple[int, ...] = (1, 1, 1)
    stride: tuple[int, ...] = (1, 1, 1)
    padding: tuple[int, ...] = (0, 0, 0)
    dilation: tuple[int, ...] = (1, 1, 1)

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Return the interval of inputs that an interval of outputs reads."""
        first = outputs[0] * self.stride[axis] - self.padding[axis]
        last = outputs[1] * self.stride[axis] - self.padding[axis]
        return first, last + self.dilation[axis] * (self.kernel[axis] - 1)

    def reads_inside(self, outputs: Interval, axis: int, side: int) -> Interval:
        """Return what is read of an image of this side, at the taps of the kernel."""
        first, last = self.reads(outputs, axis)
        step, gap = self.stride[axis], self.dilation[axis]
        if gap == 1 or (first >= 0 and last < side):
            return max(0, first), min(side - 1, last)
        count = int(min(outputs[1] - outputs[0], gap - 1)) + 1
        low = [first + k * step for k in range(count)]
        high = [last - k * step for k in range(count)]
        low = [at if at >= 0 else at % gap for at in low]
        high = [min(at, side - 1 - (side - 1 - at) % gap) for at in high]
        return min(low), max(high)


@dataclass(frozen=True)
class TransposedWindow(Window):
    """A kernel that spreads each input over several outputs."""

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Return the interval of inputs that an interval of outputs reads."""
        return self._read(outputs, axis, EVERYTHING)

    def reads_inside(self, outputs: Interval, axis: int, side: int) -> Interval:
        """Return what is read of an image of this side, at the taps of the kernel."""
        return self._read(outputs, axis, (0, side - 1))

    def _read(self, outputs: Interval, axis: int, inside: Interval) -> Interval:
        """Read at the ends of an interval, where taps meet the grid of the inputs."""
        stride, dilation = self.stride[axis], self.dilation[axis]
        start, end = (int(at) + self.padding[axis] for at in outputs)
        reach = stride * (1 + dilation * (self.kernel[axis] - 1))
        ends = {*range(start, min(end, start + reach) + 1)}
        ends |= {*range(max(start, end - reach), end + 1)}
        taps = [dilation * k for k in range(self.kernel[axis])]
        found = [(at - tap) // stride for at in ends for tap in taps]
        met = [(at - tap) % stride == 0 for at in ends for tap in taps]
        read = [
            at
            for at, meets in zip(found, met, strict=True)
            if meets and inside[0] <= at <= inside[1]
        ]
        return (min(read), max(read)) if read else NOTHING


@dataclass(frozen=True)
class Padding(Window):
    """Padding that repeats the image at its edges.

    Attributes:
        mode: "reflect", "replicate" or "circular", as in `torch.nn.functional.pad`.
    """

    mode: str = "reflect"

    def repeated(self, read: Interval, side: int) -> Interval:
        """Return which positions of an image of this side stand for an interval."""
        first, last = read
        if 0 <= first and last < side:
            return read
        if self.mode == "circular":
            return 0, side - 1
        inside = [max(0, min(at, side - 1)) for at in read]
        if self.mode == "reflect":
            inside += [-first] if first < 0 else []
            inside += [2 * (side - 1) - last] if last >= side else []
        return max(0, min(inside)), min(side - 1, max(inside))


@dataclass(frozen=True)
class Mirror:
    """An image that is turned around along some of its axes.

    Attributes:
        sides: positions along each axis that is turned around; 0 for the others.
    """

    sides: tuple[int, ...]

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Return the interval of inputs that an interval of outputs reads."""
        side = self.sides[axis]
        return (side - 1 - outputs[1], side - 1 - outputs[0]) if side else outputs


@dataclass(frozen=True)
class Along:
    """All of an image along some of its axes, point by point along the others.

    Attributes:
        sides: for each axis whether all of it is read.
    """

    sides: tuple[bool, ...]

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Return the interval of inputs that an interval of outputs reads."""
        return EVERYTHING if self.sides[axis] else outputs


@dataclass(frozen=True)
class Interpolation:
    """Interpolation between the inputs nearest to a position.

    Attributes:
        scale: inputs for one output, (height, width).
        taps: inputs that one output mixes along an axis: 1 nearest, 2 linear, 4 cubic.
        antialias: whether the taps spread with the scale, where the output is smaller.
    """

    scale: tuple[float, ...]
    taps: int
    antialias: bool = False

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Return the interval of inputs that an interval of outputs reads."""
        scale = self.scale[axis]
        if self.taps == 1:
            return math.floor(outputs[0] * scale), math.floor(outputs[1] * scale)
        first = math.floor((outputs[0] + 0.5) * scale - 0.5)
        last = math.floor((outputs[1] + 0.5) * scale - 0.5)
        reach = self.taps // 2
        if self.antialias and scale > 1:
            reach = math.ceil(reach * scale)
        return first - reach + 1, last + reach


@dataclass(frozen=True)
class AdaptivePooling:
    """Adaptive pooling: the input cut into as many parts as there are outputs."""

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Return the interval of inputs that an interval of outputs reads."""
        if self.outputs[axis] == 1:
            return EVERYTHING
        ratio = self.inputs[axis] / self.outputs[axis]
        return math.floor(outputs[0] * ratio), math.ceil((outputs[1] + 1) * ratio) - 1


@dataclass(frozen=True)
class Constant:
    """The same interval, whatever is asked: all of the input, or not known."""

    interval: Interval

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Return the interval of inputs that any interval of outputs reads."""
        return self.interval


InputWindow = Window | Mirror | Along | Interpolation | AdaptivePooling | Constant

POINT = Window()
WHOLE = Constant(EVERYTHING)
UNKNOWN = Constant(NOT_KNOWN)


def covers(window: InputWindow, axis: int) -> bool:
    """Whether a window says what is read along an axis."""
    sides = getattr(window, "kernel", getattr(window, "sides", None))
    return sides is None or len(sides) >= -axis
