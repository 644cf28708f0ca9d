"""The pixels that one position of a layer sees, each for itself.

The walk from the position back to the image carries, for each operation, a map of the
positions that are wanted of its output: what dilated kernels skip stays out, and a path
that reads the padding alone ends there.
"""

import torch
from torch import Tensor

from edulib.anatomy.graph import Graph, Op
from edulib.anatomy.op_types import OpType
from edulib.anatomy.window import POINT, UNKNOWN, InputWindow, covers

_AXES = (-2, -1)
_NO_SIDES = (1, 1)  # of a vector: all of it is in one place


def seen_pixels(graph: Graph, index: int, position: tuple[int, int]) -> Tensor | None:
    """Return which pixels can change the output of an op at a position.

    Args:
        graph: the traced network, of one image.
        index: of the op.
        position: along the height and the width of the image, in the op's output.

    Returns:
        (H, W), true where a pixel is seen; None where the axes cannot be followed on
        some way to the image.
    """
    start = torch.zeros(_sides(graph.ops[index]), dtype=torch.bool)
    start[position] = True
    wanted: dict[int, Tensor | None] = {index: start}
    seen = torch.zeros(_NO_SIDES, dtype=torch.bool)
    for op in reversed(graph.ops[: index + 1]):
        if op.index not in wanted:
            continue
        outputs = wanted.pop(op.index)
        if op.op_type is OpType.INPUT and op.place.grid is not None:
            if outputs is None:
                return None
            seen = seen | outputs
        for source in op.sources:
            read = None if outputs is None else _read(op, graph.ops[source], outputs)
            if read is None or source not in wanted:
                wanted[source] = read
            elif wanted[source] is not None:
                wanted[source] = wanted[source] | read
    return seen


def _sides(op: Op) -> tuple[int, ...]:
    return op.place.grid or _NO_SIDES


def _read(op: Op, source: Op, outputs: Tensor) -> Tensor | None:
    """Return which positions of a source are read; None if that is not known."""
    sides, window = _sides(source), op.window
    if window == UNKNOWN or len(sides) != len(_AXES) or outputs.ndim != len(_AXES):
        return None
    if source.place.grid is None:
        return outputs.any().reshape(_NO_SIDES)
    if window == POINT:
        return _met(outputs, sides)
    if not all(covers(window, axis) for axis in _AXES):
        return None
    rows, columns = (outputs.any(dim).nonzero().flatten() for dim in (1, 0))
    down = _links(window, rows, -2, sides[0])
    across = _links(window, columns, -1, sides[1])
    asked = outputs[rows][:, columns].float()
    return down.T @ asked @ across > 0


def _met(outputs: Tensor, sides: tuple[int, ...]) -> Tensor | None:
    """Return the positions of a source that is read point by point, or stretched."""
    for dim, side in enumerate(sides):
        if side == 1:
            outputs = outputs.any(dim, keepdim=True)
        elif side != outputs.shape[dim]:
            return None
    return outputs


def _links(window: InputWindow, outputs: Tensor, axis: int, side: int) -> Tensor:
    """Return 1 where an output position, of a row, reads an input, of a column."""
    links = torch.zeros(len(outputs), side)
    for row, at in enumerate(outputs.tolist()):
        taps = window.taps(at, axis, side)
        links[row, [tap for tap in taps if 0 <= tap < side]] = 1
    return links
