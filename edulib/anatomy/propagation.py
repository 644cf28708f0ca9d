"""What a position of an operation's output reads, and where height and width go."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from edulib.anatomy.dimensions import all_of, replaced, work_along
from edulib.anatomy.kernels import (
    read_kernel,
    read_settings,
    read_window,
    spatial_rank,
)
from edulib.anatomy.moved import MOVERS, follow, is_written_alike
from edulib.anatomy.op_types import ATTENTIONS, PERMUTES, REDUCTIONS, is_known
from edulib.anatomy.place import (
    Dims,
    Place,
    find_again,
    kept,
    place_along,
    reshaped,
    resized,
    spatial_place,
    unmoved,
)
from edulib.anatomy.window import (
    POINT,
    UNKNOWN,
    WHOLE,
    Constant,
    InputWindow,
    Interpolation,
    Kernel,
    Padding,
    Window,
)

# What a window says along an axis if each position reads itself; all else is 1.
_ITSELF = {"padding": 0, "offset": 0, "sides": 0, "places": (0,)}
_ITSELF |= {"inputs": 2, "outputs": 2}  # any number but 1, which would read all
_MODE = 2  # place of the mode of padding among its arguments

_RESHAPES = {"flatten", "unflatten", "view", "reshape", "squeeze", "unsqueeze"}
_PRODUCTS = set(
    "matmul bmm baddbmm addbmm mm addmm mv addmv einsum inner dot vdot tensordot "
    "bilinear cdist grid_sample".split()
)
# What makes other channels, or puts dimensions elsewhere: no positions come of it.
_LEAVES_LOST = PERMUTES | {"linear"}


@dataclass(frozen=True)
class Step:
    """What an operation does with positions: its kernel, its window, its result."""

    kernel: Kernel | None
    window: InputWindow
    place: Place


def propagate(
    name: str,
    function: Callable,
    call: tuple[tuple, dict],
    source: Tensor,
    at: Place,
    batch: int,
) -> Callable[[Tensor], Step]:
    """Return a function of the output that tells what the operation does.

    Args:
        name: plain name of the function.
        function: the function itself.
        call: its arguments, positional and by name.
        source: the activation that it reads (the largest, if there are several).
        at: where the positions are in `source`.
        batch: how many images were given.
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
        window, place = _move(name, function, call, (source, output), at)
        if not place.dims:
            place = Place(seen=place.seen or at.seen)
        if not place.dims and name not in _LEAVES_LOST and after[:1] == (batch,):
            old = unmoved(shape, after) - set(at.dims)
            place = find_again(place.seen, after, old)
            window = UNKNOWN if place.dims else window
        return Step(None, window, place)

    return result


def met(
    ask: Callable[[Tensor], Step], at: Place, others: list[Place]
) -> Callable[[Tensor], Step]:
    """Return the function, but of a window that is not known where inputs do not meet.

    Args:
        ask: what `propagate` returned.
        at: where the positions are in the activation that it was asked about.
        others: where they are in all that the operation reads.
    """
    if all(place.spreads_over(at) for place in others if place.dims):
        return ask

    def result(output: Tensor) -> Step:
        step = ask(output)
        return step if step.window == WHOLE else replace(step, window=UNKNOWN)

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
    if at.axes is not None and not set(place.axes) <= set(at.axes):
        return Step(kernel, UNKNOWN, Place(seen=at.seen))  # channels are among them
    others = set(place.axes) - set(at.dims)
    is_row = all(before[dim] == after[dim] == 1 for dim in others)
    if at.along is None or not set(at.dims) <= set(place.axes) or not is_row:
        return Step(kernel, UNKNOWN, place)
    window = read_window(name, settings, before[-rank:], after[-rank:])
    return Step(kernel, _ordered(window, at.along), resized(after, at))


def _move(
    name: str,
    function: Callable,
    call: tuple[tuple, dict],
    ends: tuple[Tensor, Tensor],
    at: Place,
) -> tuple[InputWindow, Place]:
    """Follow what has no kernel, from the first of two tensors to the second."""
    args, kwargs = call
    before, after = (tuple(end.shape) for end in ends)
    if at.along is not None and name in _MAPS:
        return _MAPS[name](call, (before, after), at), resized(after, at)
    if name in PERMUTES:
        return POINT, _permuted(function, call, ends[0], at)
    if name in _RESHAPES and at.dims:
        place = reshaped(before, after, at)
        if place is not None:
            return POINT, place
    if name in MOVERS and at.dims:
        return _moved(function, call, ends[0], at)
    if name == "stack" and at.dims:
        return POINT, _stacked(args, kwargs, len(after), at)
    if name == "setitem" and not is_written_alike(args[1], after, at.dims):
        return UNKNOWN, kept(before, after, at)
    over = work_along(name, function, call, ends, at) if at.dims else None
    return over or _generic(name, before, after, at)


def _moved(
    function: Callable, call: tuple[tuple, dict], source: Tensor, at: Place
) -> tuple[InputWindow, Place]:
    """Follow positions that are chosen, turned around or repeated."""
    found = follow(function, call, source, at.dims)
    if found is None or (at.along is None and found[0] != POINT):
        return UNKNOWN, Place(seen=at.seen)
    window, dims, sides = found
    if at.along is None:
        return window, replace(at, tokens=dims[0])
    if at.axes is None:
        is_along = [dim is not None for dim in at.along]
        window = _ordered(window, tuple(-1 if along else None for along in is_along))
        dims = tuple(dims[0] if along else None for along in is_along)
        sides = tuple(sides[0] if along else 1 for along in is_along)
    place = place_along(dims, sides, at.seen)
    return (window, place) if place else (UNKNOWN, Place(seen=at.seen))


def _stacked(args: tuple, kwargs: dict, ndim: int, at: Place) -> Place:
    """Find the dimensions beside the new one."""
    dim = kwargs.get("dim", (*args[1:], 0)[0])
    new = dim if dim < 0 else dim - ndim
    dims = tuple(old if old > new else old - 1 for old in at.dims)
    if at.axes is None:
        return replace(at, tokens=dims[0])
    return replace(at, axes=dims)


def _permuted(
    function: Callable, call: tuple[tuple, dict], source: Tensor, at: Place
) -> Place:
    """Find where the dimensions went by moving those of a tensor of unequal sides."""
    if not at.dims:
        return Place(seen=at.seen)
    ndim = source.ndim
    probe = torch.empty(tuple(range(2, ndim + 2)), device="meta")
    args, kwargs = (replaced(part, source, probe) for part in call)
    moved = list(function(*args, **kwargs).shape)
    dims = tuple(moved.index(ndim + 2 + dim) - ndim for dim in at.dims)
    if at.axes is None:
        return Place(None, dims[0], at.grid, at.seen)
    return Place(dims, None, at.grid, at.seen)


def _padded(call: tuple[tuple, dict], _: tuple[Dims, Dims], at: Place) -> InputWindow:
    """Follow padding: a position reads the one that many places before."""
    args, kwargs = call
    amounts = list(kwargs.get("pad", args[1] if len(args) > 1 else ()))
    before = {-1 - k: amount for k, amount in enumerate(amounts[::2])}
    ones = (1,) * len(at.along)
    sides = ones, ones, tuple(before.get(dim, 0) for dim in at.along), ones
    mode = kwargs.get("mode", args[2] if len(args) > _MODE else "constant")
    if mode == "constant":
        return Window(*sides)
    return UNKNOWN if min(amounts) < 0 else Padding(*sides, mode)


def _ordered(window: InputWindow, along: tuple[int | None, ...]) -> InputWindow:
    """Put what a window says of each dimension in the order of the image's axes.

    Along an axis that has no dimension each position reads itself.
    """
    is_ordered = None not in along and list(along) == sorted(along)
    if isinstance(window, Constant) or window == POINT or is_ordered:
        return window
    own = {
        key: tuple(_ITSELF.get(key, 1) if dim is None else side[dim] for dim in along)
        for key, side in vars(window).items()
        if type(side) is tuple
    }
    return replace(window, **own)


def _shuffled(
    _: tuple[tuple, dict], shapes: tuple[Dims, Dims], at: Place
) -> InputWindow:
    """Follow channels that become positions, or positions that become channels."""
    before, after = shapes
    if at.axes is None or sorted(at.axes) != [-2, -1]:
        return UNKNOWN
    if after[-1] >= before[-1]:
        scale = tuple(before[axis] / after[axis] for axis in at.axes)
        return Interpolation(scale, (0, 0), 1)
    sides = tuple(before[axis] // after[axis] for axis in at.axes)
    return Window(sides, sides, (0, 0), (1, 1))


_MAPS = {"pad": _padded, "pixel_shuffle": _shuffled, "pixel_unshuffle": _shuffled}


def _generic(
    name: str, before: Dims, after: Dims, at: Place
) -> tuple[InputWindow, Place]:
    """Follow what has no window: point by point, over everything, or lost."""
    same = kept(before, after, at)
    if name in ATTENTIONS:
        return all_of(at), same
    if not at.dims:
        return POINT, same
    if name in _PRODUCTS:
        return UNKNOWN, same
    if name == "linear" and -1 in at.dims:
        is_all = len(at.dims) == 1  # not the rows of a map, each by itself
        return all_of(at) if is_all else UNKNOWN, Place(seen=at.seen)
    if same.dims and is_known(name):
        return POINT, same
    is_vector = math.prod(after) == max(after, default=1)
    if name in REDUCTIONS or (name in _RESHAPES and is_vector):
        if at.axes is not None and len(after) == len(before):
            is_point = all(after[axis] == 1 for axis in at.axes)
            return WHOLE, resized(after, at) if is_point else same
        return all_of(at), same
    return UNKNOWN, same
