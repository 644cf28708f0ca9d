"""How the maps of a layer lie in the image: turned around, or over a part of it."""

import math

import torch.nn.functional as F
from torch import Tensor, nn

from edulib.anatomy import Graph, Op
from edulib.anatomy.receptive import window_of
from edulib.explanation.layer import Layer
from edulib.explanation.layers import Reading
from edulib.explanation.layouts import made_by
from edulib.explanation.traces import traced

Ends = tuple[int, int]  # the first pixel, and the one behind the last


def is_swapped(op: Op, layer: Layer) -> bool:
    """Whether rows of a layer's maps lie along the width of the image.

    Args:
        op: the operation that made them.
        layer: the layer, its layout known.
    """
    if op.axes is None or "H" not in layer.layout:
        return False
    return layer.layout.index("H") - len(layer.layout) == op.axes[-1]


def upright(model: nn.Module, images: Tensor, reading: Reading, maps: Tensor) -> Tensor:
    """Turn maps of a layer as the image lies, as far as a trace shows how they do.

    Args:
        model: the model.
        images: what it took.
        reading: of the layer.
        maps: in the order of what was read, (B, K, rows, columns).

    Shape:
        - Output: (B, K, rows, columns), rows along the height of the image
    """
    op = made_by(model, images, reading.layer, reading.value)
    if op is None:
        return maps
    graph = traced(model, images)
    maps = maps.mT if is_swapped(op, reading.layer) else maps
    return maps.flip([axis for axis in (-2, -1) if _runs_back(graph, op, axis)])


def _runs_back(graph: Graph, op: Op, axis: int) -> bool:
    """Whether the last position along an axis sees what lies before the first one's."""
    ends = [window_of(graph, op.index, at, axis) for at in (0, op.side(axis) - 1)]
    if None in ends or not all(math.isfinite(edge) for end in ends for edge in end):
        return False
    return sum(ends[0]) > sum(ends[1])


def frame_of(model: nn.Module, images: Tensor, reading: Reading) -> tuple[Ends, Ends]:
    """Find what part of the image a model looks at: what it crops, or pads, to.

    Padding of up to half a kernel is that of the convolution behind it.

    Args:
        model: the model.
        images: what it took.
        reading: of the layer.

    Returns:
        Ends of rows and of columns, outside of the image where it is padded; those of
        the whole image where a trace does not show them.
    """
    op = made_by(model, images, reading.layer, reading.value)
    sides = images.shape[-2:]
    ends, reach = [(0, side) for side in sides], 0
    if op is None:
        return tuple(ends)
    graph = traced(model, images)
    for one in _all_comes_through(graph, op):
        found = [_ends(graph, one, axis) for axis in (-2, -1)]
        if None in found:
            reach = max(one.kernel.size) // 2 if one.kernel else 0
            break
        ends = found
    return tuple(
        (0 if -reach <= first < 0 else first, side if 0 < end - side <= reach else end)
        for (first, end), side in zip(ends, sides, strict=True)
    )


def _all_comes_through(graph: Graph, end: Op) -> list[Op]:
    """List the ops without which nothing of the image reaches an op, in order."""
    waiting, found = {end.index}, []
    for op in reversed(graph.ops[: end.index + 1]):
        if waiting == {op.index}:
            found.append(op)
        if op.index in waiting:
            waiting.remove(op.index)
            waiting |= {i for i in op.inputs if not graph.ops[i].is_constant}
    return found[::-1]


def _ends(graph: Graph, op: Op, axis: int) -> Ends | None:
    """Return where positions end along an axis, if each is a pixel as it is."""
    last = op.side(axis) - 1
    windows = [window_of(graph, op.index, at, axis) for at in (0, last)]
    if None in windows or any(first != end for first, end in windows):
        return None
    places = sorted(int(first) for first, _ in windows)
    return (places[0], places[1] + 1) if places[1] - places[0] == last else None


def stretched(
    maps: Tensor, size: tuple[int, int], frame: tuple[Ends, Ends], around: float = 0
) -> Tensor:
    """Stretch maps over what a model looks at.

    Args:
        maps: of a layer, upright.
        size: of the image.
        frame: as `frame_of` finds it.
        around: what stands in the rest of the image.

    Shape:
        - maps: (B, K, rows, columns)
        - Output: (B, K, H, W)
    """
    (top, bottom), (left, right) = frame
    inside = F.interpolate(
        maps, (bottom - top, right - left), mode="bilinear", align_corners=False
    )
    edges = left, size[1] - right, top, size[0] - bottom
    return F.pad(inside, edges, value=around)
