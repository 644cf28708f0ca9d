"""Small data sets as two tensors."""

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from edulib.checks import check_images, describe
from edulib.data.reading import read_item


def as_tensors(dataset: Dataset) -> tuple[Tensor, Tensor]:
    """Put a whole data set into memory.

    A set that has a method ``as_tensors`` and no transforms is asked for its tensors,
    which is much faster than item after item.

    Args:
        dataset: a map-style set whose items are (image, label): images of one size,
            (C, H, W) in [0, 1], and integer labels.

    Returns:
        images: (N, C, H, W) float32.
        labels: (N,) int64.

    Raises:
        ValueError: if there is no item, an item cannot be read or is no pair, the
            images differ in shape or are no floating-point numbers, or the labels are
            no integers.
        OSError: if the file of an item cannot be read.
    """
    if not all(hasattr(dataset, name) for name in ("__getitem__", "__len__")):
        raise ValueError(f"expected a map-style dataset, got {describe(dataset)}")
    whole = getattr(dataset, "as_tensors", None)
    if whole is not None and dataset.transforms is None:
        return whole()
    pairs = [read_item(dataset, k) for k in range(len(dataset))]
    for k, pair in enumerate(pairs):
        _check_pair(k, pair)
    if not pairs:
        raise ValueError("expected at least one pair of image and label, got none")
    images, labels = zip(*pairs, strict=True)
    shapes = {tuple(image.shape) for image in images}
    if len(shapes) > 1:
        raise ValueError(f"expected images of one shape, got {sorted(shapes)}")
    numbers = torch.tensor([int(label) for label in labels])
    return torch.stack(images).as_subclass(Tensor).float(), numbers


def _check_pair(index: int, pair: object) -> None:
    """Refuse an item that is no image and its label."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise ValueError(
            f"expected pairs of image and label, got item {index}: {describe(pair)}"
        )
    image, label = pair
    check_images(image, ndim=3)
    whole = isinstance(label, int | np.integer) or (
        isinstance(label, Tensor) and label.dtype == torch.int64 and label.ndim == 0
    )
    if not whole or isinstance(label, bool):
        raise ValueError(
            f"expected integer labels, got {type(label).__name__} with item {index}"
        )
