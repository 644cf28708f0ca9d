"""Which tensors share memory: what is written through one changes the others."""

import torch
from torch import Tensor


def memory_of(tensor: Tensor) -> int | None:
    """Identify the memory of a tensor; None inside of `torch.vmap`, which has none."""
    try:
        return tensor.untyped_storage()._cdata
    except NotImplementedError:
        return None


def overlap(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors of the same memory have a number in common."""
    if not (one.numel() and other.numel()):
        return False
    if one.dtype != other.dtype:
        return True
    (first, last), (start, end) = _span(one), _span(other)
    if last < start or end < first:
        return False
    begin = min(first, start)
    written = torch.zeros(max(last, end) - begin + 1, dtype=torch.bool)
    written.as_strided(one.shape, one.stride(), first - begin).fill_(True)
    return bool(written.as_strided(other.shape, other.stride(), start - begin).any())


def starts_in(
    part: Tensor, whole: Tensor, dims: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Find where a part of a tensor lies in it, in the same memory.

    Args:
        part: such as `whole[:, 1:]`.
        whole: the tensor.
        dims: of the part, from the end.

    Returns:
        The same dimensions of the whole, from the end, and where the part begins along
        them; None if they are no dimensions of it.
    """
    strides = {s: d for d, s in enumerate(whole.stride()) if whole.shape[d] > 1}
    found = [strides.get(part.stride(dim)) for dim in dims]
    left, starts = part.storage_offset() - whole.storage_offset(), {}
    for stride in sorted(strides, reverse=True):
        starts[strides[stride]], left = divmod(left, stride)
    if None in found or left or 0 in strides:
        return None
    ends = (
        starts[dim] + part.shape[own] <= whole.shape[dim]
        for dim, own in zip(found, dims, strict=True)
    )
    if min(starts.values()) < 0 or not all(ends):
        return None
    return tuple(d - whole.ndim for d in found), tuple(starts[d] for d in found)


def _span(tensor: Tensor) -> tuple[int, int]:
    """Return the first and the last place of a tensor's numbers in its memory."""
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    first = tensor.storage_offset()
    return first, first + sum((side - 1) * stride for side, stride in steps)
