"""The theoretical receptive field: which part of the image a position can see.

It is found by walking back from an output position to the image through every path,
and joining what the paths read. Two things are left out, as is usual: that windows
end where the image does, and that some normalisations average over all positions.
"""

import math
from dataclasses import dataclass

from torch import nn

from edulib.anatomy.graph import INPUT, Graph
from edulib.anatomy.trace import trace_graph
from edulib.anatomy.window import POINT, Interval

_PHASES = 16
_FAR = 1024


@dataclass(frozen=True)
class ReceptiveField:
    """What one position of a layer's output can see of the image.

    Attributes:
        size: (height, width) in pixels, over all paths; `math.inf` for the whole
            image, None where the axes cannot be followed (windowed attention).
        stride: (height, width) in pixels between the fields of neighbours; None
            where `size` is not a number.
    """

    size: tuple[float, float] | None
    stride: tuple[float, float] | None

    def __str__(self) -> str:
        if self.size is None:
            return "–"
        if math.inf in self.size:
            return "whole image"
        height, width = self.size
        return f"{height}" if height == width else f"{height}×{width}"


def receptive_field(
    model: nn.Module, image_shape: tuple[int, ...], layer: str | None = None
) -> ReceptiveField:
    """Give the theoretical receptive field of a layer's output.

    Args:
        model: any module that takes one image.
        image_shape: (C, H, W).
        layer: dotted path of a module; the model's output by default.

    Raises:
        ValueError: if there is no such layer, or the model cannot read such images.
    """
    graph = trace_graph(model, image_shape)
    return field_of(graph, graph.call(layer).output)


def receptive_window(
    model: nn.Module,
    image_shape: tuple[int, ...],
    layer: str,
    position: tuple[int, int],
) -> tuple[int, int, int, int]:
    """Give the pixels that a position of a layer's output can see.

    Args:
        model: any module that takes one image.
        image_shape: (C, H, W).
        layer: dotted path of a module.
        position: (row, column) in the layer's output.

    Returns:
        (top, left, bottom, right) in pixels, the last two excluded, without the
        padding; the whole image where the axes cannot be followed.

    Raises:
        ValueError: if there is no such layer or position.
    """
    graph = trace_graph(model, image_shape)
    output = graph.ops[graph.call(layer).output]
    inside = all(0 <= at < side for at, side in zip(position, output.size, strict=True))
    if not inside:
        raise ValueError(
            f"expected a position within {output.size} of {layer}, got {position}"
        )
    edges = []
    for axis, side in enumerate(image_shape[-2:]):
        window = window_of(graph, output.index, position[axis], axis, inside=True)
        first, last = window or (0, -1)
        if math.isnan(first):
            first, last = 0, side - 1
        edges.append((first, last + 1))
    (top, bottom), (left, right) = edges
    return top, left, bottom, right


def field_of(graph: Graph, index: int) -> ReceptiveField:
    """Give the receptive field of the output of op `index`."""
    measured = [_measure(graph, index, axis) for axis in (0, 1)]
    sizes = tuple(size for size, _ in measured)
    if any(map(math.isnan, sizes)):
        return ReceptiveField(None, None)
    if math.inf in sizes:
        return ReceptiveField(sizes, None)
    return ReceptiveField(sizes, tuple(stride for _, stride in measured))


def _measure(graph: Graph, index: int, axis: int) -> tuple[float, float]:
    """Measure size and stride; positions differ only behind an upsampling."""
    side = graph.ops[index].size[axis]
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
    stride = (far[0] - near[0]) / _FAR
    return size, int(stride) if stride == int(stride) else stride


def window_of(
    graph: Graph, index: int, position: int, axis: int, inside: bool = False
) -> Interval | None:
    """Give the pixels along one axis that a position of op `index` can see.

    Args:
        graph: the traced network.
        index: of the op.
        position: in its output, along the axis.
        axis: 0 for height, 1 for width.
        inside: whether to leave out the padding, at each step on the way.

    Returns:
        First and last pixel; infinite for the whole image, NaN where the axes cannot
        be followed, None if the position sees no pixel.
    """
    wanted: dict[int, Interval] = {index: (position, position)}
    for op in reversed(graph.ops[1 : index + 1]):
        outputs = wanted.pop(op.index, None)
        if outputs is None:
            continue
        for source in op.inputs:
            read = _reads(graph, op.index, source, outputs, axis)
            if inside:
                read = _cut(read, graph.ops[source].size[axis])
            if not read[0] > read[1]:
                wanted[source] = _join(wanted.get(source), read)
    return wanted.get(INPUT)


def _reads(
    graph: Graph, index: int, source: int, outputs: Interval, axis: int
) -> Interval:
    """Give what an op reads of one of its inputs."""
    op = graph.ops[index]
    if math.isnan(outputs[0]):
        everything = op.reach.reads((0, 0), axis)
        return everything if math.isinf(everything[0]) else outputs
    if math.isinf(outputs[0]):
        return outputs
    if graph.ops[source].size[axis] == 1 < op.size[axis] and op.reach == POINT:
        return 0, 0
    return op.reach.reads(outputs, axis)


def _cut(interval: Interval, side: int) -> Interval:
    """Leave out positions that do not exist; empty if the first passes the last."""
    if math.isnan(interval[0]):
        return interval
    return max(0, interval[0]), min(side - 1, interval[1])


def _join(one: Interval | None, other: Interval) -> Interval:
    """Join two intervals; the whole image wins, then what is not known."""
    if one is None:
        return other
    for test in (math.isinf, math.isnan):
        for interval in (one, other):
            if test(interval[0]):
                return interval
    return min(one[0], other[0]), max(one[1], other[1])
