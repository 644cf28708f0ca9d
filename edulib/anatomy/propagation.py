"""Where height and width go in an operation, and what an output position reads."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from edulib.anatomy.kernels import (
    read_kernel,
    read_settings,
    read_window,
    spatial_rank,
)
from edulib.anatomy.op_types import ATTENTIONS, PERMUTES, REDUCTIONS, is_known
from edulib.anatomy.window import (
    POINT,
    UNKNOWN,
    WHOLE,
    Along,
    Constant,
    InputWindow,
    Interpolation,
    Kernel,
    Mirror,
    Padding,
    Window,
)

Dims = tuple[int, ...]
_MODE = 2  # place of the mode of padding among its arguments

_RESHAPES = {"flatten", "unflatten", "view", "reshape", "squeeze", "unsqueeze"}
_PRODUCTS = {"matmul", "bmm", "baddbmm", "einsum", "grid_sample"}
_ALONG = {"softmax", "log_softmax", "cumsum", "cumprod", "sort", "argsort"}
_SELECTS = {"index_select", "gather"}
_FLIPS = {"flip": None, "fliplr": (-1,), "flipud": (-2,)}
_TURNS = {"roll", "rot90", *_FLIPS}
_SHUFFLES = {"pixel_shuffle", "pixel_unshuffle"}


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


@dataclass(frozen=True)
class Step:
    """What an operation does with positions: its kernel, its window, its result."""

    kernel: Kernel | None
    window: InputWindow
    place: Place


def image_place(shape: Dims) -> Place:
    """Return the place of an image (C, H, W), or a video, of this shape."""
    if len(shape) < 3:
        return Place()
    return spatial_place(len(shape) - 1, shape)


def spatial_place(rank: int, shape: Dims) -> Place:
    """Return the place of an image whose last `rank` dimensions are its axes."""
    grid = tuple(shape[-rank:])
    return Place(tuple(range(-rank, 0)), None, grid, grid)


def propagate(
    name: str, function: Callable, call: tuple[tuple, dict], source: Tensor, at: Place
) -> Callable[[Tensor], Step]:
    """Return a function of the output that tells what the operation does.

    Args:
        name: plain name of the function.
        function: the function itself.
        call: its arguments, positional and by name.
        source: the activation that it reads (the largest, if there are several).
        at: where the positions are in `source`.
    """
    args, kwargs = call
    shape = tuple(source.shape)
    rank = spatial_rank(name, len(shape))

    def result(output: Tensor) -> Step:
        after = tuple(output.shape)
        if rank is not None:
            return _slide(
                name, read_settings(name, args, kwargs), rank, (shape, after), at
            )
        window, place = _move(name, function, call, shape, after, at)
        if not place.dims:
            place = _find_again(place.seen or at.seen, after)
            if place.dims:
                window = UNKNOWN
        return Step(None, window, place)

    return result


def _slide(
    name: str, settings: dict, rank: int, shapes: tuple[Dims, Dims], at: Place
) -> Step:
    """Follow convolution, pooling and interpolation."""
    before, after = shapes
    kernel = read_kernel(name, settings)
    if len(after) != rank + 2:
        return Step(kernel, UNKNOWN, Place(seen=at.seen))
    place = spatial_place(rank, after)
    if at.axes is None or sorted(at.axes) != list(place.axes):
        return Step(kernel, UNKNOWN, place)
    window = read_window(name, settings, before[-rank:], after[-rank:])
    return Step(kernel, _ordered(window, at.axes), _resized(after, at))


def _move(
    name: str,
    function: Callable,
    call: tuple[tuple, dict],
    before: Dims,
    after: Dims,
    at: Place,
) -> tuple[InputWindow, Place]:
    """Follow what has no kernel."""
    args, kwargs = call
    if name in PERMUTES:
        return POINT, _permuted(function, args, kwargs, len(before), at)
    if name in _RESHAPES and at.dims:
        place = _reshaped(before, after, at)
        if place is not None:
            return POINT, place
    if at.axes is not None and len(after) == len(before) and name in _CROPS:
        return _CROPS[name](args, kwargs, len(before), at.axes), _resized(after, at)
    if name in _FLIPS and at.axes is not None:
        turned = _FLIPS[name] or _dims_of(args, kwargs, len(before))
        sides = (before[axis] if axis in turned else 0 for axis in at.axes)
        return Mirror(tuple(sides)), at
    if name in _SHUFFLES and at.axes == (-2, -1):
        return _shuffled(before, after), spatial_place(2, after)
    dims = _named_dims(name, args, kwargs, len(before)) & set(at.dims)
    over = _over(name, dims, (before, after), at) if dims else None
    return over or _generic(name, before, after, at)


def _over(
    name: str, dims: set[int], shapes: tuple[Dims, Dims], at: Place
) -> tuple[InputWindow, Place] | None:
    """Follow what works along dimensions that a call names; None where all alike."""
    before, after = shapes
    if name in _SELECTS:
        return UNKNOWN, _kept(before, after, at)
    if name not in _ALONG | REDUCTIONS:
        return None
    if at.axes is None:
        return (WHOLE, _kept(before, after, at)) if name in _ALONG else None
    if len(after) == len(before):
        return Along(tuple(axis in dims for axis in at.axes)), _resized(after, at)
    return None if dims == set(at.axes) else (UNKNOWN, Place(seen=at.seen))


def _permuted(
    function: Callable, args: tuple, kwargs: dict, ndim: int, at: Place
) -> Place:
    """Find where the dimensions went by moving those of a tensor of unequal sides."""
    if not at.dims:
        return Place(seen=at.seen)
    probe = torch.empty(tuple(range(2, ndim + 2)), device="meta")
    named = {key: value for key, value in kwargs.items() if key != "input"}
    moved = list(function(probe, *args[1:], **named).shape)
    dims = tuple(moved.index(ndim + 2 + dim) - ndim for dim in at.dims)
    if at.axes is None:
        return Place(None, dims[0], at.grid, at.seen)
    return Place(dims, None, at.grid, at.seen)


def _reshaped(before: Dims, after: Dims, at: Place) -> Place | None:
    """Follow positions that keep their place in memory, as axes or in one row."""
    if math.prod(before) != math.prod(after):
        return None
    dims = [dim + len(before) for dim in at.dims]
    found = [_same(before[dim], math.prod(before[:dim]), after) for dim in dims]
    if None not in found:
        kept = tuple(dim - len(after) for dim in found)
        tokens = None if at.axes else kept[0]
        return Place(kept if at.axes else None, tokens, at.grid, at.seen)
    first, grid = dims[0], at.grid
    if dims != list(range(first, first + len(dims))):
        return None
    start = math.prod(before[:first])
    if at.axes is not None:
        token = _same(math.prod(grid), start, after)
        return None if token is None else Place(None, token - len(after), grid, at.seen)
    for dim in range(len(after) - len(grid) + 1):
        if after[dim : dim + len(grid)] == grid and math.prod(after[:dim]) == start:
            return _spread(dim, grid, after)
    return None


def _same(side: int, start: int, shape: Dims) -> int | None:
    """Find the dimension of a size that has as many rows before it."""
    for dim, length in enumerate(shape):
        if length == side and math.prod(shape[:dim]) == start:
            return dim
    return None


def _spread(dim: int, grid: Dims, shape: Dims) -> Place:
    axes = tuple(range(dim - len(shape), dim - len(shape) + len(grid)))
    return Place(axes, None, grid, grid)


def _find_again(seen: Dims | None, shape: Dims) -> Place:
    """Find positions that were lost: sides, or a row of tokens, of the known grid."""
    if seen is None or len(shape) < 3:
        return Place(seen=seen)
    starts = range(1, len(shape) - len(seen) + 1)
    places = [dim for dim in starts if shape[dim : dim + len(seen)] == seen]
    if len(places) == 1 and math.prod(seen) > 1 and len(shape) > len(seen) + 1:
        return _spread(places[0], seen, shape)
    rows = [dim for dim in range(1, len(shape)) if shape[dim] == math.prod(seen)]
    if len(rows) == 1 and len(shape) == 3:
        return Place(None, rows[0] - len(shape), seen, seen)
    return Place(seen=seen)


def _resized(after: Dims, at: Place) -> Place:
    """Keep the axes, with the sides that they have now."""
    grid = tuple(after[axis] for axis in at.axes)
    return Place(at.axes, None, grid, grid)


def _padded(args: tuple, kwargs: dict, ndim: int, axes: Dims) -> InputWindow:
    """Follow padding: a position reads the one that many places before."""
    amounts = list(kwargs.get("pad", args[1] if len(args) > 1 else ()))
    before = {-1 - k: amount for k, amount in enumerate(amounts[::2])}
    ones = (1,) * len(axes)
    sides = ones, ones, tuple(before.get(axis, 0) for axis in axes), ones
    mode = kwargs.get("mode", args[2] if len(args) > _MODE else "constant")
    return Window(*sides) if mode == "constant" else Padding(*sides, mode)


def _sliced(args: tuple, _: dict, ndim: int, axes: Dims) -> InputWindow:
    """Follow a crop or a stride, as in `x[:, :, ::2, ::2]`."""
    index = args[1]
    parts = list(index) if isinstance(index, tuple) else [index]
    if Ellipsis in [part for part in parts if not isinstance(part, Tensor)]:
        at = next(i for i, part in enumerate(parts) if part is Ellipsis)
        parts[at : at + 1] = [slice(None)] * (ndim - len(parts) + 1)
    parts += [slice(None)] * (ndim - len(parts))
    chosen = [parts[axis] for axis in axes]
    if not all(isinstance(part, slice) for part in chosen):
        return UNKNOWN
    starts = tuple(-(part.start or 0) for part in chosen)
    if any(start > 0 for start in starts):
        return UNKNOWN
    ones = (1,) * len(axes)
    return Window(ones, tuple(part.step or 1 for part in chosen), starts, ones)


_CROPS = {"pad": _padded, "getitem": _sliced}


def _ordered(window: InputWindow, axes: Dims) -> InputWindow:
    """Put what a window says of each dimension in the order of the image's axes."""
    if isinstance(window, Constant) or list(axes) == sorted(axes):
        return window
    sides = {key: value for key, value in vars(window).items() if type(value) is tuple}
    own = {key: tuple(side[axis] for axis in axes) for key, side in sides.items()}
    return replace(window, **own)


def _shuffled(before: Dims, after: Dims) -> InputWindow:
    """Follow channels that become positions, or positions that become channels."""
    if after[-1] >= before[-1]:
        return Interpolation((before[-2] / after[-2], before[-1] / after[-1]), 1)
    sides = before[-2] // after[-2], before[-1] // after[-1]
    return Window(sides, sides, (0, 0), (1, 1))


def _dims_of(args: tuple, kwargs: dict, ndim: int) -> set[int]:
    """Return the dimensions that a call names, counted from the end."""
    named = [kwargs[key] for key in ("dim", "dims") if key in kwargs]
    found = named or [value for value in args[1:2] if not isinstance(value, Tensor)]
    dims = found[0] if found and isinstance(found[0], (tuple, list)) else found
    whole = [dim for dim in dims if isinstance(dim, int)] or [-1]
    return {dim if dim < 0 else dim - ndim for dim in whole}


def _named_dims(name: str, args: tuple, kwargs: dict, ndim: int) -> set[int]:
    """Return the dimensions that a call works along; none if it says nothing of them.

    A reduction that names none is one over all.
    """
    is_named = "dim" in kwargs or isinstance((*args, None)[1], (int, tuple, list))
    known = is_named or name not in REDUCTIONS
    return _dims_of(args, kwargs, ndim) if known else set()


def _generic(
    name: str, before: Dims, after: Dims, at: Place
) -> tuple[InputWindow, Place]:
    """Follow what has no window: point by point, over everything, or lost."""
    kept = _kept(before, after, at)
    if name in ATTENTIONS:
        return WHOLE, kept
    if not at.dims:
        return POINT, kept
    if name in _PRODUCTS or name in _TURNS:
        return UNKNOWN, kept
    if name == "linear" and -1 in at.dims:
        is_all = len(at.dims) == 1  # not the rows of a map, each by itself
        return WHOLE if is_all else UNKNOWN, Place(seen=at.seen)
    if kept.dims and is_known(name):
        return POINT, kept
    is_vector = math.prod(after) == max(after, default=1)
    if name in REDUCTIONS or (name in _RESHAPES and is_vector):
        if at.axes is not None and len(after) == len(before):
            return WHOLE, _resized(after, at)
        return WHOLE, kept
    return UNKNOWN, kept


def _kept(before: Dims, after: Dims, at: Place) -> Place:
    """Keep the place if the output still has its dimensions where they were."""
    lost = Place(seen=at.seen)
    if not at.dims or len(after) < -min(at.dims):
        return lost
    is_last = at.axes is not None and at.axes == tuple(range(-len(at.axes), 0))
    if len(after) != len(before) and not is_last:
        return lost
    same = all(before[dim] == after[dim] for dim in at.dims)
    return at if same else lost
