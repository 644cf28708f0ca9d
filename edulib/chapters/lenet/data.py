"""The digits of some writers to learn from, those of the others held out."""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from edulib.data.splits import Split

# Where a series of about 130 digits begins in scikit-learn's file: 0 to 9 in order,
# then mixed, again and again. 13 people wrote 14 series; so scikit-learn's course.
SERIES = (0, 130, 256, 386, 516, 646, 776, 915, 1029, 1157, 1287, 1415, 1545, 1667)
FOLDS = ((0, 5), (5, 10), (10, 14))
"""Series that are held out together: 646, 641 and 510 digits."""


def new_writers(
    fold: int = 2, copies: int = 0, noise: float = 0.0, shift: int = 0
) -> Split:
    """Return digits to learn from, and those of other writers.

    They fill at most 20 x 20 pixels in the middle of 32 x 32, ink 1 on paper 0.

    Args:
        fold: which series are held out.
        copies: distorted copies of each training image that are added.
        noise: share of the pixels of training images that are inverted.
        shift: pixels by which the held-out digits are moved, once up and once down.
    """
    images, labels = _digits()
    bounds = (*SERIES, len(labels))
    first, last = (bounds[series] for series in FOLDS[fold])
    held_out = torch.zeros(len(labels), dtype=torch.bool)
    held_out[first:last] = True
    generator = torch.Generator().manual_seed(fold)
    known, names = images[~held_out], labels[~held_out]
    copied = [distort(known, generator) for _ in range(copies)]
    known = torch.cat([known, *copied])
    if noise:
        inverted = torch.rand(known.shape, generator=generator) < noise
        known = torch.where(inverted, 1 - known, known)
    unseen, answers = images[held_out], labels[held_out]
    if shift:
        unseen = torch.cat([move_down(unseen, step) for step in (-shift, shift)])
        answers = answers.repeat(2)
    return (known, names.repeat(copies + 1)), (unseen, answers)


def distort(images: Tensor, generator: torch.Generator) -> Tensor:
    """Move, scale, squeeze and shear each image a little, as section III.B does.

    The paper gives no amounts: ours are up to 2 pixels, 15 in 100, 15 in 100 and a
    slope of 0.3.

    Args:
        images: (B, C, H, W).
        generator: draws the amounts.
    """

    def draw(most: float) -> Tensor:
        return most * (2 * torch.rand(len(images), generator=generator) - 1)

    scale, squeeze, shear = 1 + draw(0.15), 1 + draw(0.15), draw(0.3)
    wide, high = scale * squeeze, scale / squeeze
    right, down = draw(2 * 2 / images.shape[3]), draw(2 * 2 / images.shape[2])
    nothing = torch.zeros(len(images))
    rows = [
        torch.stack(row, 1) for row in ((wide, shear, right), (nothing, high, down))
    ]
    grid = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def move_down(images: Tensor, pixels: int) -> Tensor:
    """Move images (B, C, H, W) down; what leaves at the edge is lost."""
    size = images.shape[2]
    padded = F.pad(images, (0, 0, abs(pixels), abs(pixels)))
    first = abs(pixels) - pixels
    return padded[:, :, first : first + size]


@cache
def _digits() -> tuple[Tensor, Tensor]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    small = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16
    large = F.interpolate(small, (20, 20), mode="bicubic", align_corners=False)
    images = F.pad(large.clamp(0, 1), (6, 6, 6, 6))
    return images, torch.tensor(digits.target, dtype=torch.int64)
