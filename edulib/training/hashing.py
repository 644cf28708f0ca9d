"""Hashes of examples and of other values, the same in every process."""

import re
from collections.abc import Mapping, Sequence, Set
from hashlib import sha256
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor

from edulib.checks import is_dense

BYTES = bytes | bytearray | memoryview
NAMED = type | FunctionType | BuiltinFunctionType | ModuleType
SIMPLE = None | int | float | complex | range


def outline(value: Any) -> str:
    """Return shapes and types of an example, without its values."""
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {outline(value[key])}" for key in value) + "}"
    if isinstance(value, list | tuple):
        return "(" + ", ".join(map(outline, value)) + ")"
    return type(value).__name__


def hash_of(value: Any) -> str:
    """Return the first 16 digits of a hash of a value and of all that is in it.

    Everything goes in with its type and its length, so that no value can be read as
    another. Tensors, arrays and pictures are known by their bytes, functions and
    classes by their names; other objects by what would be pickled of them, and what
    cannot be pickled by its ``repr``.
    """
    digest = sha256()
    _add_to(digest, value, ())
    return digest.hexdigest()[:16]


class _Taken(NamedTuple):
    """A value, taken apart: its type, its own bytes, and the values in it."""

    kind: str
    content: bytes | np.ndarray = b""
    parts: Sequence = ()


def _add_to(digest: Any, value: Any, around: tuple) -> None:
    again = any(value is one for one in around)  # a value that holds itself
    kind, content, parts = _Taken("again") if again else _take_apart(value)
    digest.update(f"{kind!r} {len(content)} {len(parts)}:".encode())
    digest.update(content)
    for part in parts:
        _add_to(digest, part, (*around, value))


def _take_apart(value: Any) -> _Taken:
    kind = type(value).__qualname__
    if is_dense(value):
        return _Taken(outline(value), tensor_bytes(value), list(vars(value).items()))
    if isinstance(value, np.ndarray | np.generic):
        return _take_array(value)
    if isinstance(value, str):
        return _Taken(kind, value.encode(errors="surrogatepass"))
    if isinstance(value, BYTES):
        return _Taken(kind, bytes(value))
    if isinstance(value, SIMPLE):
        return _Taken(kind, repr(value).encode())
    if isinstance(value, NAMED):
        return _Taken(kind, name_of(value).encode())
    return _Taken(kind, parts=_parts_of(value))


def name_of(value: Any) -> str:
    """Return the qualified name of a function or class, the name of a module."""
    return getattr(value, "__qualname__", value.__name__)


def _take_array(value: np.ndarray | np.generic) -> _Taken:
    kind = f"{value.dtype} {value.shape}"
    if value.dtype.hasobject:
        return _Taken(kind, parts=np.ravel(value).tolist())
    return _Taken(kind, value.tobytes())


def _parts_of(value: Any) -> Sequence:
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, Set):
        return sorted(map(hash_of, value))  # in the order of no process
    if isinstance(value, Sequence):
        return list(value)
    if isinstance(value, Image):  # of which pickle writes the place of its file, too
        clear = value.info.get("transparency")
        return value.mode, value.size, value.getpalette(), clear, value.tobytes()
    try:
        made = value.__reduce_ex__(2)  # a name, or how it is made, and of what
    except Exception:  # whatever an object's own code raises
        return (without_addresses(repr(value)),)
    if isinstance(made, str):
        return (made,)
    return [list(part) if hasattr(part, "__next__") else part for part in made]


def tensor_bytes(value: Tensor) -> np.ndarray:
    """Return the bytes of a tensor, row by row, (N,) uint8."""
    value = value.detach().cpu().resolve_conj().resolve_neg()
    value = value.dequantize() if value.is_quantized else value
    return value.contiguous().reshape(-1).view(torch.uint8).numpy()


def without_addresses(text: str) -> str:
    """Return a ``repr`` without places in memory, which differ in each run."""
    return re.sub(r" at 0x[0-9a-f]+", "", text)
