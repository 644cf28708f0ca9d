"""What one position of an operation's output reads of its input, along one axis.

An input window says two things. `reads` maps an interval of output positions to the
interval of input positions that they read: integers that may lie outside the image, in
the padding. `taps` names each input that one output position reads in an image of a
given side; what it names outside of the image is nothing. Axes are counted from the
end: -1 is the width, -2 the height, -3 the time of a video.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Interval = tuple[float, float]

EVERYTHING: Interval = (-math.inf, math.inf)
NOT_KNOWN: Interval = (math.nan, math.nan)
NOTHING: Interval = (0, -1)

_DIGITS = 9  # of a place between pixels; what is behind them is rounding


@dataclass(frozen=True)
class Kernel:
    """A kernel as its layer states it, one number for each axis that it slides along.

    Attributes:
        size: positions that it covers.
        stride: positions between its places.
        dilation: positions between its taps.
        depthwise: whether it sees one channel alone.
        divisor: of a pooling what the sum is divided by, where that is no average.
    """

    size: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    depthwise: bool = False
    divisor: int | None = None


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

    def taps(self, at: int, axis: int, side: int) -> Sequence[int]:
        """Return the inputs that one output position reads."""
        first, last = self.reads((at, at), axis)
        return range(first, last + 1, self.dilation[axis])


@dataclass(frozen=True)
class TransposedWindow(Window):
    """A kernel that spreads each input over several outputs."""

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Return the interval of inputs that an interval of outputs reads."""
        stride, dilation = self.stride[axis], self.dilation[axis]
        start, end = map(int, outputs)
        reach = stride * (1 + dilation * (self.kernel[axis] - 1))
        ends = {*range(start, min(end, start + reach) + 1)}
        ends |= {*range(max(start, end - reach), end + 1)}
        read = [tap for at in ends for tap in self.taps(at, axis, 0)]
        return (min(read), max(read)) if read else NOTHING

    def taps(self, at: int, axis: int, side: int) -> Sequence[int]:
        """Return the inputs that one output position reads."""
        last = at + self.padding[axis]
        reach = self.dilation[axis] * self.kernel[axis]
        spread = range(last, last - reach, -self.dilation[axis])
        stride = self.stride[axis]
        return [place // stride for place in spread if place % stride == 0]


@dataclass(frozen=True)
class Padding(Window):
    """Padding that repeats the image at its edges.

    Attributes:
        mode: "reflect", "replicate" or "circular", as in `torch.nn.functional.pad`.
    """

    mode: str = "reflect"

    def taps(self, at: int, axis: int, side: int) -> Sequence[int]:
        """Return the input that an output position repeats."""
        place = at - self.padding[axis]
        if self.mode == "circular":
            return (place % side,)
        if self.mode == "reflect":
            place = abs(place) if place < side else 2 * (side - 1) - place
        return (max(0, min(place, side - 1)),)


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

    def taps(self, at: int, axis: int, side: int) -> Sequence[int]:
        """Return the input that an output position shows."""
        return (side - 1 - at,) if self.sides[axis] else (at,)


@dataclass(frozen=True)
class Chosen:
    """An image whose rows and columns were chosen one by one, as by an index.

    Attributes:
        places: for each axis the input that each output position shows.
    """

    places: tuple[tuple[int, ...], ...]

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Return "not known": there is no rule that goes on beyond the image."""
        return NOT_KNOWN

    def taps(self, at: int, axis: int, side: int) -> Sequence[int]:
        """Return the input that an output position shows."""
        return (self.places[axis][at],)


@dataclass(frozen=True)
class Along:
    """All of an image along some of its axes, point by point along the others.

    Attributes:
        sides: for each axis whether all of it is read.
        so_far: whether what lies behind the position is not, as in a running sum.
    """

    sides: tuple[bool, ...]
    so_far: bool = False

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Return the interval of inputs that an interval of outputs reads."""
        return EVERYTHING if self.sides[axis] else outputs

    def taps(self, at: int, axis: int, side: int) -> Sequence[int]:
        """Return the inputs that one output position reads."""
        if not self.sides[axis]:
            return (at,)
        return range(at + 1 if self.so_far else side)


@dataclass(frozen=True)
class Interpolation:
    """Interpolation between the inputs nearest to a position.

    Output position p lies at `scale * p + offset` of the input.

    Attributes:
        scale: inputs for one output, (height, width).
        offset: where the first output lies, (height, width).
        mixed: inputs that one output mixes along an axis: 1 nearest, 2 linear, 4 cubic.
        antialias: whether they spread with the scale, where the output is smaller.
    """

    scale: tuple[float, ...]
    offset: tuple[float, ...]
    mixed: int
    antialias: bool = False

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Return the interval of inputs that an interval of outputs reads."""
        return self._around(outputs[0], axis)[0], self._around(outputs[1], axis)[-1]

    def taps(self, at: int, axis: int, side: int) -> Sequence[int]:
        """Return the inputs that one output position reads."""
        around = self._around(at, axis)
        if self.antialias:
            return around
        return [max(0, min(place, side - 1)) for place in around]

    def _around(self, at: float, axis: int) -> list[int]:
        """Return the inputs with a weight: it is 0 at each whole step from a place."""
        scale, offset = self.scale[axis], self.offset[axis]
        if self.mixed == 1:  # as torch does, in single precision
            step = np.float32(scale)
            return [math.floor(np.float32((at + offset / scale) * step))]
        place = round(at * scale + offset, _DIGITS)
        step = max(1, self.scale[axis]) if self.antialias else 1
        reach = self.mixed // 2 * step
        near = range(math.ceil(place - reach), math.floor(place + reach) + 1)
        return [k for k in near if k == place or round((k - place) / step, _DIGITS) % 1]


@dataclass(frozen=True)
class AdaptivePooling:
    """Adaptive pooling: the input cut into as many parts as there are outputs."""

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Return the interval of inputs that an interval of outputs reads."""
        if self.outputs[axis] == 1:
            return EVERYTHING
        before, after = self.inputs[axis], self.outputs[axis]
        first, last = map(int, outputs)
        return first * before // after, -(-(last + 1) * before // after) - 1

    def taps(self, at: int, axis: int, side: int) -> Sequence[int]:
        """Return the inputs that one output position reads."""
        before, after = self.inputs[axis], self.outputs[axis]
        return range(at * before // after, -(-(at + 1) * before // after))


@dataclass(frozen=True)
class Constant:
    """The same interval, whatever is asked: all of the input, or not known."""

    interval: Interval

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Return the interval of inputs that any interval of outputs reads."""
        return self.interval

    def taps(self, at: int, axis: int, side: int) -> Sequence[int]:
        """Return all inputs: what is not known may be any."""
        return range(side)


InputWindow = (
    Window | Mirror | Chosen | Along | Interpolation | AdaptivePooling | Constant
)

POINT = Window()
WHOLE = Constant(EVERYTHING)
UNKNOWN = Constant(NOT_KNOWN)


def covers(window: InputWindow, axis: int) -> bool:
    """Whether a window says what is read along an axis."""
    names = ("kernel", "sides", "places", "scale", "inputs")
    sides = next((getattr(window, name) for name in names if hasattr(window, name)), ())
    return isinstance(window, Constant) or len(sides) >= -axis
