"""What a model is given to trace it: tensors made of shapes, and their names."""

import inspect
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

Input = Any
_MOST = 4
_UNBATCHED = (1, 3)  # dimensions of one vector, one image


@dataclass(frozen=True)
class Inputs:
    """The arguments of a model.

    Attributes:
        args: positional arguments, tensors in them.
        names: names of the tensors in `args`, in order.
    """

    args: tuple
    names: tuple[str, ...]

    def to(self, device: str) -> "Inputs":
        """Copy all tensors to a device."""
        args = _map(self.args, lambda tensor: tensor.detach().clone().to(device))
        return Inputs(args, self.names)


def make_inputs(model: nn.Module, inputs: tuple[Input, ...]) -> Inputs:
    """Make the arguments of a model.

    Args:
        model: gives the type of the tensors that are made, and their names.
        inputs: for each argument a shape without the batch, a tensor with it, or a
            list, tuple or dictionary of these; anything else is handed over as it is.

    Raises:
        ValueError: if nothing is given, or a shape is none.
    """
    if not inputs:
        raise ValueError(
            "expected at least one input: a shape (C, H, W) without the batch, or a "
            "tensor with it"
        )
    dtype = next((p.dtype for p in model.parameters() if p.is_floating_point()), None)
    args = tuple(_make(value, dtype) for value in inputs)
    found = [
        (path, tensor)
        for name, value in zip(_arguments(model, len(args)), args, strict=True)
        for path, tensor in _leaves(name, value)
    ]
    if len(found) == 1:
        return Inputs(args, ("input",))
    return Inputs(args, tuple(_short([path for path, _ in found])))


def shape_text(inputs: tuple[Input, ...]) -> str:
    """Write what a model was given: shapes as they are, tensors with their type."""
    return ", ".join(map(_text, inputs))


def remedy(inputs: tuple[Input, ...]) -> str:
    """Say what may be wrong with inputs that a model could not read, or nothing."""
    if len(inputs) > 1 and all(isinstance(value, int) for value in inputs):
        return f"; one shape is written as a tuple: {inputs}?"
    for value in inputs:
        if isinstance(value, Tensor) and value.ndim in _UNBATCHED:
            return "; a tensor is given with its batch: tensor[None]?"
        if is_shape(value) and len(value) == _MOST and value[0] == 1:
            return f"; a shape is given without the batch: {tuple(value[1:])}?"
    return ""


def _text(value: Input) -> str:
    if isinstance(value, Tensor):
        dtype = str(value.dtype).removeprefix("torch.")
        return f"a tensor {tuple(value.shape)} of {dtype}"
    if is_shape(value):
        return str(tuple(value))
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(map(_text, value)) + "]"
    return repr(value)


def is_shape(value: Input) -> bool:
    """Tell a shape from a sequence of inputs."""
    if not isinstance(value, (tuple, list)):
        return False
    return all(isinstance(side, (int, float)) for side in value)


def _make(value: Input, dtype: torch.dtype | None) -> Input:
    if isinstance(value, dict):
        return {key: _make(item, dtype) for key, item in value.items()}
    if is_shape(value):
        _check(value)
        return torch.zeros((1, *value), dtype=dtype)
    if isinstance(value, (tuple, list)):
        return type(value)(_make(item, dtype) for item in value)
    return value


def _check(shape: tuple[int, ...]) -> None:
    whole = all(isinstance(side, int) and side > 0 for side in shape)
    if not whole or not 1 <= len(shape) <= _MOST:
        raise ValueError(
            "expected a shape such as (C, H, W), positive whole numbers without the "
            f"batch, got {tuple(shape)}"
        )


def _arguments(model: nn.Module, count: int) -> list[str]:
    """Return the names of the first arguments of a model's forward."""
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        parameters = ()
    named = [
        parameter.name
        for parameter in parameters
        if parameter.kind is not inspect.Parameter.VAR_POSITIONAL
    ][:count]
    return named + [f"input{k}" for k in range(len(named), count)]


def _leaves(path: str, value: Input) -> list[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        return [(path, value)]
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, (tuple, list)):
        items = enumerate(value)
    else:
        return []
    return [leaf for key, item in items for leaf in _leaves(f"{path}.{key}", item)]


def _short(paths: list[str]) -> list[str]:
    """Shorten paths to their last part where that says enough."""
    last = [path.rpartition(".")[2] for path in paths]
    often = Counter(last)
    return [
        path if often[name] > 1 or name.isdigit() else name
        for path, name in zip(paths, last, strict=True)
    ]


def _map(value: Input, change: Callable[[Tensor], Tensor]) -> Input:
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, dict):
        return {key: _map(item, change) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(_map(item, change) for item in value)
    return value
