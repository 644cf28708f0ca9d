"""What views and permutations do to the order of numbers, in words.

A view or a permutation computes nothing, but a few of them in a row may shuffle
channels, or make channels of positions. Each dimension is followed in the parts that it
has of the tensor with which the row of views began.
"""

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

from edulib.anatomy.op_types import VIEWS, keeps_places
from edulib.anatomy.parts import Dims, joined, owners, unmoved, viewed
from edulib.anatomy.place import same_side

if TYPE_CHECKING:
    from edulib.anatomy.recorder import Draft

SWAPPED = "channels and positions swapped"
_MIXED = "channels and positions mixed"
ORDER = "positions in another order"
_GRID = "positions in another grid"
_TO_DEPTH = "space to depth"
_TO_SPACE = "depth to space"
_BATCH = 0
_CUTS = ("view", "reshape")


@dataclass(frozen=True)
class _Layout:
    """Where numbers of a tensor came from.

    Attributes:
        shape: of the tensor with which the row of views began.
        axes: its dimensions that are height and width, from the end.
        dims: for each dimension of this tensor, its parts.
        order: what is different from the beginning, in words; "" for nothing.
        known: the parts of its dimensions, sorted, when it was a map for the last time.
        told: what cannot be followed any further, in words.
    """

    shape: tuple[int, ...]
    axes: tuple[int, ...]
    dims: Dims
    order: str
    known: Dims
    told: str = ""

    @property
    def sides(self) -> Dims:
        """The parts of a dimension that is one of the axes, whole."""
        whole = unmoved(self.shape)
        return [whole[axis] for axis in self.axes]

    @property
    def channels(self) -> int:
        """The dimension at the beginning that is neither batch nor an axis."""
        taken = {_BATCH, *(axis + len(self.shape) for axis in self.axes)}
        (dim,) = set(range(len(self.shape))) - taken
        return dim


class Reordering:
    """Tells which views of a recorded run put numbers in another order."""

    def __init__(self) -> None:
        self._known: dict[Draft, _Layout | None] = {}

    def words(self, draft: "Draft") -> str:
        """Say how a view changes the order of numbers: "channel shuffle", or ""."""
        if draft.told:
            return draft.told
        layout = self._layout(draft)
        before = self._before(draft)
        if layout is None or before is None:
            return ""
        if layout.told:
            return layout.told
        is_same = layout.order == before.order and layout.known == before.known
        return "" if is_same else layout.order or before.order  # again: back

    def contradiction(self, draft: "Draft") -> str:
        """Say what is in the dimensions of a view that are taken for its axes.

        Returns:
            "" where they hold the axes of the map with which the views began, in any
            order, or blocks of it, or where that is not known.
        """
        before, axes = self._before(draft), draft.step.place.axes
        if before is None or axes is None or len(axes) != len(before.axes):
            return ""
        dims = _through(before, draft)
        if dims is None:
            return _unfit(before, draft)
        found = [joined(dims[axis]) for axis in axes]
        order = _order(before, dims)
        if sorted(found) == sorted(before.sides) or order in (_TO_DEPTH, _TO_SPACE):
            return ""
        return _MIXED if order == _MIXED else _mixture(before, found)

    def _before(self, draft: "Draft") -> _Layout | None:
        is_alone = len(draft.inputs) == 1
        is_view = draft.name in VIEWS or (
            is_alone and draft.step.place.axes is None and _stays(draft)
        )
        return self._layout(draft.inputs[0]) if is_view and is_alone else None

    def _layout(self, draft: "Draft") -> _Layout | None:
        if draft not in self._known:
            self._known[draft] = self._follow(draft)
        return self._known[draft]

    def _follow(self, draft: "Draft") -> _Layout | None:
        before, shape = self._before(draft), tuple(draft.output.shape)
        axes, told = draft.step.place.axes, ""
        if before is not None and not draft.told:
            dims = _through(before, draft)
            if dims is not None:
                order, known = _order(before, dims), sorted(dims)
                if order is None:
                    order, known = before.order, before.known
                return _Layout(before.shape, before.axes, dims, order, known)
            if draft.name in _CUTS and len(shape) == len(before.shape):
                axes, told = before.axes, _unfit(before, draft)
        if axes is None or len(shape) != len(axes) + 2:
            return None
        dims = unmoved(shape)
        begin = _Layout(shape, axes, dims, "", sorted(dims), told)
        if list(axes) == sorted(axes):
            return begin
        return replace(begin, order=self._order_so_far(draft, begin))

    def _order_so_far(self, draft: "Draft", begin: _Layout) -> str:
        """Say how axes lie that are not in their usual order when views begin."""
        order = _order(begin, begin.dims)
        if order is None:  # channels lie between them: as it was
            last = self._layout(draft.inputs[0]) if draft.inputs else None
            order = last.order if last else ""
        return order


def _stays(draft: "Draft") -> bool:
    """Whether an op gives a number for each that it reads, at its place."""
    is_alike = draft.output.shape == draft.inputs[0].output.shape
    return is_alike and keeps_places(draft.name)


def _through(before: _Layout, draft: "Draft") -> Dims | None:
    return viewed(before.dims, draft.name, draft.inputs[0].output, draft.output)


def _unfit(before: _Layout, draft: "Draft") -> str:
    """Say what a view does whose sides do not fit into those before."""
    channels = unmoved(before.shape)[before.channels]
    sides = tuple(draft.inputs[0].output.shape)
    whole = [k for k, dim in enumerate(before.dims) if joined(dim) == channels]
    stays = [
        same_side(sides[k], prod(sides[:k]), tuple(draft.output.shape)) for k in whole
    ]
    return ORDER if stays and None not in stays else _MIXED


def _mixture(before: _Layout, found: Dims) -> str:
    """Name what is in the place of the axes, by the parts that each of them holds."""
    axes = {axis + len(before.shape) for axis in before.axes}
    held = [owners(part, before.shape) for parts in found for part in parts]
    if any(_BATCH in owner for owner in held):
        return ""
    if all(owner <= axes for owner in held):
        is_row = len(joined([part for parts in found for part in parts])) == 1
        return _GRID if is_row else ORDER
    whole = unmoved(before.shape)
    return SWAPPED if all(parts in whole for parts in found) else _MIXED


def _order(begin: _Layout, dims: Dims) -> str | None:
    """Say what differs from the beginning; None if this is no map any more."""
    if len(dims) != len(begin.shape):
        return None
    held = [[owners(part, begin.shape) for part in dim] for dim in dims]
    sets = [set().union(*owner) for owner in held]
    if sets[0] - {_BATCH} or any(_BATCH in owner for owner in sets[1:]):
        return None
    axes = [axis + len(dims) for axis in begin.axes]
    mixed = [owner for owner in sets if len(owner) > 1]
    if mixed and all(owner <= set(axes) for owner in mixed):
        return None  # rows of positions, or windows
    found = [next(iter(owner)) for owner in sets if owner]
    if len(found) > 1 and set().union(*sets).isdisjoint(axes):
        return None  # channels alone, in groups: there is but one position
    if mixed or len(set(found)) < len(found):
        return _exchange(begin, dims, held)
    return _permutation(dims, sets, axes)


def _permutation(dims: Dims, sets: list[set[int]], axes: list[int]) -> str | None:
    """Say what dimensions that stay whole do; None where channels lie between axes."""
    strides = [[stride for _, stride in dim] for dim in dims]
    moved = [
        owner
        for owner, steps in zip(sets, strides, strict=True)
        if steps != sorted(steps, reverse=True)
    ]
    told = ["channel shuffle"] * any(not owner & set(axes) for owner in moved)
    told += [ORDER] * any(o & set(axes) for o in moved)
    at = [k for k, owner in enumerate(sets) if owner & set(axes)]
    if at and at[-1] - at[0] >= len(at):
        return None
    now = [axes.index(next(iter(sets[k]))) for k in at]  # 0 is the first of the axes
    if now != sorted(now):
        is_map = now[:-2] == list(range(len(now) - 2))
        told.append("height and width swapped" if is_map else "axes swapped")
    return ", ".join(told)


def _exchange(begin: _Layout, dims: Dims, held: list[list[set[int]]]) -> str:
    """Name what makes channels of positions, positions of channels, or both.

    In a block of positions that becomes channels, or comes out of them, neighbours
    stay neighbours: the outer part of each side is that of the smaller map.
    """
    sets = [set().union(*owner) for owner in held]
    positions = {axis + len(dims) for axis in begin.axes}
    strides = {
        axis: [
            dim[0][1] for dim, owner in zip(dims, sets, strict=True) if owner == {axis}
        ]
        for axis in positions
    }
    mixed = [k for k, owner in enumerate(sets) if len(owner) > 1]
    if len(mixed) == 1:
        parts = zip(dims[mixed[0]], held[mixed[0]], strict=True)
        inner = [(next(iter(o)), s) for (_, s), o in parts if o <= positions and o]
        if inner and all(strides[a] and s < strides[a][0] for a, s in inner):
            return _TO_DEPTH
    ordered = all(
        held[k][-1] == {begin.channels}
        and len(held[k]) == 2
        and held[k][0] <= positions
        for k in mixed
    )
    if mixed and ordered:
        return _TO_SPACE
    return _MIXED
