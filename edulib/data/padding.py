"""Images of different sizes as one batch."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from edulib.checks import check_images, check_whole, describe


def pad_images(images: Sequence[Tensor], multiple: int = 1) -> Tensor:
    """Stack images of different sizes, filled with zeros on the right and below.

    Boxes stay as they are: places are counted from the upper left corner. Masks are
    brought to the same size by :func:`pad_maps`.

    Args:
        images: (C, H, W) each, of as many channels, floating point.
        multiple: what height and width of the batch are multiples of, as networks with
            a pyramid of maps want it: 32, say.

    Returns:
        (B, C, H, W): the largest height and width, rounded up.

    Raises:
        ValueError: if there are no images, they are none, their channels differ, or
            the multiple is below 1.

    Example:
        >>> pad_images([torch.rand(3, 40, 64), torch.rand(3, 60, 30)], 32).shape
        torch.Size([2, 3, 64, 64])
    """
    check_whole("a multiple", multiple, 1)
    for image in images:
        check_images(image, ndim=3)
    channels = {tuple(image.shape[:-2]) for image in images}
    if len(channels) != 1:
        raise ValueError(
            "expected images (C, H, W) of as many channels, got "
            f"{' and '.join(map(describe, images)) or 'none'}"
        )
    height, width = (
        -(-max(image.shape[axis] for image in images) // multiple) * multiple
        for axis in (-2, -1)
    )
    return torch.stack([pad_maps(image, height, width) for image in images])


def pad_maps(maps: Tensor, height: int, width: int) -> Tensor:
    """Fill images or masks with zeros on the right and below.

    Args:
        maps: (..., H, W) of any type.
        height: of the result in pixels, at least H.
        width: as height, at least W.

    Raises:
        ValueError: if the maps are larger.
    """
    down, right = height - maps.shape[-2], width - maps.shape[-1]
    if min(down, right) < 0:
        raise ValueError(
            f"expected maps of at most {height} x {width} pixels, got {describe(maps)}"
        )
    return F.pad(maps.as_subclass(Tensor), (0, right, 0, down))
