"""Receptive fields of a whole network at once, where all windows move in equal steps.

Without upsampling, position p of an op sees the pixels from `stride * p + first` to
`stride * p + last`: one pass through the ops finds the three numbers of them all.
"""

from dataclasses import dataclass

from edulib.anatomy.graph import Graph, Op
from edulib.anatomy.op_types import OpType
from edulib.anatomy.window import POINT, TransposedWindow, Window, covers


@dataclass(frozen=True)
class Line:
    """The pixels that position 0 of an op sees along an axis, and the next one's step.

    Attributes:
        first: first pixel.
        last: last pixel.
        stride: pixels from the first one of a position to that of the next.
    """

    first: int
    last: int
    stride: int


def straight_lines(graph: Graph, axis: int) -> list[Line | None]:
    """Return the line of each op; None where positions differ or are not followed.

    Args:
        graph: the traced network.
        axis: -2 for height, -1 for width.
    """
    if axis not in graph.cache:
        lines: list[Line | None] = []
        for op in graph.ops:
            lines.append(_line(graph, op, axis, lines))
        graph.cache[axis] = lines
    return graph.cache[axis]


def _line(graph: Graph, op: Op, axis: int, lines: list[Line | None]) -> Line | None:
    if op.op_type is OpType.INPUT:
        return Line(0, 0, 1) if op.place.grid is not None else None
    sources = [graph.ops[i] for i in op.inputs if not graph.ops[i].is_constant]
    if not sources or not _is_straight(op, sources, axis):
        return None
    found = [lines[source.index] for source in sources]
    if None in found or len({line.stride for line in found}) > 1:
        return None
    before = Line(
        min(line.first for line in found),
        max(line.last for line in found),
        found[0].stride,
    )
    window = op.window
    start = before.first - before.stride * window.padding[axis]
    reach = window.dilation[axis] * (window.kernel[axis] - 1) - window.padding[axis]
    end = before.last + before.stride * reach
    return Line(start, end, before.stride * window.stride[axis])


def _is_straight(op: Op, sources: list[Op], axis: int) -> bool:
    window = op.window
    if not isinstance(window, Window) or isinstance(window, TransposedWindow):
        return False
    if not covers(window, axis):
        return False
    spread = window == POINT and any(s.side(axis) == 1 < op.side(axis) for s in sources)
    return not spread
