"""Positions that were laid in one vector, or beside a class token, and are back."""

from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING

from edulib.anatomy.dimensions import ALONG
from edulib.anatomy.op_types import CONCATS, VIEWS, keeps_places
from edulib.anatomy.place import reshaped
from edulib.anatomy.propagation import Step
from edulib.anatomy.rejoined import shown_lines
from edulib.anatomy.window import POINT, UNKNOWN, WHOLE

if TYPE_CHECKING:
    from edulib.anatomy.recorder import Draft

_VECTOR = 2  # dimensions of a batch of vectors


def restore(draft: "Draft") -> None:
    """Note which map a view or a cut shows, and whether as it was, if it does.

    A vector of all numbers of a map sees the whole image, and so does a class token
    that is a mean; what only works on each number, or each token, changes nothing of
    the others.
    """
    at, shape = draft.step.place, tuple(draft.output.shape)
    is_map = draft.name in VIEWS and len(shape) > _VECTOR and prod(shape) > max(shape)
    is_alone = len(draft.inputs) == 1 and not draft.inputs[0].step.place.dims
    if not is_alone or not (is_map or at.dims):
        return
    shown = {_shown(draft, begin) for begin in _begins(draft.inputs[0])}
    if len(shown) != 1 or None in shown:
        return
    (draft.shows,) = shown
    place = reshaped(tuple(draft.shows.output.shape), shape, draft.shows.step.place)
    draft.step = Step(None, POINT if place else UNKNOWN, place or at)


def _shown(draft: "Draft", begin: "Draft") -> "Draft | None":
    """Return the map that was laid in a vector, or the tokens that a cut takes."""
    if begin.name not in CONCATS:
        return begin.inputs[0]
    return _cut(draft, begin) if draft.step.place.dims else None


def _begins(draft: "Draft") -> set["Draft"]:
    """Find where positions were lost; nothing if anything else was done on the way."""
    found, seen, todo = set(), set(), [draft]
    while todo:
        part = todo.pop()
        if part in seen or part.is_constant:
            continue
        seen.add(part)
        if any(source.step.place.dims for source in part.inputs):
            is_flat = part.name in VIEWS and part.step.window == WHOLE
            if not (is_flat or part.name in CONCATS):
                return set()
            found.add(part)
            continue
        if not part.inputs or not _is_by_itself(part):
            return set()
        todo += part.inputs
    return found


def _is_by_itself(draft: "Draft") -> bool:
    """Whether an op gives something for each number, or token, that it reads."""
    sides = {tuple(d.output.shape[:-1]) for d in draft.inputs if not d.is_constant}
    if sides != {tuple(draft.output.shape[:-1])}:
        return False
    is_layer = draft.name == "linear" and draft.output.ndim > _VECTOR
    return is_layer or (keeps_places(draft.name) and draft.name not in ALONG)


def _cut(draft: "Draft", joined: "Draft") -> "Draft | None":
    """Return the part of a concatenation that a slice of what came of it takes."""
    (dim, *_), parts = draft.step.place.dims, joined.given
    if None in parts or any(part.output.ndim < -dim for part in parts):
        return None
    shown = shown_lines(draft.output, draft.inputs[0].output, dim)
    sides = [part.output.shape[dim] for part in parts]
    ends = accumulate(sides)
    rows = [range(end - side, end) for end, side in zip(ends, sides, strict=True)]
    is_all = sum(sides) == joined.output.shape[dim]
    return parts[rows.index(shown)] if is_all and shown in rows else None
