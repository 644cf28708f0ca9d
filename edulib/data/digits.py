"""Handwritten digits: the real ones that are shipped with scikit-learn."""

from collections.abc import Callable
from functools import cache

import torch
from torch.nn.functional import interpolate
from torch.utils.data import Dataset

from edulib.checks import check_whole

SPLITS = ("train", "test")
TEST_EVERY = 5  # every fifth picture of a digit is held out


class Digits(Dataset):
    """1,797 handwritten digits of 8 x 8 pixels, written by 13 people.

    Each pixel counts the ink in 4 x 4 pixels of a larger bitmap, 0 to 16.

    The split is deterministic and stratified: of each digit's pictures, in their
    published order, every fifth is held out: 1,442 train and 355 test. Every writer's
    digits are in both.

    Args:
        split: "train" or "test".
        image_size: side of the pictures: 8, or up to 32 by cubic interpolation.
        transforms: called as ``transforms(image, label)``.

    Shape:
        - image: ``Image`` (1, image_size, image_size) float32 in [0, 1], ink is 1
        - label: int, the digit

    Raises:
        ValueError: if the split is unknown or the size outside 8 to 32.

    Source: the test part of "Optical Recognition of Handwritten Digits", Alpaydin and
    Kaynak, 1998, written by 13 of its 43 writers, CC BY 4.0.
    https://archive.ics.uci.edu/dataset/80

    Example:
        >>> image, label = Digits("train", image_size=16)[0]
        >>> tuple(image.shape), label
        ((1, 16, 16), 0)
    """

    classes = tuple("0123456789")

    def __init__(
        self,
        split: str = "train",
        image_size: int = 8,
        transforms: Callable | None = None,
    ) -> None:
        if split not in SPLITS:
            raise ValueError(f"expected a split out of {SPLITS}, got {split!r}")
        check_whole("an image size", image_size, 8, 32)
        images, labels = _all_digits()
        chosen = _held_out(labels) == (split == "test")
        self.images = _resized(images[chosen], image_size)
        self.labels = labels[chosen]
        self.transforms = transforms

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        """One picture and its digit, transformed."""
        from torchvision import tv_tensors

        image = tv_tensors.Image(self.images[index])
        label = int(self.labels[index])
        return self.transforms(image, label) if self.transforms else (image, label)

    def as_tensors(self) -> tuple[torch.Tensor, torch.Tensor]:
        """All pictures (N, 1, H, W) float32 and labels (N,) int64, untransformed."""
        return self.images.clone(), self.labels.clone()


@cache
def _all_digits() -> tuple[torch.Tensor, torch.Tensor]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32) / 16
    return images[:, None], torch.tensor(digits.target, dtype=torch.int64)


def _held_out(labels: torch.Tensor) -> torch.Tensor:
    """Which pictures the test split holds: every fifth of each digit."""
    held_out = torch.zeros(len(labels), dtype=torch.bool)
    for digit in range(10):
        held_out[(labels == digit).nonzero()[TEST_EVERY - 1 :: TEST_EVERY]] = True
    return held_out


def _resized(images: torch.Tensor, size: int) -> torch.Tensor:
    if size == images.shape[-1]:
        return images
    large = interpolate(images, (size, size), mode="bicubic", align_corners=False)
    return large.clamp(0, 1)
