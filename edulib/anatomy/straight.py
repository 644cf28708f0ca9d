"""Receptive fields of a whole network at once, where all windows move in equal steps.

Without upsampling, position p of an op sees the pixels from `stride * p + first` to
`stride * p + last`: one pass through the ops finds the three numbers of them all.
What sees the whole image, or cannot be followed, is found in the same pass.
"""

import math
from dataclasses import dataclass

from edulib.anatomy.graph import Graph, Op
from edulib.anatomy.op_types import CONCATS, OpType
from edulib.anatomy.window import (
    EVERYTHING,
    NOT_KNOWN,
    POINT,
    Interval,
    Padding,
    Window,
    covers,
)

_JOINS = CONCATS | {"setitem"}  # each position shows one of what they are given


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


def straight_lines(graph: Graph, axis: int) -> list[Line | Interval | None]:
    """Return what each op sees, where that can be said of all its positions at once.

    Args:
        graph: the traced network.
        axis: -2 for height, -1 for width.

    Returns:
        For each op a line; `EVERYTHING` for the whole image; `NOT_KNOWN` where the
        positions cannot be followed or no image is read; None where the positions of
        one op see windows of different sizes, as behind an upsampling.
    """
    if axis not in graph.cache:
        seen: list[Line | Interval | None] = []
        for op in graph.ops:
            seen.append(_line(graph, op, axis, seen))
        graph.cache[axis] = seen
    return graph.cache[axis]


def _line(
    graph: Graph, op: Op, axis: int, seen: list[Line | Interval | None]
) -> Line | Interval | None:
    if op.op_type is OpType.INPUT:
        return Line(0, 0, 1) if op.place.grid is not None else NOT_KNOWN
    sources = [graph.ops[i] for i in op.sources if reads_image(graph, i)]
    found = [seen[source.index] for source in sources]
    everywhere = _everywhere(op, axis, sources, found)
    if everywhere or not sources:
        return everywhere or NOT_KNOWN
    if None in found or not _is_straight(op, sources, axis):
        return None
    if len({line.stride for line in found}) > 1:
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


def axes_of(graph: Graph, op: Op) -> range:
    """Return the axes along which an op sees: its own, else those of an input."""
    grids = [one.place.grid for one in (op, *graph.inputs)]
    return range(-next((len(grid) for grid in grids if grid), 2), 0)


def reads_image(graph: Graph, index: int) -> bool:
    """Whether an op depends on an input that has positions; found once for all."""
    if "image" not in graph.cache:
        found: list[bool] = []
        for op in graph.ops:
            own = op.op_type is OpType.INPUT and op.place.grid is not None
            found.append(own or any(found[i] for i in op.inputs))
        graph.cache["image"] = found
    return graph.cache["image"][index]


def _everywhere(
    op: Op, axis: int, sources: list[Op], found: list[Line | Interval | None]
) -> Interval | None:
    """Return what all positions see alike: the whole image wins, then not known.

    Not where it is not known which of several maps a position shows, and one sees
    less.
    """
    if not found:
        return None
    window = op.window
    reads = window.reads((0, 0), axis) if covers(window, axis) else NOT_KNOWN
    is_strip = op.name in _JOINS and all(source.place.dims for source in sources)
    shows_one = is_strip and math.isnan(reads[0])
    may_see_less = shows_one and any(not isinstance(line, tuple) for line in found)
    if math.isinf(reads[0]) or (EVERYTHING in found and not may_see_less):
        return EVERYTHING
    return NOT_KNOWN if math.isnan(reads[0]) or NOT_KNOWN in found else None


def _is_straight(op: Op, sources: list[Op], axis: int) -> bool:
    window = op.window
    if type(window) not in (Window, Padding):
        return False
    spread = window == POINT and any(s.side(axis) == 1 < op.side(axis) for s in sources)
    return not spread
