"""Weights of quantised layers, which are packed into objects that torch reads alone."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

_QUANTISED = "quantized::"
_SUFFIXES = ("_dynamic", "_fp16", "_relu", "_byte", "_4bit")  # how, and what besides


def unpack(value: object) -> tuple[Tensor, ...]:
    """Return the tensors in a packed object: weight and bias; nothing if it is none.

    Args:
        value: any argument of a function, or attribute of a module.
    """
    if not isinstance(value, torch.ScriptObject) or not hasattr(value, "unpack"):
        return ()
    found = value.unpack()
    parts = found if isinstance(found, (tuple, list)) else (found,)
    return tuple(part for part in parts if isinstance(part, Tensor))


def packed_in(model: nn.Module) -> Iterator[torch.ScriptObject]:
    """Find the packed objects of a model, each once."""
    seen: set[int] = set()
    for module in model.modules():
        for value in vars(module).values():
            if isinstance(value, torch.ScriptObject) and id(value) not in seen:
                seen.add(id(value))
                yield value


def hides_weights(module: nn.Module) -> bool:
    """Whether a module holds objects of torch whose weights cannot be asked for."""
    return any(not unpack(value) for value in packed_in(module))


def count_packed(model: nn.Module) -> int:
    """Count the learned numbers of a model that are packed."""
    return sum(part.numel() for value in packed_in(model) for part in unpack(value))


def plain_name(function: object, name: str) -> str:
    """Return what a quantised function computes: `conv2d_relu` is a "conv2d".

    Args:
        function: the function.
        name: its name.
    """
    if not getattr(function, "_qualified_op_name", "").startswith(_QUANTISED):
        return name
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def unpacked_settings(settings: dict) -> dict:
    """Return the arguments of a convolution, where they are packed with its weight.

    Args:
        settings: arguments by name, of which "weight" may be a packed object.
    """
    packed = settings.get("weight")
    weight = unpack(packed)
    if not weight:
        return settings
    sides = {
        name: tuple(getattr(packed, name)())
        for name in ("stride", "padding", "dilation")
        if hasattr(packed, name)
    }
    return {"input": settings.get("input"), "weight": weight[0], **sides}
