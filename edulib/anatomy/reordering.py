"""What views and permutations do to the order of numbers, in words.

A view or a permutation computes nothing, but a few of them in a row may shuffle
channels, or make channels of positions. Each dimension is followed as a list of parts,
with their sizes and their strides in the tensor with which the row of views began.
"""

from dataclasses import dataclass
from math import prod

from torch import Tensor

from edulib.anatomy.op_types import PERMUTES, VIEWS
from edulib.anatomy.recorder import Draft

Part = tuple[int, int]  # size, and stride in the tensor at the beginning
Dims = list[list[Part]]

_BATCH = 0
_CUTS = ("view", "reshape")
_MIXED = "channels and positions mixed"


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


class Reordering:
    """Tells which views of a recorded run put numbers in another order."""

    def __init__(self) -> None:
        self._known: dict[Draft, _Layout | None] = {}

    def words(self, draft: Draft) -> str:
        """Say how a view changes the order of numbers: "channel shuffle", or ""."""
        layout = self._layout(draft)
        before = self._before(draft)
        if layout is None or before is None:
            return ""
        if layout.told:
            return layout.told
        is_same = layout.order == before.order and layout.known == before.known
        return "" if is_same else layout.order or before.order  # again: back

    def _before(self, draft: Draft) -> _Layout | None:
        is_view = draft.name in VIEWS and len(draft.inputs) == 1
        return self._layout(draft.inputs[0]) if is_view else None

    def _layout(self, draft: Draft) -> _Layout | None:
        if draft not in self._known:
            self._known[draft] = self._follow(draft)
        return self._known[draft]

    def _follow(self, draft: Draft) -> _Layout | None:
        before, shape = self._before(draft), tuple(draft.output.shape)
        if before is not None:
            dims = _viewed(before.dims, draft.inputs[0].output, draft)
            if dims is not None:
                order, known = _order(before, dims), sorted(dims)
                if order is None:
                    order, known = before.order, before.known
                return _Layout(before.shape, before.axes, dims, order, known)
        axes, told = draft.step.place.axes, ""
        if (
            before is not None
            and draft.name in _CUTS
            and len(shape) == len(before.shape)
        ):
            axes, told = before.axes, _MIXED  # sides do not fit into each other
        if axes is None or len(shape) != len(axes) + 2:
            return None
        dims = [[part] if part[0] > 1 else [] for part in _plain(shape)]
        return _Layout(shape, axes, dims, "", sorted(dims), told)


def _plain(shape: tuple[int, ...]) -> list[Part]:
    return [(side, prod(shape[dim + 1 :])) for dim, side in enumerate(shape)]


def _viewed(dims: Dims, source: Tensor, draft: Draft) -> Dims | None:
    """Follow the parts of each dimension through a view; None if that cannot be."""
    if draft.name in PERMUTES:
        return _permuted(dims, source, draft.output)
    return _cut([part for dim in dims for part in dim], tuple(draft.output.shape))


def _permuted(dims: Dims, source: Tensor, output: Tensor) -> Dims | None:
    """Find where dimensions went: each keeps its size and its stride in memory."""
    left = list(zip(source.shape, source.stride(), dims, strict=True))
    found: Dims = []
    for side, stride in zip(output.shape, output.stride(), strict=True):
        at = next((k for k, d in enumerate(left) if d[:2] == (side, stride)), None)
        if at is None:
            return None
        found.append(left.pop(at)[2])
    return found


def _cut(parts: list[Part], shape: tuple[int, ...]) -> Dims | None:
    """Deal parts out, in order, to the dimensions of another shape."""
    parts = _joined(parts)
    dims: Dims = []
    for side in reversed(shape):
        dim: list[Part] = []
        while side > 1:
            if not parts:
                return None
            size, stride = parts.pop()
            inner = min(side, size)
            if size % inner or side % inner:
                return None
            if size > inner:
                parts.append((size // inner, stride * inner))
            dim.insert(0, (inner, stride))
            side //= inner
        dims.insert(0, dim)
    return None if parts else dims


def _joined(parts: list[Part]) -> list[Part]:
    """Join parts that lie in one row in the tensor at the beginning."""
    joined: list[Part] = []
    for size, stride in parts:
        if size == 1:
            continue
        if joined and joined[-1][1] == size * stride:
            size *= joined.pop()[0]
        joined.append((size, stride))
    return joined


def _order(begin: _Layout, dims: Dims) -> str | None:
    """Say what differs from the beginning; None if this is no map any more."""
    if len(dims) != len(begin.shape):
        return None
    plain = _plain(begin.shape)
    owners = [[_owners(part, plain) for part in dim] for dim in dims]
    sets = [set().union(*owner) for owner in owners]
    if sets[0] - {_BATCH} or any(_BATCH in owner for owner in sets[1:]):
        return None
    axes = [axis + len(dims) for axis in begin.axes]
    mixed = [owner for owner in sets if len(owner) > 1]
    if mixed and all(owner <= set(axes) for owner in mixed):
        return None  # rows of positions, or windows
    found = [next(iter(owner)) for owner in sets if owner]
    if mixed or len(set(found)) < len(found):
        return _exchange(dims, owners, axes)
    return _permutation(dims, sets, axes)


def _owners(part: Part, plain: list[Part]) -> set[int]:
    """Return the dimensions at the beginning in which a part lies."""
    size, stride = part
    return {
        dim
        for dim, (side, step) in enumerate(plain)
        if side > 1 and step < size * stride and stride < side * step
    }


def _permutation(dims: Dims, sets: list[set[int]], axes: list[int]) -> str | None:
    """Say what dimensions that stay whole do; None where channels lie between axes."""
    strides = [[stride for _, stride in dim] for dim in dims]
    moved = [
        owner
        for owner, steps in zip(sets, strides, strict=True)
        if steps != sorted(steps, reverse=True)
    ]
    told = ["channel shuffle"] * any(not owner & set(axes) for owner in moved)
    told += ["positions in another order"] * any(o & set(axes) for o in moved)
    at = [k for k, owner in enumerate(sets) if owner & set(axes)]
    if at and at[-1] - at[0] >= len(at):
        return None
    now = [next(iter(sets[k])) for k in at]
    if now != sorted(now):
        is_map = now[:-2] == sorted(axes)[:-2]
        told.append("height and width swapped" if is_map else "axes swapped")
    return ", ".join(told)


def _exchange(dims: Dims, owners: list[list[set[int]]], axes: list[int]) -> str:
    """Name what makes channels of positions, positions of channels, or both.

    In a block of positions that becomes channels, or comes out of them, neighbours
    stay neighbours: the outer part of each side is that of the smaller map.
    """
    sets = [set().union(*owner) for owner in owners]
    positions = set(axes)
    (channels,) = set(range(1, len(sets))) - positions
    strides = {
        axis: [
            dim[0][1] for dim, owner in zip(dims, sets, strict=True) if owner == {axis}
        ]
        for axis in axes
    }
    mixed = [k for k, owner in enumerate(sets) if len(owner) > 1]
    if len(mixed) == 1:
        parts = zip(dims[mixed[0]], owners[mixed[0]], strict=True)
        inner = [(next(iter(o)), s) for (_, s), o in parts if o <= positions and o]
        if inner and all(strides[a] and s < strides[a][0] for a, s in inner):
            return "space to depth"
    ordered = all(
        owners[k][-1] == {channels}
        and len(owners[k]) == 2
        and owners[k][0] <= positions
        for k in mixed
    )
    if mixed and ordered:
        return "depth to space"
    return _MIXED
