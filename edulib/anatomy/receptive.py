"""The theoretical receptive field: which part of the image a position can see.

It is found by walking back from an output position to the image through every path,
and joining what the paths read. As is usual, it is left out that some normalisations
average over all positions; a size also leaves out that windows end where the image
does, which the window of one position does not.
"""

import math
from dataclasses import dataclass

from torch import nn

from edulib.anatomy.graph import Graph, Op
from edulib.anatomy.inputs import Input
from edulib.anatomy.op_types import OpType
from edulib.anatomy.pixels import seen_pixels
from edulib.anatomy.straight import Line, axes_of, straight_lines
from edulib.anatomy.trace import trace_graph
from edulib.anatomy.window import (
    EVERYTHING,
    NOT_KNOWN,
    POINT,
    Interval,
    covers,
)
from edulib.checks import check_position, check_shape

_PLANE = 2  # dimensions of a map, without its channels
_PHASES = 16
_FAR = math.factorial(8)  # a multiple of every usual stride and upsampling


@dataclass(frozen=True)
class ReceptiveField:
    """What one position of a layer's output can see of the image.

    Attributes:
        size: (height, width) in pixels, over all paths; of a signal its length, of a
            video time, height and width; `math.inf` for the whole image, None where
            the axes cannot be followed (windowed attention) or no image is read.
        stride: (height, width) in pixels between the fields of neighbours; None
            where `size` is not a number.

    As text it is "whole image", "11" for 11×11, or "all×3" where it spans one side.
    """

    size: tuple[float, ...] | None
    stride: tuple[float, ...] | None

    def __str__(self) -> str:
        if self.size is None:
            return "–"
        if set(self.size) == {math.inf}:
            return "whole image"
        sides = self.size[:1] if len(set(self.size)) == 1 else self.size
        return "×".join("all" if side == math.inf else str(side) for side in sides)


def receptive_field(
    model: nn.Module, *inputs: Input | str, layer: str | None = None
) -> ReceptiveField:
    """Return the theoretical receptive field of a layer's output.

    Args:
        model: any module.
        inputs: what it takes, as in `trace_graph`; the name of a layer may follow.
        layer: dotted path of a module, or name of one of the model's outputs; the
            first output by default.

    Raises:
        ValueError: if there is no such layer, or the model cannot read such inputs.
    """
    if len(inputs) > 1 and isinstance(inputs[-1], str):
        *inputs, layer = inputs
    graph = trace_graph(model, *inputs)
    ends = {output.name: output.op for output in graph.outputs}
    if layer not in graph.calls and layer in ends:
        return field_of(graph, ends[layer])
    return field_of(graph, graph.call(layer).output)


def receptive_window(
    model: nn.Module,
    image_shape: tuple[int, ...],
    layer: str,
    position: tuple[int, int],
) -> tuple[int, int, int, int]:
    """Return the pixels that a position of a layer's output can see.

    Args:
        model: any module that takes one image.
        image_shape: (C, H, W).
        layer: dotted path of a module.
        position: (row, column) in the layer's output, in the order in which its two
            axes lie there: where height and width are swapped, the row counts along
            the width of the image.

    Returns:
        (top, left, bottom, right) of the smallest box around all pixels that can
        change the output there, of any channel; in pixels of the image, the last two
        excluded, without the padding. The whole image where the axes cannot be
        followed, and (0, 0, 0, 0) where no pixel is seen. Channels are not told apart:
        one that is left out later on counts as read.

    Raises:
        ValueError: if there is no such layer or position, or the shape is none.
    """
    image_shape = check_shape(image_shape)
    graph = trace_graph(model, image_shape)
    output = graph.ops[graph.call(layer).output]
    order = 1 if output.axes is None or output.axes[0] < output.axes[-1] else -1
    grid = output.place.grid
    is_lost = len(output.shape) > _PLANE if grid is None else len(grid) != _PLANE
    own = (output.side(-2), output.side(-1))[::order]
    size = output.shape[-_PLANE:] if is_lost else own
    at = check_position(position, size, f" of {layer or 'the model'}")[::order]
    seen = None if is_lost else seen_pixels(graph, output.index, at)
    if seen is None:
        return 0, 0, *image_shape[1:]
    rows, columns = seen.nonzero(as_tuple=True)
    if not len(rows):
        return 0, 0, 0, 0
    first, last = (rows.min(), columns.min()), (rows.max(), columns.max())
    return *map(int, first), *(int(edge) + 1 for edge in last)


def field_of(graph: Graph, index: int) -> ReceptiveField:
    """Return the receptive field of the output of op `index`."""
    axes = axes_of(graph, graph.ops[index])
    measured = [_measure(graph, index, axis) for axis in axes]
    sizes = tuple(size for size, _ in measured)
    if any(map(math.isnan, sizes)):
        return ReceptiveField(None, None)
    if math.inf in sizes:
        return ReceptiveField(sizes, None)
    return ReceptiveField(sizes, tuple(stride for _, stride in measured))


def _measure(graph: Graph, index: int, axis: int) -> tuple[float, float]:
    """Measure size and stride; positions differ only behind an upsampling."""
    seen = straight_lines(graph, axis)[index]
    if isinstance(seen, Line):
        return seen.last - seen.first + 1, seen.stride
    if seen is not None:
        return (math.inf if seen == EVERYTHING else math.nan), math.nan
    side = graph.ops[index].side(axis)
    phases = range(side // 2, side // 2 + _PHASES)
    found = (window_of(graph, index, phase, axis) for phase in phases)
    windows = [window for window in found if window is not None]
    if not windows:
        return math.nan, math.nan
    size = max(last - first + 1 for first, last in windows)
    if not math.isfinite(size):
        return size, math.nan
    near = window_of(graph, index, side // 2, axis) or windows[0]
    far = window_of(graph, index, side // 2 + _FAR, axis) or near
    stride = abs(far[0] - near[0]) / _FAR
    return size, int(stride) if stride == int(stride) else stride


def window_of(graph: Graph, index: int, position: int, axis: int) -> Interval | None:
    """Return the pixels along one axis that a position of op `index` can see.

    Args:
        graph: the traced network.
        index: of the op.
        position: in its output, along the axis.
        axis: -2 for height, -1 for width.

    Returns:
        First and last pixel; infinite for the whole image, NaN where the axes cannot
        be followed, None if the position sees no pixel.
    """
    wanted: dict[int, Interval] = {index: (position, position)}
    seen: Interval | None = None
    for op in reversed(graph.ops[: index + 1]):
        outputs = wanted.pop(op.index, None)
        if outputs is None:
            continue
        if op.op_type is OpType.INPUT and op.place.grid is not None:
            seen = _join(seen, outputs)
        for source in op.sources:
            read = _reads(op, graph.ops[source], outputs, axis)
            if not read[0] > read[1]:
                wanted[source] = _join(wanted.get(source), read)
    return seen


def _reads(op: Op, source: Op, outputs: Interval, axis: int) -> Interval:
    """Return what an op reads of one of its inputs."""
    if math.isnan(outputs[0]):
        everything = (
            op.window.reads((0, 0), axis) if covers(op.window, axis) else outputs
        )
        return everything if math.isinf(everything[0]) else outputs
    if math.isinf(outputs[0]):
        return outputs
    if source.side(axis) == 1 < op.side(axis) and op.window == POINT:
        return 0, 0
    return op.window.reads(outputs, axis) if covers(op.window, axis) else NOT_KNOWN


def _join(one: Interval | None, other: Interval) -> Interval:
    """Join two intervals; the whole image wins, then what is not known."""
    if one is None:
        return other
    for test in (math.isinf, math.isnan):
        for interval in (one, other):
            if test(interval[0]):
                return interval
    return min(one[0], other[0]), max(one[1], other[1])
