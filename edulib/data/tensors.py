"""Small data sets as two tensors."""

import torch
from torch import Tensor
from torch.utils.data import Dataset


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
        ValueError: if the images differ in shape or the labels are no integers.
    """
    whole = getattr(dataset, "as_tensors", None)
    if whole is not None and dataset.transforms is None:
        return whole()
    images, labels = zip(*(dataset[k] for k in range(len(dataset))), strict=True)
    shapes = {tuple(image.shape) for image in images}
    if len(shapes) > 1:
        raise ValueError(f"expected images of one shape, got {sorted(shapes)}")
    if not all(isinstance(label, int) for label in labels):
        raise ValueError(f"expected integer labels, got {type(labels[0]).__name__}")
    return torch.stack(images).as_subclass(Tensor), torch.tensor(labels)
