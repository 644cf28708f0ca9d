"""Where numbers lie in the tensor with which a row of views began.

A dimension is a list of parts, outermost first: each has a size, and a stride in the
tensor at the beginning.
"""

from math import prod

from torch import Tensor

from edulib.anatomy.op_types import PERMUTES

Part = tuple[int, int]
Dims = list[list[Part]]
Shape = tuple[int, ...]


def strided(shape: Shape) -> list[Part]:
    """Return size and stride of each dimension at the beginning."""
    return [(side, prod(shape[dim + 1 :])) for dim, side in enumerate(shape)]


def unmoved(shape: Shape) -> Dims:
    """Return the parts at the beginning; a dimension of one number has none."""
    return [[part] if part[0] > 1 else [] for part in strided(shape)]


def viewed(dims: Dims, name: str, source: Tensor, output: Tensor) -> Dims | None:
    """Follow the parts of each dimension through a view; None if that cannot be.

    Args:
        dims: of what the view reads.
        name: of the view.
        source: what it reads.
        output: what it gives.
    """
    if name in PERMUTES:
        return _permuted(dims, source, output)
    return _cut([part for dim in dims for part in dim], tuple(output.shape))


def _permuted(dims: Dims, source: Tensor, output: Tensor) -> Dims | None:
    """Find where dimensions went: each keeps its size and its stride in memory."""
    left = list(zip(source.shape, source.stride(), dims, strict=True))
    found: Dims = []
    for side, stride in zip(output.shape, output.stride(), strict=True):
        at = next((k for k, d in enumerate(left) if d[:2] == (side, stride)), None)
        if at is None:
            return None
        found.append(left.pop(at)[2])
    return found


def _cut(parts: list[Part], shape: Shape) -> Dims | None:
    """Deal parts out, in order, to the dimensions of another shape."""
    parts = joined(parts)
    dims: Dims = []
    for side in reversed(shape):
        dim: list[Part] = []
        while side > 1:
            if not parts:
                return None
            size, stride = parts.pop()
            inner = min(side, size)
            if size % inner or side % inner:
                return None
            if size > inner:
                parts.append((size // inner, stride * inner))
            dim.insert(0, (inner, stride))
            side //= inner
        dims.insert(0, dim)
    return None if parts else dims


def joined(parts: list[Part]) -> list[Part]:
    """Join parts that lie in one row in the tensor at the beginning."""
    found: list[Part] = []
    for size, stride in parts:
        if size == 1:
            continue
        if found and found[-1][1] == size * stride:
            size *= found.pop()[0]
        found.append((size, stride))
    return found


def owners(part: Part, shape: Shape) -> set[int]:
    """Return the dimensions at the beginning in which a part lies."""
    size, stride = part
    return {
        dim
        for dim, (side, step) in enumerate(strided(shape))
        if side > 1 and step < size * stride and stride < side * step
    }
