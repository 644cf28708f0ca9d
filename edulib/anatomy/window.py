"""What one position of an operation's output reads of its input, along one axis.

A reach maps an interval of output positions to the interval of input positions that
they read. Positions are integers and may lie outside the image, in the padding.
"""

import math
from dataclasses import dataclass

Interval = tuple[float, float]

EVERYTHING: Interval = (-math.inf, math.inf)
NOT_KNOWN: Interval = (math.nan, math.nan)


@dataclass(frozen=True)
class Window:
    """A kernel that slides: convolution, pooling, padding, cropping.

    Each field holds the values for (height, width), in positions of the input.
    """

    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Give the interval of inputs that an interval of outputs reads."""
        first = outputs[0] * self.stride[axis] - self.padding[axis]
        last = outputs[1] * self.stride[axis] - self.padding[axis]
        return first, last + self.dilation[axis] * (self.kernel[axis] - 1)


@dataclass(frozen=True)
class TransposedWindow(Window):
    """A kernel that spreads each input over several outputs."""

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Give the interval of inputs that an interval of outputs reads."""
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
    """

    scale: tuple[float, float]
    taps: int

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Give the interval of inputs that an interval of outputs reads."""
        scale = self.scale[axis]
        if self.taps == 1:
            return math.floor(outputs[0] * scale), math.floor(outputs[1] * scale)
        first = math.floor((outputs[0] + 0.5) * scale - 0.5)
        last = math.floor((outputs[1] + 0.5) * scale - 0.5)
        return first - self.taps // 2 + 1, last + self.taps // 2


@dataclass(frozen=True)
class AdaptivePooling:
    """Adaptive pooling: the input cut into as many parts as there are outputs."""

    inputs: tuple[int, int]
    outputs: tuple[int, int]

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Give the interval of inputs that an interval of outputs reads."""
        if self.outputs[axis] == 1:
            return EVERYTHING
        ratio = self.inputs[axis] / self.outputs[axis]
        return math.floor(outputs[0] * ratio), math.ceil((outputs[1] + 1) * ratio) - 1


@dataclass(frozen=True)
class Constant:
    """The same interval, whatever is asked: all of the input, or not known."""

    interval: Interval

    def reads(self, outputs: Interval, axis: int) -> Interval:
        """Give the interval of inputs that any interval of outputs reads."""
        return self.interval


InputWindow = Window | TransposedWindow | Interpolation | AdaptivePooling | Constant

POINT = Window()
WHOLE = Constant(EVERYTHING)
UNKNOWN = Constant(NOT_KNOWN)
