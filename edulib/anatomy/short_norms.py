"""The result of each normalisation of torch, on shapes alone.

Each function takes what torch's of the same name takes, and returns an empty tensor,
or None where the result is not plain. `shortcuts` says when they are asked.
"""

import torch
from torch import Tensor
from torch._prims_common import is_non_overlapping_and_dense_or_false as _is_full
from torch._prims_common import suggest_memory_format as _order

_HALVES = (torch.float16, torch.bfloat16)
FLOATS = (*_HALVES, torch.float32, torch.float64)


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor | None:
    """Keep the order of the axes of maps, the usual one wherever that is possible."""
    held = running_mean, running_var, weight, bias
    _check_types(input, held)
    is_many = input.numel() > input.shape[1]  # numbers of a channel
    if training:
        is_plain = running_mean is running_var is None and is_many
    else:
        is_plain = running_mean is not None and running_var is not None
    if not is_plain or eps < 0 or not _fit(input, input.shape[1:2], held):
        return None
    if input.is_contiguous():
        return input.new_empty(input.shape)
    found = torch.empty_like(input, memory_format=_order(input))
    return found if _is_told(input, found) else None


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor | None:
    """Keep the order of the axes of maps."""
    held = weight, bias
    _check_types(input, held)
    is_cut = num_groups > 0 and input.shape[1] % num_groups == 0
    is_plain = is_cut and input.numel() > num_groups
    if not is_plain or not _fit(input, input.shape[1:2], held):
        return None
    return torch.empty_like(input, memory_format=_order(input))


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor | None:
    """Put the axes in the usual order."""
    held = weight, bias
    _check_types(input, held)
    is_plain = running_mean is running_var is None and use_input_stats
    has_sides = input.shape[2:].numel() > 1
    if not (is_plain and has_sides and _fit(input, input.shape[1:2], held)):
        return None
    return input.new_empty(input.shape)


def layer_norm(
    input: Tensor,
    normalized_shape: list[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor | None:
    """Put the axes in the usual order."""
    held = weight, bias
    _check_types(input, held)
    sides = input.shape[-len(normalized_shape) :]
    is_whole = all(type(side) is int for side in normalized_shape)
    is_plain = is_whole and 0 < len(sides) and tuple(sides) == tuple(normalized_shape)
    if not is_plain or not _fit(input, sides, held):
        return None
    return input.new_empty(input.shape)


def rms_norm(
    input: Tensor,
    normalized_shape: list[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor | None:
    """Do as layer normalisation, over the last side of tokens in the usual order."""
    is_plain = input.ndim < 4 and input.is_contiguous() and len(normalized_shape) == 1
    is_alike = weight is None or weight.dtype == input.dtype
    if not is_plain or not is_alike or alike(input) is None:
        return None
    return layer_norm(input, normalized_shape, weight)


def normalize(
    input: Tensor,
    p: float = 2.0,
    dim: int = 1,
    eps: float = 1e-12,
    out: Tensor | None = None,
) -> Tensor | None:
    """Take its last step alone: the division by the lengths."""
    if input.ndim == 0 or out is not None or alike(input) is None:
        return None
    return input / input.narrow(dim, 0, 1).expand_as(input)


def like(input: Tensor) -> Tensor | None:
    """Return an empty tensor in the order of the axes of floats, if that is sure."""
    if input.dtype not in FLOATS or not input.numel():
        return None
    is_last = _order(input) is not torch.contiguous_format
    if input.is_contiguous():
        return None if is_last else input.new_empty(input.shape)
    found = torch.empty_like(input)
    is_sure = is_last or _is_told(input, found) or not _is_full(input)
    return found if is_sure else None


def alike(input: Tensor) -> Tensor | None:
    """Return what `like` does, if sides of 1 do not leave even the usual order open."""
    found = like(input)
    is_sure = found is None or not input.is_contiguous() or _is_told(input, found)
    return found if is_sure else None


def _is_told(input: Tensor, found: Tensor) -> bool:
    """Whether strides say where each side lies: those of a side of 1 may be any."""
    return 1 not in input.shape or input.stride() == found.stride()


def _check_types(input: Tensor, held: tuple[Tensor | None, ...]) -> None:
    """Refuse what is no float, and weights of another type than halves may have."""
    types = {one.dtype for one in held if one is not None}
    if input.numel() == 0:  # there is nothing to compute
        return
    if input.dtype not in FLOATS:
        raise NotImplementedError(f"normalisation is not implemented for {input.dtype}")
    is_alone = input.dtype in _HALVES and types == {torch.float32}
    if not is_alone and not types <= {input.dtype}:
        raise RuntimeError(
            f"mixed dtype: all inputs must share same datatype, got {input.dtype} "
            f"and {', '.join(map(str, types))}"
        )


def _fit(input: Tensor, sides: torch.Size, held: tuple[Tensor | None, ...]) -> bool:
    """Whether there are numbers to normalise, and all that is held has its sides."""
    return input.numel() > 0 and all(one is None or one.shape == sides for one in held)
