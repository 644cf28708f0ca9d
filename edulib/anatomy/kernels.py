"""Kernel, stride and window of a function, read from the arguments of its call."""

import re
from math import prod

from edulib.anatomy.packed import unpacked_settings
from edulib.anatomy.window import (
    UNKNOWN,
    AdaptivePooling,
    InputWindow,
    Interpolation,
    Kernel,
    TransposedWindow,
    Window,
)

Sides = tuple[int, ...]

_POOL = "input kernel_size stride padding"
_SIGNATURES = {
    "conv": "input weight bias stride padding dilation groups",
    "conv_transpose": "input weight bias stride padding output_padding groups dilation",
    "deform_conv": "input weight offset mask bias stride_h stride_w pad_h pad_w "
    "dilation_h dilation_w",
    "max_pool": f"{_POOL} dilation",
    "max_pool_with_indices": f"{_POOL} dilation",
    "avg_pool": f"{_POOL} ceil_mode count_include_pad divisor_override",
    "lp_pool": "input norm_type kernel_size stride",
    "max_unpool": "input indices kernel_size stride padding",
    "fractional_max_pool": "input kernel_size output_size",
    "fractional_max_pool_with_indices": "input kernel_size output_size",
    "adaptive_avg_pool": "input output_size",
    "adaptive_max_pool": "input output_size",
    "adaptive_max_pool_with_indices": "input output_size",
    "interpolate": "input size scale_factor mode align_corners recompute_scale_factor "
    "antialias",
    "upsample": "input size scale_factor mode align_corners",
}
_FREE = ("fractional", "deform")  # their places are drawn, or depend on the image
_RESAMPLINGS = ("interpolate", "upsample")
_MIXED = {"nearest": 1, "nearest-exact": 1, "bicubic": 4, "area": 0}


def spatial_rank(name: str, ndim: int) -> int | None:
    """Return along how many axes a function slides a window; None if along none.

    Args:
        name: plain name of the function, such as "conv2d".
        ndim: dimensions of what it reads, the batch among them.
    """
    if name in _RESAMPLINGS:
        return ndim - 2
    family, rank = _family(name)
    return rank if family in _SIGNATURES else None


def read_settings(name: str, args: tuple, kwargs: dict) -> dict:
    """Return the arguments of a call by name."""
    names = _SIGNATURES.get(_family(name)[0], "").split()
    return unpacked_settings(dict(zip(names, args, strict=False)) | kwargs)


def read_kernel(name: str, settings: dict) -> Kernel | None:
    """Read the kernel of a convolution or pooling; None where there is none."""
    family, rank = _family(name)
    if rank is None:
        return None
    if "conv" in family:
        size = tuple(settings["weight"].shape[-rank:])
        stride = settings.get("stride", 1)
    elif "kernel_size" in settings and family in _SIGNATURES:
        size = _sides(settings["kernel_size"], rank)
        stride = settings.get("stride") or size
    else:
        return None
    dilation = settings.get("dilation", 1)
    if family == "deform_conv":
        stride = settings["stride_h"], settings["stride_w"]
        dilation = settings["dilation_h"], settings["dilation_w"]
    if family.startswith("fractional"):
        stride = 1
    groups = settings.get("groups", 1)
    depthwise = family == "conv" and groups > 1 and settings["weight"].shape[1] == 1
    divisor = settings.get("divisor_override")
    divisor = None if divisor == prod(size) else divisor
    strides, dilations = _sides(stride, rank), _sides(dilation, rank)
    return Kernel(size, strides, dilations, depthwise, divisor)


def read_window(
    name: str, settings: dict, inputs: Sides, outputs: Sides
) -> InputWindow:
    """Read what an output position of a function with a window reads.

    Args:
        name: plain name of the function.
        settings: its arguments by name.
        inputs: sides of what it reads, such as (height, width).
        outputs: sides of what it returns.
    """
    if name in _RESAMPLINGS:
        return _resampling(settings, inputs, outputs)
    family, rank = _family(name)
    if family.startswith("adaptive"):
        return AdaptivePooling(inputs, outputs)
    kernel = read_kernel(name, settings)
    if kernel is None or family.startswith(_FREE):
        return UNKNOWN
    padding = settings.get("padding", 0)
    if padding == "same":
        taps = zip(kernel.size, kernel.dilation, strict=True)
        padding = tuple(dilation * (size - 1) // 2 for size, dilation in taps)
    padding = _sides(0 if padding == "valid" else padding, rank)
    spreads = family in ("conv_transpose", "max_unpool")
    shape = TransposedWindow if spreads else Window
    return shape(kernel.size, kernel.stride, padding, kernel.dilation)


def _resampling(settings: dict, inputs: Sides, outputs: Sides) -> InputWindow:
    mode = settings.get("mode", "nearest")
    mixed = _MIXED.get(mode, 2)
    if not mixed:
        return AdaptivePooling(inputs, outputs)
    antialias = bool(settings.get("antialias"))
    if settings.get("align_corners"):
        sides = zip(inputs, outputs, strict=True)
        scale = tuple((before - 1) / max(1, after - 1) for before, after in sides)
    else:
        scale = _scales(settings, inputs, outputs)
    is_corner = mode == "nearest" or (settings.get("align_corners") and not antialias)
    centre = 0.0 if is_corner else 0.5
    shift = centre if mixed > 1 else 0
    offset = tuple(centre * step - shift for step in scale)
    return Interpolation(scale, offset, mixed, antialias)


def _scales(settings: dict, inputs: Sides, outputs: Sides) -> tuple[float, ...]:
    """Return inputs for one output: the factor that was asked for, or that results."""
    factor = settings.get("scale_factor")
    if factor is None or settings.get("recompute_scale_factor"):
        sides = zip(inputs, outputs, strict=True)
        return tuple(before / after for before, after in sides)
    factors = factor if isinstance(factor, (tuple, list)) else (factor,) * len(inputs)
    plain = (1, 2) if settings.get("mode", "nearest") == "nearest" else ()
    return tuple(  # as torch does: the nearest are copied once or twice where they fit
        before / after if after / before in plain else 1 / float(factor)
        for before, after, factor in zip(inputs, outputs, factors, strict=True)
    )


def _family(name: str) -> tuple[str, int | None]:
    """Split a name: "conv_transpose2d" is ("conv_transpose", 2)."""
    match = re.search(r"([123])d", name)
    if not match:
        return name, None
    return name.replace(match[0], "", 1), int(match[1])


def _sides(value: int | tuple[int, ...] | list[int], rank: int) -> Sides:
    if isinstance(value, int):
        return (value,) * rank
    return tuple(value) if len(value) == rank else (value[0],) * rank
