"""Measures of maps with one class for each pixel: the confusion matrix, and IoU."""

import torch
from torch import Tensor

from edulib.checks import check_whole, describe


def confusion_matrix(
    predictions: Tensor,
    targets: Tensor,
    num_classes: int,
    ignore_index: int | None = None,
) -> Tensor:
    """Count how many pixels of each class were said to be of each class.

    Matrices of several batches are added to have that of all.

    Args:
        predictions: class numbers, int64.
        targets: class numbers of the truth, int64.
        num_classes: K.
        ignore_index: target of pixels that do not count.

    Shape:
        - predictions, targets: (...), of one shape
        - Output: (K, K), int64; rows are the target's class, columns the prediction's

    Raises:
        ValueError: if the shapes differ, or there is a class below 0 or from K on.
    """
    check_whole("num_classes", num_classes, 1)
    if predictions.shape != targets.shape:
        raise ValueError(
            f"expected predictions and targets of one shape, got "
            f"{describe(predictions)} and {describe(targets)}"
        )
    counted = targets != ignore_index if ignore_index is not None else ...
    predicted, true = predictions[counted], targets[counted]
    for numbers in (predicted, true):
        if numbers.numel() and not 0 <= numbers.min() <= numbers.max() < num_classes:
            raise ValueError(
                f"expected class numbers from 0 to {num_classes - 1}, got "
                f"{numbers.min()} to {numbers.max()}"
            )
    pairs = (true * num_classes + predicted).flatten()
    return torch.bincount(pairs, minlength=num_classes**2).view(-1, num_classes)


def class_iou(confusion: Tensor) -> Tensor:
    """Return the intersection over the union of each class, over all pixels counted.

    Args:
        confusion: as :func:`confusion_matrix` counts; rows are the target's class.

    Shape:
        - confusion: (K, K)
        - Output: (K,), float64; NaN for a class that is in neither

    Source:
        Everingham and others, "The Pascal Visual Object Classes Challenge: A
        Retrospective", 2015: true positives / (true positives + false positives +
        false negatives).
    """
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
        raise ValueError(f"expected counts (K, K), got {describe(confusion)}")
    confusion = confusion.double()
    intersection = confusion.diag()
    union = confusion.sum(0) + confusion.sum(1) - intersection
    return intersection / union  # 0 / 0 is NaN


def mean_iou(confusion: Tensor) -> float:
    """Return the mean of :func:`class_iou` over the classes that occur, NaN if none.

    Args:
        confusion: (K, K), as :func:`confusion_matrix` counts.
    """
    return float(class_iou(confusion).nanmean())
