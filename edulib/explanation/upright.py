"""How the maps of a layer lie in the image: with sides exchanged, or turned around."""

import math

from torch import Tensor, nn

from edulib.anatomy import Graph, Op
from edulib.anatomy.receptive import window_of
from edulib.explanation.layer import Layer
from edulib.explanation.layers import Reading
from edulib.explanation.layouts import made_by
from edulib.explanation.traces import traced


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
