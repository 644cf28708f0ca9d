"""Where height and width go in an operation, and what an output position reads."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from edulib.anatomy.op_types import REDUCTIONS
from edulib.anatomy.window import (
    POINT,
    UNKNOWN,
    WHOLE,
    AdaptivePooling,
    InputWindow,
    Interpolation,
    TransposedWindow,
    Window,
)

Axes = tuple[int, int] | None

IMAGE_AXES = (-2, -1)
_PERMUTES = {"permute", "transpose", "t", "movedim", "swapaxes"}
_RESHAPES = {"flatten", "unflatten", "view", "reshape", "squeeze", "unsqueeze"}
_ATTENTION = {"scaled_dot_product_attention", "multi_head_attention_forward"}
_PRODUCTS = {"matmul", "bmm", "baddbmm", "einsum", "roll", "get"}
_TAPS = {"nearest": 1, "nearest-exact": 1, "bilinear": 2, "bicubic": 4, "area": 0}
_SIGNATURES = {
    "conv2d": "input weight bias stride padding dilation groups",
    "conv_transpose2d": (
        "input weight bias stride padding output_padding groups dilation"
    ),
    "max_pool2d": "input kernel_size stride padding dilation",
    "max_pool2d_with_indices": "input kernel_size stride padding dilation",
    "avg_pool2d": "input kernel_size stride padding",
    "lp_pool2d": "input norm_type kernel_size stride",
    "pad": "input pad",
    "interpolate": "input size scale_factor mode",
}


def follow(
    name: str, function: Callable, call: tuple[tuple, dict], source: Tensor, axes: Axes
) -> Callable[[Tensor], tuple[InputWindow, Axes]]:
    """Give a function of the output that tells the reach and the output's axes.

    Args:
        name: plain name of the function.
        function: the function itself.
        call: its arguments, positional and by name.
        source: the activation that it reads (the largest, if there are several).
        axes: which dimensions of `source` are height and width.
    """
    args, kwargs = call
    shape = tuple(source.shape)

    def result(output: Tensor) -> tuple[InputWindow, Axes]:
        if name in _PERMUTES:
            return _permuted(function, args[1:], kwargs, len(shape), axes)
        if axes == IMAGE_AXES and output.ndim == len(shape):
            settings = _settings(name, args, kwargs)
            reach = _spatial(name, settings, shape[-2:], tuple(output.shape[-2:]))
            if reach is not None:
                return reach, axes
        if name == "getitem" and axes is not None and output.ndim == len(shape):
            return _sliced(args[1], len(shape), axes), axes
        return _generic(name, shape, output, axes)

    return result


def _settings(name: str, args: tuple, kwargs: dict) -> dict:
    names = _SIGNATURES.get(name, "").split()
    return dict(zip(names, args, strict=False)) | kwargs


def _spatial(
    name: str, settings: dict, inputs: tuple, outputs: tuple
) -> InputWindow | None:
    """Read the window of convolution, pooling, padding or interpolation."""
    if name in ("conv2d", "conv_transpose2d"):
        return _convolution(name, settings)
    if name.startswith("adaptive_"):
        return AdaptivePooling(inputs, outputs)
    if "pool2d" in name:
        kernel = _pair(settings["kernel_size"])
        return Window(
            kernel,
            _pair(settings.get("stride") or kernel),
            _pair(settings.get("padding", 0)),
            _pair(settings.get("dilation", 1)),
        )
    if name == "pad":
        left, _, top, _, *_ = (*settings["pad"], 0, 0, 0, 0)
        return Window(padding=(top, left))
    if name in ("interpolate", "upsample"):
        taps = _TAPS.get(settings.get("mode", "nearest"), 2)
        scale = (inputs[0] / outputs[0], inputs[1] / outputs[1])
        return Interpolation(scale, taps) if taps else AdaptivePooling(inputs, outputs)
    return None


def _convolution(name: str, settings: dict) -> Window:
    kernel = tuple(settings["weight"].shape[-2:])
    dilation = _pair(settings.get("dilation", 1))
    padding = settings.get("padding", 0)
    if padding == "same":
        extents = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        padding = tuple(extent // 2 for extent in extents)
    elif padding == "valid":
        padding = 0
    shape = TransposedWindow if name == "conv_transpose2d" else Window
    return shape(kernel, _pair(settings.get("stride", 1)), _pair(padding), dilation)


def _permuted(
    function: Callable, args: tuple, kwargs: dict, ndim: int, axes: Axes
) -> tuple[InputWindow, Axes]:
    """Find where the axes went by moving those of a tensor with unequal sides."""
    if axes is None:
        return POINT, None
    probe = torch.empty(tuple(range(2, ndim + 2)), device="meta")
    moved = list(function(probe, *args, **kwargs).shape)
    height, width = (moved.index(ndim + 2 + axis) - ndim for axis in axes)
    return POINT, (height, width)


def _sliced(index: object, ndim: int, axes: tuple[int, int]) -> InputWindow:
    """Follow a crop or a stride, as in `x[:, :, ::2, ::2]`."""
    parts = list(index) if isinstance(index, tuple) else [index]
    if Ellipsis in [part for part in parts if not isinstance(part, Tensor)]:
        at = next(i for i, part in enumerate(parts) if part is Ellipsis)
        parts[at : at + 1] = [slice(None)] * (ndim - len(parts) + 1)
    parts += [slice(None)] * (ndim - len(parts))
    chosen = [parts[axis] for axis in axes]
    if not all(isinstance(part, slice) for part in chosen):
        return UNKNOWN
    starts = tuple(-(part.start or 0) for part in chosen)
    if any(start > 0 for start in starts):
        return UNKNOWN
    return Window(stride=tuple(part.step or 1 for part in chosen), padding=starts)


def _generic(
    name: str, shape: tuple[int, ...], output: Tensor, axes: Axes
) -> tuple[InputWindow, Axes]:
    """Follow what has no window: point by point, over everything, or lost."""
    kept = _kept_axes(shape, tuple(output.shape), axes)
    if name in _ATTENTION:
        return WHOLE, kept
    if axes is None:
        return POINT, None
    if name in _PRODUCTS:
        return UNKNOWN, kept
    if name == "linear" and -1 in axes:
        return WHOLE, None
    if kept is not None:
        return POINT, kept
    is_vector = math.prod(output.shape) == max(output.shape, default=1)
    if name in REDUCTIONS or (name in _RESHAPES and is_vector):
        return WHOLE, axes if output.ndim == len(shape) else None
    return UNKNOWN, None


def _kept_axes(before: tuple[int, ...], after: tuple[int, ...], axes: Axes) -> Axes:
    """Give the axes if the output still has them where they were."""
    if axes is None or len(after) < -min(axes):
        return None
    if len(after) != len(before) and axes != IMAGE_AXES:
        return None
    same = all(before[axis] == after[axis] for axis in axes)
    return axes if same else None


def _pair(value: int | tuple[int, ...] | list[int]) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    return (value[0], value[-1])
