"""Images in grids, and boxes and masks drawn over them."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from edulib.checks import check_number, check_whole, describe, has_numbers
from edulib.drawing.objects import check_boxes, check_masks
from edulib.drawing.style import SERIES
from edulib.models.ops.checks import check_sides

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure


# Bicubic and Lanczos resampling overshoot black and white. More than that is another
# scale: these are what Lanczos makes of the worst pictures of black and white pixels.
FURTHEST = 0.71  # of one value; on photographs 0.2
CUT = 0.09  # in the mean over all values; on photographs 0.001
ROUNDING = 0.01  # of the mean of all values, which no resampling moves outside
_SMALLEST = 0.1  # inches of a picture
LARGEST = 10  # which normalized values do not reach, and those of bytes do


def normalize_image(x: Tensor) -> Tensor:
    """Stretch any tensor to [0, 1]; a constant one becomes mid-grey.

    Args:
        x: real numbers; of others than floating-point ones comes float32.

    Shape:
        - Input and output: any, the same.

    Raises:
        ValueError: if it is no dense tensor of real numbers, or one is NaN or infinite.
    """
    x = _real(x)
    if not x.numel():
        return x.clone()
    low, high = x.min(), x.max()
    if low == high:
        return torch.full_like(x, 0.5)
    if (high - low).isinf():
        x, low, high = x / 2, low / 2, high / 2
    return (x - low) / (high - low)


def normalize_signed(x: Tensor) -> Tensor:
    """Scale a signed tensor to [0, 1] so that 0 becomes mid-grey, 0.5.

    Use it for filters and reconstructions, whose sign means something.

    Args:
        x: real numbers; of others than floating-point ones comes float32.

    Shape:
        - Input and output: any, the same.

    Raises:
        ValueError: if it is no dense tensor of real numbers, or one is NaN or infinite.
    """
    x = _real(x)
    if not x.numel():
        return x.clone()
    peak = x.abs().max()
    if peak == 0:
        return torch.full_like(x, 0.5)
    return 0.5 + 0.5 * (x / peak)


def _real(x: Tensor) -> Tensor:
    """Return finite numbers in a type that can be calculated with."""
    if not has_numbers(x):
        raise ValueError(f"expected a tensor of real numbers, got {describe(x)}")
    if not x.is_floating_point() or x.element_size() == 1:
        x = x.float()
    _check_finite(x, "finite numbers")
    return x


def show_images(
    images: Tensor | Sequence[Tensor],
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    cell: float = 1.3,
) -> "Figure":
    """Show images in a grid, row by row.

    Args:
        images: values in [0, 1], or bytes from 0 to 255; one channel (grey) or three
            (RGB). What resampling adds below black and above white is cut off.
        titles: a line over each image.
        columns: images in a row; as many as fit into the page by default.
        cell: side of a picture, in inches (the page is about 7.2 wide).

    Shape:
        - images: (N, C, H, W), or N tensors (C, H, W), with C = 1 or 3

    Raises:
        ValueError: if there are no images, a shape or the values are not as above,
            there is not one title for each image, or columns or cell are none.
    """
    import matplotlib.pyplot as plt

    cell = check_number("a cell in inches", cell, _SMALLEST)
    if columns is not None:
        check_whole("columns", columns, 1)
    pictures = [as_picture(image) for image in images]
    if not pictures:
        raise ValueError("expected at least one image, got none")
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(
            f"expected a title for each of {len(pictures)} images, got {len(titles)}"
        )
    columns = min(len(pictures), columns or max(1, int(7.2 // cell)))
    rows = math.ceil(len(pictures) / columns)
    height = cell + (0.28 if titles else 0.04)
    figure, axes = plt.subplots(
        rows, columns, figsize=(cell * columns, height * rows), squeeze=False
    )
    for axis in axes.flat:
        axis.axis("off")
    for k, (axis, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
        axis.imshow(picture, vmin=0, vmax=1)
        if titles is not None:
            axis.set_title(titles[k], fontsize=9, weight="normal", loc="center", pad=3)
    return figure


def draw_boxes(
    image: Tensor, boxes_xyxy: Tensor, labels: Sequence[str] | None = None
) -> Tensor:
    """Draw boxes, each in its colour, over a copy of an image.

    Args:
        image: RGB values in [0, 1], or bytes from 0 to 255.
        boxes_xyxy: left, top, right, bottom, in pixels.
        labels: a word for each box.

    Shape:
        - image: (3, H, W)
        - boxes_xyxy: (N, 4)
        - Output: (3, H, W), in [0, 1]

    Raises:
        ValueError: if the boxes have another shape, are not finite or none of xyxy, a
            label is no word, or the image holds other values.
    """
    from torchvision.utils import draw_bounding_boxes

    image = _unit_range(image, (1, 3))
    check_boxes(boxes_xyxy)
    check_sides(boxes_xyxy.float())
    _check_words(labels)
    if len(boxes_xyxy) == 0:
        return image.clone()
    return draw_bounding_boxes(
        image,
        boxes_xyxy,
        labels=None if labels is None else list(labels),
        colors=_colors(len(boxes_xyxy)),
        width=max(1, round(max(image.shape[-2:]) / 96)),
    )


def draw_masks(image: Tensor, masks: Tensor, alpha: float = 0.5) -> Tensor:
    """Tint the pixels of each mask in its colour, over a copy of an image.

    Args:
        image: RGB values in [0, 1], or bytes from 0 to 255.
        masks: True where the object is.
        alpha: share of the tint, from 0 (unseen) to 1 (opaque).

    Shape:
        - image: (3, H, W)
        - masks: (N, H, W)
        - Output: (3, H, W), in [0, 1]

    Raises:
        ValueError: if the masks have another size or are not of True and False, alpha
            is no share, or the image holds other values.
    """
    from torchvision.utils import draw_segmentation_masks

    alpha = check_number("alpha, a share of the tint", alpha, 0, 1)
    image = _unit_range(image, (3,))
    check_masks(masks, *image.shape[-2:])
    if len(masks) == 0:
        return image.clone()
    colors = _colors(len(masks))
    return draw_segmentation_masks(image, masks.bool(), alpha=alpha, colors=colors)


def _unit_range(image: Tensor, channels: tuple[int, ...]) -> Tensor:
    """Return an image (C, H, W) as float32 in [0, 1], from floats, bytes or booleans.

    Raises:
        ValueError: if it is no dense tensor of real numbers with as many channels or
            empty, holds other integers, floats of another scale, or what is no finite
            number.
    """
    is_shaped = isinstance(image, Tensor) and image.ndim == 3
    if not is_shaped or image.shape[0] not in channels:
        shapes = " or ".join(f"({number}, H, W)" for number in channels)
        raise ValueError(f"expected an image {shapes}, got {describe(image)}")
    if image.is_complex():
        raise ValueError(
            f"expected values in [0, 1] or bytes, got {image.dtype}: take its .abs()"
        )
    if not has_numbers(image) or not image.numel():
        raise ValueError(
            f"expected an image as a tensor with pixels in it, got {describe(image)}"
        )
    if image.dtype == torch.uint8:
        return image.float() / 255
    if image.dtype != torch.bool and not image.is_floating_point():
        raise ValueError(
            f"expected values in [0, 1] or bytes, got {image.dtype}: "
            "divide by the value of white"
        )
    _check_finite(image, "values in [0, 1]")
    _check_scale(image.float())
    return image.float().clamp(0, 1)


def _check_words(labels: Sequence[str] | None) -> None:
    for label in labels or ():
        if not isinstance(label, str | None):
            raise ValueError(f"expected a word for each box, got {label!r}")


def _check_finite(x: Tensor, wanted: str) -> None:
    """Refuse NaN and infinite numbers."""
    if not x.isfinite().all():
        raise ValueError(f"expected {wanted}, got {x[~x.isfinite()][0].item()}")


def _check_scale(image: Tensor) -> None:
    """Refuse values that no resampling of black to white gives: it is another scale."""
    cut = (image - image.clamp(0, 1)).abs()
    is_central = -ROUNDING <= image.mean() <= 1 + ROUNDING
    if is_central and cut.max() <= FURTHEST and cut.mean() <= CUT:
        return
    low, high = image.min().item(), image.max().item()
    remedy = (
        "undo the normalization, or take normalize_image or normalize_signed; of a "
        "noisy image, take image.clamp(0, 1)"
    )
    if low >= 0 or high > LARGEST:
        remedy = "divide by the value of white"
    raise ValueError(
        f"expected values in [0, 1], got {low:.4g} to {high:.4g}: {remedy}"
    )


def as_picture(image: Tensor) -> "np.ndarray":
    """Turn (1, H, W) into (H, W) and (3, H, W) into (H, W, 3) for matplotlib."""
    image = _unit_range(image, (1, 3)).detach().cpu()
    return (image[0] if len(image) == 1 else image.movedim(0, -1)).numpy()


def _colors(count: int) -> list[str]:
    return [SERIES[k % (len(SERIES) - 1)] for k in range(count)]
