"""Hashes of examples and of other values, the same in every process."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from torch import Tensor


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
    """Return the first 16 digits of a hash of a value, tensors in it by their bytes."""
    digest = sha256()
    _add_to(digest, value)
    return digest.hexdigest()[:16]


def _add_to(digest: Any, value: Any) -> None:
    if isinstance(value, Tensor):
        digest.update(outline(value).encode())
        digest.update(tensor_bytes(value))
    elif isinstance(value, Mapping):
        _add_to(digest, list(value.items()))
    elif isinstance(value, list | tuple):
        digest.update(f"{len(value)} of".encode())
        for part in value:
            _add_to(digest, part)
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        digest.update(f"{value.dtype} {value.shape}".encode())
        digest.update(value.tobytes())
    elif isinstance(value, np.ndarray):
        _add_to(digest, value.tolist())
    else:
        digest.update(without_addresses(repr(value)).encode())


def tensor_bytes(value: Tensor) -> np.ndarray:
    """Return the bytes of a tensor, row by row, (N,) uint8."""
    flat = value.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy()


def without_addresses(text: str) -> str:
    """Return a ``repr`` without places in memory, which differ in each run."""
    return re.sub(r" at 0x[0-9a-f]+", "", text)
