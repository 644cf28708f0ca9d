"""What a student hands in, behind a border that only plain values pass."""

from collections.abc import Iterator, Sequence
from types import FunctionType
from typing import NamedTuple

import torch
from torch import Tensor, nn

from edulib.exercises.values import WrongAnswerError, kind, name_of_type, plain

_variables = nn.Module.__dict__["__dict__"].__get__
_call = nn.Module.__call__
_hook = nn.Module.register_forward_hook
_copy = torch._C.TensorBase.copy_
_grad = torch.autograd.grad
_no_grad = torch.no_grad
_bare = torch._C.DisableTorchFunction
_MOST_MODULES = 10_000


class Gradients(NamedTuple):
    """What came down to the inputs and to the parameters; `None` where nothing did."""

    inputs: list[Tensor | None]
    parameters: dict[str, Tensor | None]


class Answer:
    """A function, a class, a module or values, and the ways to question it.

    Everything that these methods return is plain: see `edulib.exercises.values`.
    """

    def __init__(self, value: object, borrowed: Sequence[object] = ()) -> None:
        """Put an answer behind the border.

        Args:
            value: what the check cell hands over.
            borrowed: classes and functions of the book that are no answer.
        """
        self._value, self._borrowed = value, tuple(borrowed)
        _refuse_borrowed(value, self._borrowed)

    def __getitem__(self, index: int) -> object:
        """Return one of several values."""
        if type(self._value) not in (tuple, list):
            raise WrongAnswerError(
                f"your answer is {kind(self._value)}, expected a tuple of values."
            )
        return plain(self._value[index], "a value of your answer")

    def __call__(self, *inputs: object) -> object:
        """Return what the function or module makes of the inputs."""
        return plain(self._value(*inputs))

    def build(self, *arguments: object) -> "Answer":
        """Return the module that the class or function makes of the arguments."""
        made = self._value(*arguments)
        missing = " Is a `return` missing?" if made is None else ""
        if not _is_module(made):
            raise WrongAnswerError(
                f"what you make is {kind(made)}, expected a torch.nn.Module.{missing}"
            )
        return Answer(made, self._borrowed)

    def method(self, name: str) -> "Answer":
        """Return a function that a class holds, such as `apply`."""
        if not hasattr(self._value, name):
            raise WrongAnswerError(f"{kind(self._value)} has no method {name!r}.")
        return Answer(getattr(self._value, name), self._borrowed)

    def part(self, name: str) -> "Answer":
        """Return a part of a module by its name, such as `stage1.0`."""
        for known, module in _walk(self._value):
            if known == name:
                return Answer(module, self._borrowed)
        raise WrongAnswerError(
            f"your {name_of_type(self._value)} has no part named {name!r}."
        )

    def output_of(self, name: str, *inputs: object) -> object:
        """Return the output of a part while the whole module runs on the inputs."""
        seen = []

        def keep(module: nn.Module, given: object, output: object) -> None:
            seen.append(plain(output, f"the output of {name}"))

        handle = _hook(self.part(name)._value, keep)
        try:
            self._value(*inputs)
        finally:
            handle.remove()
        if not seen:
            raise WrongAnswerError(f"{name} is not used on the way to the output.")
        return seen[-1]

    def parameters(self) -> dict[str, Tensor]:
        """Return copies of a module's parameters, in the order of their definition."""
        return read_parameters(self._value)

    def fill(self, values: Sequence[Tensor]) -> None:
        """Copy numbers into a module's parameters, whose number of values they have."""
        with _no_grad(), _bare():
            for (_, mine), value in zip(_named(self._value), values, strict=True):
                _copy(mine, value.reshape(mine.shape))

    def evaluate(self) -> None:
        """Put a module and all its parts into evaluation mode, calling none of them."""
        for _, module in _walk(self._value):
            _variables(module)["training"] = False

    def gradients(self, *inputs: object, signal: Tensor) -> Gradients:
        """Send a signal down from the output to inputs and parameters.

        Args:
            inputs: of the function or module; from each tensor that can have a
                gradient one is asked.
            signal: the gradient of the output, of the output's shape.
        """
        leaves = [_leaf(value) for value in inputs]
        asked = [value for value in leaves if _takes_gradient(value)]
        named = list(_named(self._value)) if _is_module(self._value) else []
        # A clone, so that an answer may write into its input as it may within a network
        given = [v.clone() if _takes_gradient(v) else v for v in leaves]
        output = self._value(*given)
        seen = plain(output)
        if type(seen) is not Tensor:
            raise WrongAnswerError(f"the output is {kind(seen)}, expected a tensor.")
        if tuple(seen.shape) != tuple(signal.shape):
            raise WrongAnswerError(
                f"the output has shape {tuple(seen.shape)}, "
                f"expected {tuple(signal.shape)}."
            )
        if not output.requires_grad:
            raise WrongAnswerError("no gradient can flow back through the output.")
        targets = [*asked, *(parameter for _, parameter in named)]
        down = [
            None if value is None else plain(value, "a gradient")
            for value in _grad(output, targets, signal, allow_unused=True)
        ]
        names = [name for name, _ in named]
        learned = dict(zip(names, down[len(asked) :], strict=True))
        return Gradients(down[: len(asked)], learned)


def read_parameters(module: nn.Module) -> dict[str, Tensor]:
    """Return copies of a module's parameters, in the order of their definition.

    No method of the module is called: what an answer did to it or made of it does not
    matter, only the numbers that it holds.

    Raises:
        WrongAnswerError: if one of them is no plain parameter.
    """
    return {name: plain(p, f"parameter {name}") for name, p in _named(module)}


def _named(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    seen = set()
    for name, owner in _walk(module):
        for label, parameter in _variables(owner)["_parameters"].items():
            if parameter is not None and id(parameter) not in seen:
                seen.add(id(parameter))
                full = f"{name}.{label}" if name else label
                plain(parameter, f"parameter {full}", "a torch.nn.Parameter")
                yield full, parameter


def _walk(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """A module and all its parts with their names, each once, the whole first."""
    waiting, seen = [("", module)], set()
    while waiting:
        name, module = waiting.pop()
        if module is None or id(module) in seen:
            continue
        if not _is_module(module) or len(seen) > _MOST_MODULES:
            raise WrongAnswerError(f"{name or 'your answer'} is no torch.nn.Module.")
        seen.add(id(module))
        yield name, module
        parts = reversed(_variables(module)["_modules"].items())
        waiting += [(f"{name}.{k}" if name else k, part) for k, part in parts]


def _refuse_borrowed(value: object, borrowed: tuple[object, ...]) -> None:
    if not borrowed:
        return
    held = [part for _, part in _walk(value)] if _is_module(value) else [value]
    for one in held:
        for book in borrowed:
            if _is_made_of(one, book):
                label = getattr(book, "__name__", "code")
                raise WrongAnswerError(f"This is the book's own {label}; write yours.")


def _is_made_of(value: object, book: object) -> bool:
    """Whether this is a function or class of the book, or an object or child of it."""
    kinds = type.mro(value if isinstance(value, type) else type(value))
    if value is book or any(kind is book for kind in kinds):
        return True
    return bool(_codes([value, *kinds]) & _codes([book]))


def _codes(holders: Sequence[object]) -> set[object]:
    """The code of functions, and of the `forward` of classes."""
    functions = [
        vars(one).get("forward") if isinstance(one, type) else one for one in holders
    ]
    return {one.__code__ for one in functions if type(one) is FunctionType}


def _is_module(value: object) -> bool:
    return any(base is nn.Module for base in type.mro(type(value)))


def _leaf(value: object) -> object:
    if type(value) is Tensor and value.is_floating_point():
        return value.detach().clone().requires_grad_()
    return value


def _takes_gradient(value: object) -> bool:
    return type(value) is Tensor and value.requires_grad
