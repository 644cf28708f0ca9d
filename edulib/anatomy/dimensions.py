"""What works along dimensions that a call names: reductions, softmax, running sums."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from edulib.anatomy.op_types import REDUCTIONS
from edulib.anatomy.place import Dims, Place, kept, place_along, resized
from edulib.anatomy.structure import tensors_in
from edulib.anatomy.window import POINT, UNKNOWN, WHOLE, Along, InputWindow

_SO_FAR = {"cumsum", "cumprod"}
_SOFT = {"softmax", "log_softmax"}
ALONG = {"normalize", "sort", "argsort", *_SOFT, *_SO_FAR}
_SOFT_FIRST = (0, 1, 3)  # dimensions of what torch's softmax is along the first of


def work_along(
    name: str,
    function: Callable,
    call: tuple[tuple, dict],
    ends: tuple[Tensor, Tensor],
    at: Place,
) -> tuple[InputWindow, Place] | None:
    """Follow what works along dimensions that a call names.

    Args:
        name: plain name of the function.
        function: the function itself.
        call: its arguments, positional and by name.
        ends: the activation that it reads, and its output.
        at: where the positions are in the former.

    Returns:
        The window and the new place; None where it works along no dimension that has
        to do with positions.
    """
    before, after = (tuple(end.shape) for end in ends)
    dims = _dims_over(name, function, call, ends[0])
    if name in REDUCTIONS and dims and len(after) < len(before):
        return _reduced_to(dims, at)
    if dims & set(at.dims):
        return _over(name, dims, (before, after), at)
    return None


def all_of(at: Place) -> InputWindow:
    """Return the window of what reads all positions: of a row, those along its axis."""
    if at.axes is not None or at.along is None:
        return WHOLE
    return Along(tuple(dim is not None for dim in at.along))


def _over(
    name: str, dims: set[int], shapes: tuple[Dims, Dims], at: Place
) -> tuple[InputWindow, Place]:
    """Follow what works along dimensions of positions, and leaves them there."""
    if name == "gather" or at.along is None:
        return UNKNOWN if name == "gather" else WHOLE, kept(*shapes, at)
    sides = tuple(dim in dims for dim in at.along)
    return Along(sides, name in _SO_FAR), resized(shapes[1], at)


def _reduced_to(dims: set[int], at: Place) -> tuple[InputWindow, Place]:
    """Follow a reduction that leaves some dimensions out."""
    stay = {d: d + sum(k > d for k in dims) for d in at.dims if d not in dims}
    if not stay:
        return all_of(at), Place(seen=at.seen)
    if at.axes is None:
        return POINT, replace(at, tokens=stay[at.tokens])
    along = tuple(stay.get(axis) for axis in at.axes)
    sides = zip(along, at.grid, strict=True)
    grid = tuple(1 if dim is None else side for dim, side in sides)
    place = place_along(along, grid, at.seen)
    if place is None:
        return UNKNOWN, Place(seen=at.seen)
    is_read = tuple(dim is None for dim in along)
    return Along(is_read) if any(is_read) else POINT, place


def _dims_over(
    name: str, function: Callable, call: tuple[tuple, dict], source: Tensor
) -> set[int]:
    """Return the dimensions that a function works along, counted from the end."""
    if name in REDUCTIONS:
        return _reduced(function, call, source)
    if name in ALONG or name == "gather":
        return _named_dims(name, *call, source.ndim)
    return set()


def _reduced(function: Callable, call: tuple[tuple, dict], source: Tensor) -> set[int]:
    """Find which dimensions are taken together, by those of unequal sides."""
    sides = range(2, source.ndim + 2)
    probe = torch.empty(tuple(sides), device="meta")
    args, kwargs = (replaced(part, source, probe) for part in call)
    try:
        left = next(tensors_in(function(*args, **kwargs))).shape
    except RuntimeError:  # the larger one of two tensors, which do not fit any more
        return set()
    return {dim for dim, side in enumerate(sides, -source.ndim) if side not in left}


def _named_dims(name: str, args: tuple, kwargs: dict, ndim: int) -> set[int]:
    """Return the dimensions that a call names, or those that torch takes then."""
    at = 2 if name == "normalize" else 1
    given = args[at] if len(args) > at else None
    named = kwargs.get("dim", kwargs.get("axis", given))
    if named is None and name in _SOFT:
        named = int(ndim not in _SOFT_FIRST)
    elif named is None:
        named = 1 if name == "normalize" else -1
    dims = named if isinstance(named, (tuple, list)) else (named,)
    return {dim if dim < 0 else dim - ndim for dim in dims}


def replaced(given: object, old: Tensor, new: Tensor) -> object:
    """Put one tensor in the place of another in the arguments of a call."""
    if isinstance(given, dict):
        return {key: replaced(value, old, new) for key, value in given.items()}
    if isinstance(given, (tuple, list)):
        return [replaced(value, old, new) for value in given]
    return new if given is old else given
