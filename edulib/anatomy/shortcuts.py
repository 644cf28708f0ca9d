"""Shapes that need no search: on the meta device torch takes its longest way to them.

There it computes normalisation and sampling step by step, which is half of what the
trace of a network costs. Where all arguments fit, the shape of the result is plain;
where they do not, torch itself is asked, and says what is wrong.
"""

from collections.abc import Callable

import torch
from torch import Tensor

_MAPS = 4  # dimensions of a batch of maps
_PAIR = 2  # numbers of a place
_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}  # by dimensions


def plain_result(name: str, args: tuple, kwargs: dict) -> Tensor | None:
    """Return an empty tensor of the shape that a function gives; None if not plain.

    Args:
        name: plain name of the function.
        args: its arguments.
        kwargs: those that are named.
    """
    rule = _RULES.get(name)
    first = args[0] if args else kwargs.get("input")
    if rule is None or not isinstance(first, Tensor) or not first.is_meta:
        return None
    try:
        return rule(*args, **kwargs)
    except (TypeError, IndexError):  # called in a way that is no rule's
        return None


def _batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor | None:
    if training or running_mean is None or running_var is None:
        return None
    if not _fit(input.shape[1:2], (running_mean, running_var, weight, bias)):
        return None
    order = _LAST.get(input.ndim)
    is_last = order is not None and input.is_contiguous(memory_format=order)
    order = order if is_last else torch.contiguous_format
    return torch.empty_like(input, memory_format=order)


def _layer_norm(
    input: Tensor,
    normalized_shape: list[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor | None:
    sides = input.shape[-len(normalized_shape) :]
    is_plain = tuple(sides) == tuple(normalized_shape) and _fit(sides, (weight, bias))
    return input.new_empty(input.shape) if is_plain else None


def _fit(sides: torch.Size, held: tuple[Tensor | None, ...]) -> bool:
    return all(one is None or one.shape == sides for one in held)


def _grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor | None:
    is_plain = input.ndim == grid.ndim == _MAPS and grid.shape[-1] == _PAIR
    if not is_plain or len(input) != len(grid):
        return None
    return input.new_empty((*input.shape[:2], *grid.shape[1:3]))


_RULES: dict[str, Callable[..., Tensor | None]] = {
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "grid_sample": _grid_sample,
}
