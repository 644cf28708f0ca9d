"""The border between a student's code and its check: only plain values pass.

What an answer returns may be an object of any class, with an equality, a length or an
arithmetic of its own. A check never sees it: `plain` makes new numbers, texts, tensors
and containers of them, of the built-in types and of `torch.Tensor` itself. What reads a
tensor is taken from PyTorch's C types when this module is imported, and these cannot be
changed: it does not matter what an answer did to `torch.Tensor`.
"""

import numpy as np
import torch
from torch import Tensor, nn

_WANTED = "a tensor, a number, a text, or a tuple, list or dict of these"
_DEEPEST = 20
_MOST_ITEMS = 100_000
_MOST_NUMBERS = 10_000_000
_MOST_BITS = 1024

_C = torch._C.TensorBase
_detach, _clone, _cpu, _double, _numpy = (
    _C.detach, _C.clone, _C.cpu, _C.double, _C.numpy
)  # fmt: skip
_numel, _is_complex = _C.numel, _C.is_complex
_layout, _is_meta, _bare = _C.layout, _C.is_meta, torch._C.DisableTorchFunction
_name_of = type.__dict__["__name__"].__get__
_item = np.generic.item
_TENSORS = (Tensor, nn.Parameter)
_SCALARS = frozenset(
    kind
    for kind in vars(np).values()
    if isinstance(kind, type) and issubclass(kind, np.number | np.bool_)
)


class WrongAnswerError(AssertionError):
    """An answer that is not right; the message tells its author what to look at."""


class NotAttemptedError(Exception):
    """A part of an answer is still `...`."""


def plain(value: object, what: str = "the output", wanted: str = _WANTED) -> object:
    """Return a copy of a value that holds nothing of its author's.

    Integers, floats, booleans, texts, `None` and `...` stay what they are, NumPy's
    scalars become Python's, tensors become new tensors on the CPU without a gradient;
    tuples, lists and dicts with texts or integers as keys are built anew.

    Args:
        value: what an answer returned.
        what: how a message calls it.
        wanted: what a message asks for in its place.

    Raises:
        WrongAnswerError: if it is, or holds, anything else, or too much.
    """
    return _Border(what, wanted).copy(value, 0)


def numbers(tensor: Tensor) -> np.ndarray:
    """Return the values of a tensor as float64, of which no method can be replaced.

    Raises:
        WrongAnswerError: if it is no plain tensor.
    """
    copied = plain(tensor, "the tensor", "a tensor")
    if type(copied) is not Tensor:
        raise WrongAnswerError(f"the tensor is {kind(copied)}, expected a tensor.")
    with _bare():
        return _numpy(_double(copied))


def kind(value: object) -> str:
    """Return how a message calls the type of a value.

    >>> kind(3), kind(None), kind(torch.zeros(1))
    ('an int', 'None', 'a tensor')
    """
    if value is None:
        return "None"
    return "a tensor" if type(value) is Tensor else with_article(name_of_type(value))


def with_article(name: str) -> str:
    """Return a name behind "a" or "an", by its first letter."""
    return f"an {name}" if name[:1] in "aeiouAEIOU" else f"a {name}"


def name_of_type(value: object) -> str:
    """Return the name of a value's class, as Python keeps it."""
    return _name_of(type(value))[:60]


class _Border:
    """Copies one value, and counts what is in it."""

    def __init__(self, what: str, wanted: str) -> None:
        self.what, self.wanted = what, wanted
        self.items = self.numbers = 0

    def copy(self, value: object, depth: int) -> object:
        self.items += 1
        self._limit(depth <= _DEEPEST, f"is nested more than {_DEEPEST} deep")
        self._limit(self.items <= _MOST_ITEMS, f"holds more than {_MOST_ITEMS} items")
        exact = type(value)
        if value is None or value is ... or exact in (bool, float):
            return value
        if exact is int:
            self._limit(value.bit_length() <= _MOST_BITS, "is far too large a number")
            return value
        if exact is str:
            self._limit(len(value) <= _MOST_ITEMS, "is far too long a text")
            return value
        if exact in _SCALARS:
            return self.copy(_item(value), depth)
        if exact in _TENSORS:
            return self._copy_tensor(value)
        return self._copy_container(value, depth)

    def _copy_container(self, value: object, depth: int) -> object:
        if type(value) is list:
            return [self.copy(one, depth + 1) for one in value]
        if type(value) is tuple:
            return tuple(self.copy(one, depth + 1) for one in value)
        if type(value) is dict:
            for key in value:
                self._limit(type(key) in (str, int), f"has {kind(key)} as a key")
            return {key: self.copy(one, depth + 1) for key, one in value.items()}
        held = "is" if depth == 0 else "holds"
        raise WrongAnswerError(
            f"{self.what} {held} {kind(value)}, expected {self.wanted}."
            f"{_why_not(value)}"
        )

    def _copy_tensor(self, value: Tensor) -> Tensor:
        with _bare():
            self.numbers += _numel(value)
            few = self.numbers <= _MOST_NUMBERS
            self._limit(few, f"holds more than {_MOST_NUMBERS} numbers")
            stored = _layout.__get__(value) is torch.strided
            stored = stored and not (_is_meta.__get__(value) or _is_complex(value))
            self._limit(stored, "is a tensor without plain real numbers")
            return _clone(_cpu(_detach(value)))

    def _limit(self, kept: bool, problem: str) -> None:
        if not kept:
            raise WrongAnswerError(f"{self.what} {problem}.")


def _why_not(value: object) -> str:
    if any(base is Tensor for base in type.mro(type(value))):
        return " A class made from torch.Tensor is none; give the tensor itself."
    if type(value) is np.ndarray:
        return " torch.from_numpy makes a tensor of an array."
    return ""
