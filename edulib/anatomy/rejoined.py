"""Parts of one tensor that are joined again: all its numbers, perhaps in another order.

A slice has the memory of the tensor that it is taken of, and begins somewhere in it:
where, says which rows, columns or channels it holds.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from torch import Tensor

from edulib.anatomy.memory import memory_of
from edulib.anatomy.moved import window_of
from edulib.anatomy.op_types import SLICES
from edulib.anatomy.place import Place
from edulib.anatomy.propagation import Step
from edulib.anatomy.reordering import ORDER
from edulib.anatomy.window import POINT, UNKNOWN

if TYPE_CHECKING:
    from edulib.anatomy.recorder import Draft

_SLICES = SLICES | {"iter"}


def find_whole(
    parts: Sequence[Tensor], makers: "Sequence[Draft]", dim: int
) -> "tuple[Draft, list[int]] | None":
    """Find the tensor of which some are all the parts along a dimension.

    Args:
        parts: what is joined, in order.
        makers: what made each of them.
        dim: along which they are joined.

    Returns:
        What made that tensor, and the places in it that the joined one shows, in
        order; None where the parts are not slices of one tensor, or not all of it.
    """
    rows = [_holders(maker) for maker in makers]
    whole = next((d for d in rows[0] if all(d in row for row in rows[1:])), None)
    if whole is None or not -whole.output.ndim <= dim < whole.output.ndim:
        return None
    lines = [shown_lines(part, whole.output, dim) for part in parts]
    if None in lines:
        return None
    shown = [place for line in lines for place in line]
    side = whole.output.shape[dim]
    return (whole, shown) if sorted(shown) == list(range(side)) else None


def _holders(draft: "Draft") -> "list[Draft]":
    """List what holds the memory of a slice: itself, and all that it is taken of."""
    memory, found = memory_of(draft.output), []
    while memory is not None and memory_of(draft.output) == memory:
        found += [] if draft.others else [draft]  # the first of several is not all
        if draft.name not in _SLICES or len(draft.inputs) != 1:
            break
        (draft,) = draft.inputs
    return found


def shown_lines(part: Tensor, whole: Tensor, dim: int) -> range | None:
    """Return which places along a dimension a slice shows; None if it is none."""
    if part.ndim != whole.ndim or not whole.stride(dim):
        return None
    dim %= whole.ndim
    sides = zip(part.shape, whole.shape, part.stride(), whole.stride(), strict=True)
    for k, (side, full, step, stride) in enumerate(sides):
        if k != dim and (side != full or (step != stride and side > 1)):
            return None
    first, rest = divmod(
        part.storage_offset() - whole.storage_offset(), whole.stride(dim)
    )
    step = part.stride(dim) // whole.stride(dim) if part.shape[dim] > 1 else 1
    found = range(first, first + step * part.shape[dim], step or 1)
    is_inside = all(0 <= place < whole.shape[dim] for place in found)
    return found if is_inside and not rest else None


def rejoin(whole: "Draft", shown: Sequence[int], dim: int) -> tuple[Step, str]:
    """Say what becomes of positions, and how numbers are in another order, in words.

    Args:
        whole: what made the tensor whose parts are joined.
        shown: the places along a dimension that are shown, in order.
        dim: the dimension.
    """
    at, ndim = whole.step.place, whole.output.ndim
    full = range(whole.output.shape[dim])
    dim = dim % ndim - ndim
    if list(shown) == list(full):
        return Step(None, POINT, at), ""
    if dim not in at.dims:
        is_channel = at.axes is not None and ndim == len(at.axes) + 2 and dim > -ndim
        noun = "channels" if is_channel else "numbers"
        return Step(None, POINT, at), f"{noun} in another order"
    words = _words(shown)
    if at.axes is None:
        return Step(None, UNKNOWN, Place(seen=at.seen)), words
    places = [
        tuple(shown if axis == dim else range(side))
        for axis, side in zip(at.axes, at.grid, strict=True)
    ]
    return Step(None, window_of(tuple(places), at.grid), at), words


def _words(shown: Sequence[int]) -> str:
    steps = {(after - before) % len(shown) for before, after in pairwise(shown)}
    if steps == {1}:
        return "roll"
    return "flip" if list(shown) == [*reversed(range(len(shown)))] else ORDER
