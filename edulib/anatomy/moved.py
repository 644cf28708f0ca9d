"""Where functions that only move numbers put the rows and columns of an image.

They are asked: given an image that holds at each pixel the number of its row, an index,
a roll or a flip returns the row that each position of its output shows.
"""

from collections.abc import Callable
from functools import cached_property, lru_cache
from itertools import pairwise

import torch
from torch import Tensor

from edulib.anatomy.op_types import REPEATS, SELECTS, TURNS, clean_name
from edulib.anatomy.structure import tensors_in
from edulib.anatomy.window import POINT, Chosen, InputWindow, Mirror, Window

Dims = tuple[int, ...]
_KEPT = 256  # answers, as blocks of a network ask the same
# A dimension, None if one input was chosen along it, and the inputs that it shows.
Line = tuple[int | None, tuple[int, ...]]

MOVERS = (SELECTS - {"gather"}) | TURNS | REPEATS


def follow(
    function: Callable, call: tuple[tuple, dict], source: Tensor, axes: Dims
) -> tuple[InputWindow, tuple[int | None, ...], Dims] | None:
    """Find what each position of the output shows of the input.

    Args:
        function: one of `MOVERS`.
        call: its arguments, positional and by name.
        source: the activation that it moves.
        axes: the dimensions of `source` that are those of the image, from the end.

    Returns:
        The window, the dimensions of the image in the output, None for one along which
        a single position was chosen, and their sides; None for all of these
        where rows or columns do not stay rows and columns, or an index has no values.
    """
    args, kwargs = call
    given = args[0] if args else kwargs.get("input")
    if given is not source:
        return None
    named = {key: value for key, value in kwargs.items() if key != "input"}
    asked = _Asked(function, args[1:], named)
    shape = tuple(source.shape)
    if clean_name(function) in TURNS:  # which other dimensions do not touch
        kept = {axis % len(shape) for axis in axes}
        shape = tuple(side if dim in kept else 1 for dim, side in enumerate(shape))
    ask = _follow.__wrapped__ if asked.has_tensors else _follow
    return ask(asked, shape, axes)


class _Asked:
    """A function with its arguments but the first, found again by what they are."""

    def __init__(self, function: Callable, rest: tuple, named: dict) -> None:
        self.function, self.rest, self.named = function, rest, named
        self._key = function, repr(rest), repr(named)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @cached_property
    def tensors(self) -> list[Tensor]:
        """The tensors among the arguments, as an index may be one."""
        return list(tensors_in((self.rest, list(self.named.values()))))

    @property
    def has_tensors(self) -> bool:
        """Whether a tensor is among them: no text stands for it."""
        return bool(self.tensors)

    @property
    def is_free(self) -> bool:
        """Whether all values are known."""
        return not any(tensor.is_meta for tensor in self.tensors)

    def __call__(self, numbered: Tensor) -> object:
        named = {key: _with_values(value) for key, value in self.named.items()}
        return self.function(numbered, *_with_values(self.rest), **named)


@lru_cache(_KEPT)
def _follow(
    asked: _Asked, shape: Dims, axes: Dims
) -> tuple[InputWindow, tuple[int | None, ...], Dims] | None:
    lines = []
    for axis in axes:
        shown = asked(_numbered(shape, axis))
        found = {_line(part, axis, shape) for part in tensors_in(shown)}
        if len(found) != 1 or None in found:
            return None
        lines += found
        if not asked.is_free and len(set(lines[-1][1])) < min(2, shape[axis]):
            return None
    dims = tuple(dim for dim, _ in lines)
    held = [dim for dim in dims if dim is not None]
    if len(set(held)) < len(held):
        return None
    places = tuple(places for _, places in lines)
    sides = tuple(shape[axis] for axis in axes)
    return window_of(places, sides), dims, tuple(map(len, places))


def is_written_alike(index: object, shape: Dims, dims: Dims) -> bool:
    """Whether `x[index] = ...` writes to all positions along some dimensions.

    Args:
        index: what `x` is indexed with.
        shape: of `x`.
        dims: the dimensions, from the end.
    """
    written = torch.zeros(shape, dtype=torch.bool)
    written[_with_values(index)] = True
    return all(bool((written == written.narrow(dim, 0, 1)).all()) for dim in dims)


def _numbered(shape: Dims, axis: int) -> Tensor:
    """Return a tensor that holds at each place its number along an axis."""
    ones = [1] * len(shape)
    ones[axis] = shape[axis]
    return torch.arange(shape[axis]).view(ones).expand(shape)


def _with_values(given: object) -> object:
    """Put zeros where a tensor has no values."""
    if isinstance(given, (tuple, list)):
        return type(given)(map(_with_values, given))
    if isinstance(given, Tensor) and given.is_meta:
        return torch.zeros_like(given, device="cpu")
    return given


def _line(shown: Tensor, axis: int, before: Dims) -> Line | None:
    """Find the dimension along which numbers differ, and read them there."""
    differ = [dim for dim in range(-shown.ndim, 0) if _differs(shown, dim)]
    if not differ and shown.numel():
        if shown.ndim < len(before):
            return None, (int(shown.flatten()[0]),)
        differ = [axis] * (shown.ndim == len(before))
    if len(differ) != 1:
        return None
    dim = differ[0] + shown.ndim
    line = shown[tuple(slice(None) if k == dim else 0 for k in range(shown.ndim))]
    return differ[0], tuple(line.tolist())


def _differs(shown: Tensor, dim: int) -> bool:
    """Whether numbers differ along a dimension; most are one number in memory."""
    if 0 in shown.stride() and shown.numel():
        once = (
            slice(0, 1) if stride == 0 else slice(None) for stride in shown.stride()
        )
        shown = shown[tuple(once)]
    if shown.shape[dim] < 2:
        return False
    return bool((shown != shown.narrow(dim, 0, 1)).any())


def window_of(places: tuple[tuple[int, ...], ...], sides: Dims) -> InputWindow:
    """Return the simplest window that shows these places."""
    whole = [tuple(range(side)) for side in sides]
    turns = [line != full for line, full in zip(places, whole, strict=True)]
    if not any(turns):
        return POINT
    steps = [{after - at for at, after in pairwise(line)} or {1} for line in places]
    if all(len(step) == 1 and min(step) > 0 for step in steps):
        ones = (1,) * len(sides)
        strides = tuple(min(step) for step in steps)
        return Window(ones, strides, tuple(-line[0] for line in places), ones)
    ends = zip(places, whole, strict=True)
    if all(line in (full, full[::-1]) for line, full in ends):
        return Mirror(tuple(k * turn for k, turn in zip(sides, turns, strict=True)))
    return Chosen(places)
