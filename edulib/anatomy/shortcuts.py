"""Results that need no search: on the meta device torch takes its longest way to them.

There it computes normalisation, sampling and most functions of single numbers step by
step, which is half of what the trace of a network costs. Where all arguments fit, shape
and strides of the result are plain. Where they do not, or one is of another type than a
rule names, torch itself is asked, and says what is wrong. What the meta device lets
pass and a processor does not is refused: the trace then runs the model on the CPU,
which has the last word.
"""

from collections.abc import Callable, Iterable
from functools import cache
from inspect import signature
from itertools import pairwise
from types import UnionType
from typing import get_args, get_origin, get_type_hints

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import short_norms, short_recurrent
from edulib.anatomy.memory import memory_of
from edulib.anatomy.short_norms import FLOATS, alike, like

_MAPS = 4  # dimensions of a batch of maps
_MATRIX = 2  # dimensions of a weight
_PAIR = 2  # numbers of a place
_HEADED = 3, 4  # dimensions of tokens in a batch, of those of each head
_MODES = ("bilinear", "nearest", "bicubic")
_COPIES = ("nearest", "nearest-exact")
_BORDERS = ("zeros", "border", "reflection")
# What torch takes for a type; else only the type itself: a truth is no number.
_LISTS = (list, tuple, torch.Size)
_TAKEN = {Tensor: (Tensor, nn.Parameter), float: (int, float)}
_TAKEN |= dict.fromkeys((list, tuple), _LISTS)


def plain_result(
    function: Callable, args: tuple, kwargs: dict
) -> Tensor | tuple[Tensor, ...] | None:
    """Return empty tensors like those that a function gives; None if not plain.

    What works in place returns its very input.

    Args:
        function: a function of torch, as `__torch_function__` is given it.
        args: its arguments.
        kwargs: those that are named.

    Raises:
        RuntimeError: if no processor takes these arguments, which the meta device does
            not see.
    """
    rule = _RULES.get(function)
    if rule is None:
        return None
    types = _types(rule)
    named = {**dict(zip(types, args, strict=False)), **kwargs}
    if not all(type(value) in types.get(name, ()) for name, value in named.items()):
        return None
    if not _are_plain(named.values()):
        return None
    try:
        return rule(*args, **kwargs)
    except (TypeError, IndexError):  # called in a way that is no rule's
        return None


@cache
def _types(rule: Callable) -> dict[str, set[type]]:
    """Return the types that torch takes as each argument, in order, as annotated."""
    annotated = get_type_hints(rule)
    hints = {name: annotated[name] for name in signature(rule).parameters}
    return {
        name: {
            kind
            for one in (get_args(hint) if isinstance(hint, UnionType) else (hint,))
            for kind in _TAKEN.get(get_origin(one) or one, (one,))
        }
        for name, hint in hints.items()
    }


def _are_plain(values: Iterable[object]) -> bool:
    """Whether all tensors have only shapes, and are not in `vmap`."""
    return all(
        one.is_meta and memory_of(one) is not None
        for one in values
        if isinstance(one, Tensor)
    )


def _each(input: Tensor, inplace: bool = False) -> Tensor | None:
    """What works on each number by itself keeps the order of the axes."""
    if not inplace:
        return like(input)
    strides = zip(input.shape, input.stride(), strict=True)
    if any(side > 1 and stride == 0 for side, stride in strides):
        raise RuntimeError(
            "expected memory of its own for each number that is written, got strides "
            f"{input.stride()} of shape {tuple(input.shape)}"
        )
    return input if input.dtype in FLOATS and input.numel() else None


def _elu(input: Tensor, alpha: float = 1, inplace: bool = False) -> Tensor | None:
    return _each(input, inplace)


def _leaky_relu(
    input: Tensor, negative_slope: float = 0.01, inplace: bool = False
) -> Tensor | None:
    return _each(input, inplace)


def _softplus(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor | None:
    return like(input)


def _gelu(input: Tensor, approximate: str = "none") -> Tensor | None:
    return like(input) if approximate in ("none", "tanh") else None


def _hardtanh(
    input: Tensor, min_val: float = -1, max_val: float = 1, inplace: bool = False
) -> Tensor | None:
    is_plain = min_val < max_val and alike(input) is not None
    return _each(input, inplace) if is_plain else None


def _relu6(input: Tensor, inplace: bool = False) -> Tensor | None:
    return _hardtanh(input, 0, 6, inplace)


def _clamp(
    input: Tensor, min: float | None = None, max: float | None = None
) -> Tensor | None:
    return None if min is max is None else alike(input)


def _pair(input: Tensor, other: Tensor | float) -> Tensor | None:
    """Two tensors of one layout keep it; else the first rules, if it is the larger."""
    if not isinstance(other, Tensor):
        return alike(input)
    if input.dtype != other.dtype or not _spreads(other.shape, input.shape):
        return None
    is_alike = input.shape == other.shape and input.stride() == other.stride()
    rules = input.is_contiguous() and all(a > b for a, b in pairwise(input.stride()))
    return like(input) if is_alike or rules else None


def _spreads(sides: torch.Size, over: torch.Size) -> bool:
    """Whether a tensor of some sides is repeated to the shape of another."""
    ends = zip(reversed(sides), reversed(over), strict=False)
    return len(sides) <= len(over) and all(a in (1, b) for a, b in ends)


def _linear(
    input: Tensor, weight: Tensor, /, bias: Tensor | None = None
) -> Tensor | None:
    """Take tokens in the usual order, and give them so."""
    held = [weight] if bias is None else [weight, bias]
    if input.ndim == 0 or weight.ndim != _MATRIX or like(input) is None:
        return None
    fits = weight.shape[1] == input.shape[-1] and held[-1].shape[:1] == weight.shape[:1]
    is_plain = input.is_contiguous() and held[-1].ndim in (1, weight.ndim)
    if not (fits and is_plain) or any(one.dtype != input.dtype for one in held):
        return None
    return input.new_empty((*input.shape[:-1], len(weight)))


def _attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    /,
    attn_mask: None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
) -> Tensor | None:
    """Attention without a mask puts the axes in the usual order."""
    given = query, key, value
    is_alike = len({(one.dtype, one.shape[:-2]) for one in given}) == 1
    fits = query.shape[-1] == key.shape[-1] and key.shape[-2] == value.shape[-2]
    is_plain = attn_mask is None and dropout_p == 0 and not is_causal
    if not (is_alike and fits and is_plain) or query.ndim not in _HEADED:
        return None
    if query.dtype not in FLOATS or not all(one.numel() for one in given):
        return None
    return query.new_empty((*query.shape[:-1], value.shape[-1]))


def _grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor | None:
    if input.dtype not in FLOATS or input.dtype != grid.dtype:
        raise NotImplementedError(
            f"expected floats of one type, got {input.dtype} and {grid.dtype}"
        )
    if 0 in input.shape[2:]:
        raise RuntimeError(f"expected sides of at least 1, got {tuple(input.shape)}")
    is_plain = input.ndim == grid.ndim == _MAPS and grid.shape[-1] == _PAIR
    is_known = mode in _MODES and padding_mode in _BORDERS
    if not (is_plain and is_known) or len(input) != len(grid):
        return None
    return input.new_empty((*input.shape[:2], *grid.shape[1:3]))


def _interpolate(
    input: Tensor,
    size: int | tuple[int, ...] | None = None,
    scale_factor: float | tuple[float, ...] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor | None:
    """Smoothing, which torch knows the shape of, gives the same shape."""
    is_copy = mode in _COPIES and align_corners is None
    is_plain = input.ndim == _MAPS and input.dtype in FLOATS and not antialias
    if not is_plain or not (is_copy or mode in ("bilinear", "bicubic")):
        return None
    given = size, scale_factor, "bilinear", align_corners, recompute_scale_factor
    return F.interpolate(input, *given, antialias=True)


_EACH = (
    *(F.relu, torch.relu, Tensor.relu, F.hardswish, F.hardsigmoid, F.silu),
    *(F.mish, F.selu),
)
_PAIRS = (
    *(torch.add, Tensor.add, torch.sub, Tensor.sub),
    *(torch.mul, Tensor.mul, torch.div, Tensor.div),
)
_RULES: dict[Callable, Callable[..., Tensor | tuple[Tensor, ...] | None]] = {
    F.batch_norm: short_norms.batch_norm,
    F.layer_norm: short_norms.layer_norm,
    F.rms_norm: short_norms.rms_norm,
    F.group_norm: short_norms.group_norm,
    F.instance_norm: short_norms.instance_norm,
    F.normalize: short_norms.normalize,
    F.grid_sample: _grid_sample,
    F.interpolate: _interpolate,
    F.gelu: _gelu,
    F.linear: _linear,
    F.scaled_dot_product_attention: _attention,
    F.elu: _elu,
    F.hardtanh: _hardtanh,
    F.relu6: _relu6,
    F.leaky_relu: _leaky_relu,
    F.softplus: _softplus,
    torch.lstm: short_recurrent.lstm,
    torch.gru: short_recurrent.gru,
    torch.rnn_tanh: short_recurrent.gru,
    torch.rnn_relu: short_recurrent.gru,
    torch.clamp: _clamp,
    Tensor.clamp: _clamp,
    **dict.fromkeys(_EACH, _each),
    **dict.fromkeys(_PAIRS, _pair),
}
