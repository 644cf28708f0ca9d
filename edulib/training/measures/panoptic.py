"""Panoptic quality: every pixel belongs to one segment, of a thing or of stuff."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from edulib.checks import check_whole
from edulib.training.measures.inputs import check_one_size, check_target

Segments = Mapping[str, Tensor]


def panoptic_quality(
    predictions: Sequence[Segments],
    targets: Sequence[Segments],
    num_classes: int,
    *,
    classes: Sequence[str] | None = None,
) -> dict[str, float]:
    r"""Measure segmentations of whole pictures.

    Of each class, :math:`PQ = \sum_{TP} IoU / (|TP| + |FP| / 2 + |FN| / 2)`, where a
    predicted and a true segment of the class match, and are a TP, if their IoU exceeds
    0.5. It is the product of SQ, the mean IoU of the matches, and RQ, their F1 score.

    Args:
        predictions: of each image, ``masks`` (N, H, W) bool, of which no two share a
            pixel, and ``labels`` (N,) int64.
        targets: of each image the same, and where known ``crowd`` (N,) bool. Pixels
            in no mask are void: they count neither for nor against a prediction.
        num_classes: things and stuff together.
        classes: their names, to have PQ of each class too.

    Returns:
        ``PQ``, ``SQ`` and ``RQ``, means over the classes that occur, and, of each
        class, ``PQ_`` with its name; NaN where there is nothing of a class.

    Raises:
        ValueError: if an image is not as above, or there are not as many predictions
            as targets, or not as many names as classes.

    Source:
        Kirillov and others, "Panoptic Segmentation", 2018, arXiv:1801.00868, section 4;
        crowds as in its code, https://github.com/cocodataset/panopticapi.
    """
    if len(predictions) != len(targets):
        raise ValueError(
            f"expected predictions and targets of the same images, got "
            f"{len(predictions)} and {len(targets)}"
        )
    if classes is not None and len(classes) != num_classes:
        raise ValueError(
            f"expected a name for each of {num_classes} classes, got {len(classes)}"
        )
    total = torch.zeros(num_classes, 4, dtype=torch.float64)
    for pair in zip(predictions, targets, strict=True):
        total += panoptic_counts(*pair, num_classes)
    iou, right, wrong, missed = total.unbind(1)
    segments = right + wrong / 2 + missed / 2
    quality = torch.where(right > 0, iou / right, 0.0).where(segments > 0, torch.nan)
    parts = {"PQ": iou / segments, "SQ": quality, "RQ": right / segments}
    found = {name: float(part.nanmean()) for name, part in parts.items()}
    names = enumerate(classes or ())
    return {**found, **{f"PQ_{name}": float(parts["PQ"][k]) for k, name in names}}


def panoptic_counts(prediction: Segments, target: Segments, num_classes: int) -> Tensor:
    """Count the matches of an image, as statistics that can be added.

    Args:
        prediction: as :func:`panoptic_quality` takes them.
        target: as ``panoptic_quality`` takes them.
        num_classes: K.

    Shape:
        - Output: (K, 4): sum of IoU, true positives, false positives, false negatives
    """
    check_whole("num_classes", num_classes, 1)
    for one in (prediction, target):
        _check_segments(one, num_classes)
    check_one_size(prediction["masks"], target["masks"])
    labels, true_labels = prediction["labels"].cpu(), target["labels"].cpu()
    crowd = target.get("crowd", torch.zeros_like(true_labels, dtype=torch.bool)).cpu()
    masks, true_masks = (_flat(one["masks"]) for one in (prediction, target))
    shared = (
        masks @ true_masks.T
        if len(masks) and len(true_masks)
        else masks.new_zeros(len(masks), len(true_masks))
    )
    areas, true_areas = masks.sum(1), true_masks.sum(1)
    void = areas - shared.sum(1)  # pixels of a prediction where nothing is annotated

    same = labels[:, None] == true_labels
    union = (areas - void)[:, None] + true_areas - shared
    iou = torch.where(same & ~crowd & (shared > 0), shared / union, 0.0)
    matches = iou > 0.5  # at most one in each row and column, as no two masks overlap
    right = matches.any(1)
    excused = void + (shared * (same & crowd)).sum(1)
    wrong = ~right & (excused / areas <= 0.5)
    missed = ~matches.any(0) & ~crowd & (true_areas > 0)

    counts = torch.zeros(num_classes, 4, dtype=torch.float64)
    of_each = torch.stack([(iou * matches).sum(1), right.double(), wrong.double()], 1)
    counts[:, :3].index_add_(0, labels, of_each)
    counts[:, 3].index_add_(0, true_labels, missed.double())
    return counts


def _flat(masks: Tensor) -> Tensor:
    return masks.cpu().flatten(1).double()


def _check_segments(segments: Segments, num_classes: int) -> None:
    check_target(segments, masks=True)
    labels = segments["labels"]
    if labels.numel() and labels.max() >= num_classes:
        raise ValueError(
            f"expected labels from 0 to {num_classes - 1}, got {labels.max()}"
        )
    deepest = int(segments["masks"].sum(0).max()) if len(labels) else 0
    if deepest > 1:
        raise ValueError(
            f"expected masks of which no two share a pixel, got {deepest} at one: give "
            "each pixel to one segment"
        )
