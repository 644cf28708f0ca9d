"""Where the positions of an image are in a tensor, and where a new shape puts them."""

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass

Dims = tuple[int, ...]


@dataclass(frozen=True)
class Place:
    """Where the positions of an image are in a tensor.

    Attributes:
        axes: dimensions that are height and width (length; time, height and width),
            counted from the end; None where there are none.
        tokens: the dimension in which all positions lie in one row, if there is one.
        grid: sides of the image that the positions make.
        seen: the grid that was known last, when the positions cannot be followed.
    """

    axes: Dims | None = None
    tokens: int | None = None
    grid: Dims | None = None
    seen: Dims | None = None

    @property
    def dims(self) -> Dims:
        """The dimensions that hold positions."""
        if self.axes is not None:
            return self.axes
        return () if self.tokens is None else (self.tokens,)

    @property
    def along(self) -> tuple[int | None, ...] | None:
        """For each axis of the image the dimension that lies along it, if there is one.

        None where that is not known, as in a row of all positions of a map. In a row
        along one axis the others have none: they are one position wide.
        """
        if self.axes is not None or self.tokens is None:
            return self.axes
        if sum(side > 1 for side in self.grid) != 1:
            return None
        return tuple(self.tokens if side > 1 else None for side in self.grid)

    def spreads_over(self, other: "Place") -> bool:
        """Whether positions meet those of another, or stretch over them as 1 does."""
        if (self.axes, self.tokens) != (other.axes, other.tokens):
            return False
        sides = zip(self.grid, other.grid, strict=True)
        return all(own in (1, side) for own, side in sides)


def image_place(shape: Dims) -> Place:
    """Return the place of an image (C, H, W), or a video, of this shape."""
    if len(shape) < 3:
        return Place()
    return spatial_place(len(shape) - 1, shape)


def spatial_place(rank: int, shape: Dims) -> Place:
    """Return the place of an image whose last `rank` dimensions are its axes."""
    grid = tuple(shape[-rank:])
    return Place(tuple(range(-rank, 0)), None, grid, grid)


def place_along(
    along: tuple[int | None, ...], grid: Dims, seen: Dims | None
) -> Place | None:
    """Return the place of positions, some of whose axes may have left the tensor.

    Args:
        along: for each axis of the image its dimension, if it has one.
        grid: sides of the image that the positions make; 1 where there is none.
        seen: the grid that was known last.

    Returns:
        None where several axes are left, but not all.
    """
    dims = [dim for dim in along if dim is not None]
    if len(dims) == len(along):
        return Place(along, None, grid, grid)
    if not dims:
        return Place(seen=seen)
    return Place(None, dims[0], grid, grid) if len(dims) == 1 else None


def reshaped(before: Dims, after: Dims, at: Place) -> Place | None:
    """Follow positions that keep their place in memory, as axes or in one row."""
    if math.prod(before) != math.prod(after):
        return None
    dims = [dim + len(before) for dim in at.dims]
    spread = _spread_again(math.prod(before[: dims[0]]), after, at)
    if spread is not None and len(after) > max(len(before), len(at.grid) + 1):
        return spread
    found: list[int | None] = []
    for dim in dims:
        start = math.prod(before[:dim])
        found.append(same_side(before[dim], start, after, tuple(found)))
    if None not in found:
        dims_after = tuple(dim - len(after) for dim in found)
        tokens = None if at.axes else dims_after[0]
        return Place(dims_after if at.axes else None, tokens, at.grid, at.seen)
    first = dims[0]
    if at.axes is None or dims != list(range(first, first + len(dims))):
        return spread
    token = same_side(math.prod(at.grid), math.prod(before[:first]), after)
    return None if token is None else Place(None, token - len(after), at.grid, at.seen)


def _spread_again(start: int, shape: Dims, at: Place) -> Place | None:
    """Find the grid that a row makes again, or made all along if it is one wide."""
    if at.axes is not None:
        return None
    for dim in range(len(shape) - len(at.grid) + 1):
        is_grid = shape[dim : dim + len(at.grid)] == at.grid
        if is_grid and math.prod(shape[:dim]) == start:
            return _spread(dim, at.grid, shape)
    return None


def same_side(
    side: int, start: int, shape: Dims, taken: Sequence[int | None] = ()
) -> int | None:
    """Find the dimension of a view that is one of what it reads, as it was.

    Args:
        side: its size.
        start: numbers for which the dimensions before it count.
        shape: of the view.
        taken: dimensions that are others, as those of one number are all alike.
    """
    for dim, length in enumerate(shape):
        is_same = length == side and math.prod(shape[:dim]) == start
        if is_same and dim not in taken:
            return dim
    return None


def _spread(dim: int, grid: Dims, shape: Dims) -> Place:
    axes = tuple(range(dim - len(shape), dim - len(shape) + len(grid)))
    return Place(axes, None, grid, grid)


def unmoved(before: Dims, after: Dims) -> set[int]:
    """Return the dimensions of a new shape, from the end, that are as they were."""
    sides = {(before[dim], math.prod(before[dim:])) for dim in range(len(before))}
    return {
        dim - len(after)
        for dim in range(len(after))
        if (after[dim], math.prod(after[dim:])) in sides
    }


def find_again(seen: Dims | None, shape: Dims, old: Set[int] = frozenset()) -> Place:
    """Find positions that were lost: sides, or a row of tokens, of the known grid.

    Args:
        seen: the grid.
        shape: of the tensor in which they may be.
        old: dimensions of it, from the end, in which they were not before.
    """
    if seen is None or len(shape) < 3:
        return Place(seen=seen)
    starts = range(1, len(shape) - len(seen) + 1)
    places = [dim for dim in starts if shape[dim : dim + len(seen)] == seen]
    if len(places) == 1 and math.prod(seen) > 1 and len(shape) > len(seen) + 1:
        return _spread(places[0], seen, shape)
    new = [dim for dim in range(1, len(shape)) if dim - len(shape) not in old]
    rows = [dim for dim in new if shape[dim] == math.prod(seen)]
    if len(rows) == 1 and len(shape) == 3:
        return Place(None, rows[0] - len(shape), seen, seen)
    return Place(seen=seen)


def holds_all(shape: Dims, dim: int, at: Place) -> bool:
    """Whether all positions lie along one dimension, perhaps with class tokens.

    Args:
        shape: of the tensor.
        dim: the dimension, from the end.
        at: where the positions are in it; where that is lost, a dimension that is too
            short holds a part of them, such as a window.
    """
    if at.dims:
        return at.dims == (dim,)
    return at.seen is None or shape[dim] >= math.prod(at.seen)


def resized(after: Dims, at: Place) -> Place:
    """Keep the axes, with the sides that they have now."""
    grid = tuple(1 if dim is None else after[dim] for dim in at.along)
    return Place(at.axes, at.tokens, grid, grid)


def kept(before: Dims, after: Dims, at: Place) -> Place:
    """Keep the place if the output still has its dimensions where they were."""
    lost = Place(seen=at.seen)
    if not at.dims or len(after) < -min(at.dims):
        return lost
    is_last = at.axes is not None and at.axes == tuple(range(-len(at.axes), 0))
    if len(after) != len(before) and not is_last:
        return lost
    same = all(before[dim] == after[dim] for dim in at.dims)
    return at if same else lost
