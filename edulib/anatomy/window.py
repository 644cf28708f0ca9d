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


@dataclass(frozen=True)
class Kernel:
    """A kernel as its layer states it, one number for each axis that it slides along.

    Attributes:
        size: positions that it covers.
        stride: positions between its places.
        dilation: positions between its taps.
    """

    size: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]


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


@dataclass(frozen=True)
class TransposedWindow(Window):
    """A kernel that spreads each input over several outputs."""

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Return the interval of inputs that an interval of outputs reads."""
        extent = self.dilation[axis] * (self.kernel[axis] - 1)
        first = (outputs[0] + self.padding[axis] - extent) / self.stride[axis]
        last = (outputs[1] + self.padding[axis]) / self.stride[axis]
        return math.ceil(first), math.floor(last)


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


InputWindow = Window | TransposedWindow | Interpolation | AdaptivePooling | Constant

POINT = Window()
WHOLE = Constant(EVERYTHING)
UNKNOWN = Constant(NOT_KNOWN)


def covers(window: InputWindow, axis: int) -> bool:
    """Whether a window says what is read along an axis."""
    return not isinstance(window, Window) or len(window.kernel) >= -axis
