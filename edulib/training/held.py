"""What decides a result and is no weight: the settings that an object holds."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import partial
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from edulib.training.hashing import hash_of, name_of

FUNCTIONS = type | FunctionType | BuiltinFunctionType
LEAVES = (
    None | int | float | complex | str | bytes | range | slice | Enum | torch.dtype
) | (np.ndarray | np.generic | np.ufunc | FUNCTIONS)
OF_TORCH = frozenset(vars(nn.Module()))  # what every module holds
PLACES = ("model.", "objective.")  # with which their names begin
SHOWN = 60  # letters of a value that is written out


def held_settings(model: nn.Module, objective: Any) -> dict[str, str]:
    """Return, by place, the settings of model and objective, short or as a hash.

    Settings are attributes that are numbers, text, arrays, functions or classes, and
    lists, dicts, dataclasses and partials of them; the buffers of a model that no file
    holds; and the tensors of an objective. Of a function the name is known, not its
    code or what it closes over. Tensors that a module holds outside of its buffers, and
    objects of other kinds, are not looked at: they may be weights under a second name.
    """
    found = {}
    for name, value in vars(objective).items():
        if is_setting(value, LEAVES | Tensor):
            found |= entries(f"objective.{name}", value)
    for place, module in model.named_modules():
        passing = module._non_persistent_buffers_set
        buffers = module.named_buffers(recurse=False)
        held = {k: v for k, v in attributes_of(module) if is_setting(v, LEAVES)}
        held |= {name: value for name, value in buffers if name in passing}
        for name, value in held.items():
            found |= entries(".".join(filter(None, ("model", place, name))), value)
    return found


def entries(name: str, value: Any) -> dict[str, str]:
    """Return how a setting is written; those of a dict of settings by their keys."""
    is_dict = isinstance(value, Mapping) and all(isinstance(k, str) for k in value)
    if not is_dict or not value:
        return {name: written(value)}
    found = {}
    for key, part in value.items():
        found |= entries(f"{name}.{key}", part)
    return found


def attributes_of(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """Yield what a module holds, without what torch keeps there for itself."""
    of_torch = type(module).__module__.partition(".")[0] == "torch"
    for name, value in vars(module).items():
        if name not in OF_TORCH and not (of_torch and name.startswith("_")):
            yield name, value


def is_setting(value: Any, leaves: Any, around: tuple = ()) -> bool:
    """Whether a value is one of some types, or made of nothing else.

    Args:
        value: what an object holds.
        leaves: the types.
        around: the values that it is in; one that holds itself is no setting.
    """
    if isinstance(value, leaves):
        return True
    parts = parts_of(value)
    if parts is None or any(value is one for one in around):
        return False
    return all(is_setting(part, leaves, (*around, value)) for part in parts)


def parts_of(value: Any) -> list | None:
    """Return what is in a list, dict, dataclass or partial; None of another value."""
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if isinstance(value, Mapping):
        return [*value, *value.values()]
    if is_dataclass(value):
        return [getattr(value, field.name, None) for field in fields(value)]
    if isinstance(value, partial):
        return [value.func, value.args, value.keywords]
    return None


def written(value: Any) -> str:
    """Return a short value as it is written, a function by its name, else a hash."""
    if isinstance(value, FUNCTIONS):
        return name_of(value)
    text = repr(value)
    plain = isinstance(value, None | int | float | complex | str)
    return text if plain and len(text) <= SHOWN else hash_of(value)
