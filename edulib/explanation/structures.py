"""Values that hold several tensors: choosing one of them, copying them all."""

import copy
from collections.abc import Mapping

from torch import Tensor, nn

from edulib.anatomy.structure import named_tensors

_SHOWN = 6


def select(value: object, output: str | int | None, where: str) -> Tensor:
    """Return one tensor of what a layer or a model gave.

    Args:
        value: a tensor, or tensors in dictionaries, sequences, named tuples,
            dataclasses and other objects, nested as they like.
        output: dotted path to the tensor, such as ``"out"``, ``0`` or ``"boxes.0"``;
            None where there is only one that holds floating-point numbers.
        where: what gave the value, for the message.

    Raises:
        ValueError: if there is no such tensor, or several and none was named.
    """
    named = dict(named_tensors(value))
    if output is not None:
        if str(output) in named:
            return named[str(output)]
        if isinstance(value, Tensor):
            raise ValueError(
                f"no output {output!r} of {where}, which is one tensor: leave output= "
                "out"
            )
        raise ValueError(f"no output {output!r} of {where}: there {_names(named)}")
    numbers = {
        name: tensor for name, tensor in named.items() if tensor.is_floating_point()
    }
    if len(numbers) == 1:
        return next(iter(numbers.values()))
    if isinstance(value, Tensor):
        raise ValueError(
            f"expected floating-point numbers of {where}, got {value.dtype}"
        )
    raise ValueError(
        f"expected one tensor of {where}, got {type(value).__name__}, in which there "
        f"{_names(numbers)}: choose one by output=, or write a function of it"
    )


def _names(tensors: dict[str, Tensor]) -> str:
    if not tensors:
        return "is no tensor"
    shown = [f"{name!r} {tuple(t.shape)}" for name, t in list(tensors.items())[:_SHOWN]]
    more = [f"{len(tensors) - _SHOWN} more"] if len(tensors) > _SHOWN else []
    return "are " + ", ".join(shown + more)


def cloned(value: object) -> object:
    """Return a copy in which every tensor is a clone, with its gradient's path."""
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, Mapping):
        new = copy.copy(value)
        for key, item in value.items():
            new[key] = cloned(item)
        return new
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(cloned, value))
    if isinstance(value, (tuple, list)):
        return type(value)(map(cloned, value))
    if isinstance(value, (nn.Module, type)) or not hasattr(value, "__dict__"):
        return value
    new = copy.copy(value)
    for key, item in vars(value).items():
        object.__setattr__(new, key, cloned(item))
    return new
