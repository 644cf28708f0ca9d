"""Tensors in nested values, and the names under which they are found there."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from torch import Tensor, nn

_SINGLE = (int, float, bool, str, type(None))  # whether they are mappings is known


def tensors_in(value: object) -> Iterator[Tensor]:
    """Find the tensors in nested tuples, lists and dictionaries."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from tensors_in(item)
    elif type(value) not in _SINGLE and isinstance(value, Mapping):
        for item in value.values():
            yield from tensors_in(item)


def named_tensors(value: object) -> list[tuple[str, Tensor]]:
    """List the tensors in a value of any structure, by dotted name.

    Args:
        value: a tensor (its name is ""), or nested dictionaries, sequences, named
            tuples, dataclasses and other objects that hold tensors.
    """
    return list(_walk("", value, frozenset()))


def _walk(
    name: str, value: object, around: frozenset[int]
) -> Iterator[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        yield name, value
    elif id(value) not in around:
        for key, item in _items(value):
            inner = f"{name}.{key}" if name else str(key)
            yield from _walk(inner, item, around | {id(value)})


def _items(value: object) -> list[tuple[object, object]]:
    """List what a value holds, each with its key."""
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return list(zip(value._fields, value, strict=True))
    if isinstance(value, (tuple, list)):
        return list(enumerate(value))
    if is_dataclass(value) and not isinstance(value, type):
        return [(item.name, getattr(value, item.name)) for item in fields(value)]
    if isinstance(value, (nn.Module, type)) or callable(value):
        return []
    return list(getattr(value, "__dict__", {}).items())
