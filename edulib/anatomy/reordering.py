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


@dataclass(frozen=True)
class _Layout:
    """Where numbers of a tensor came from.

    Attributes:
        shape: of the tensor with which the row of views began.
        axes: its dimensions that are height and width, from the end.
        dims: for each dimension of this tensor, its parts.
        order: what is different from the beginning, in words; "" for nothing.
    """

    shape: tuple[int, ...]
    axes: tuple[int, ...]
    dims: Dims
    order: str = ""


class Reordering:
    """Tells which views of a recorded run put numbers in another order."""

    def __init__(self) -> None:
        self._known: dict[Draft, _Layout | None] = {}

    def words(self, draft: Draft) -> str:
        """Say how a view changes the order of numbers: "channel shuffle", or ""."""
        layout = self._layout(draft)
        before = self._before(draft)
        if layout is None or before is None or layout.order == before.order:
            return ""
        return layout.order or before.order  # the same again: back

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
                order = _order(before, dims)
                order = before.order if order is None else order
                return _Layout(before.shape, before.axes, dims, order)
        axes = draft.step.place.axes
        if axes is None or len(shape) != len(axes) + 2:
            return None
        return _Layout(shape, axes, [[part] for part in _plain(shape)])


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
    if mixed:
        return _exchange(sets, axes)
    found = [next(iter(owner)) for owner in sets if owner]
    if len(set(found)) < len(found):
        return _exchange(sets, axes)
    strides = [[stride for _, stride in dim] for dim in dims]
    moved = [s for s, steps in zip(sets, strides, strict=True) if not _falls(steps)]
    if moved:
        is_position = any(owner & set(axes) for owner in moved)
        return "positions in another order" if is_position else "channel shuffle"
    now = [owner for owner in found if owner in axes]
    if now == sorted(now):
        return ""
    is_map = now[:-2] == sorted(axes)[:-2]
    return "height and width swapped" if is_map else "axes swapped"


def _owners(part: Part, plain: list[Part]) -> set[int]:
    """Return the dimensions at the beginning in which a part lies."""
    size, stride = part
    return {
        dim
        for dim, (side, step) in enumerate(plain)
        if side > 1 and step < size * stride and stride < side * step
    }


def _falls(steps: list[int]) -> bool:
    return steps == sorted(steps, reverse=True)


def _exchange(sets: list[set[int]], axes: list[int]) -> str:
    """Name what makes channels of positions, positions of channels, or both."""
    positions = set(axes)
    (channels,) = set(range(1, len(sets))) - positions
    mixed = [owner for owner in sets if len(owner) > 1]
    shared = positions & set().union(*mixed)
    if len(mixed) == 1 and any({axis} in sets for axis in shared):
        return "space to depth"
    if mixed and all(channels in o and len(o & positions) == 1 for o in mixed):
        return "depth to space"
    return "channels and positions mixed"
