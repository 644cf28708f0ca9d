"""Average precision as COCO and as Pascal VOC compute it, and the curve behind it.

Match, rank, accumulate, interpolate: which detections found an object; all of a class
by falling score; precision and recall at each rank; their curve as one number.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from edulib.checks import check_whole
from edulib.training.measures.comparison import Comparison, compare, compare_all
from edulib.training.measures.matching import match_coco, match_voc
from edulib.training.measures.ranking import (
    average_precision,
    average_precisions,
    interpolate,
    join,
    mean_known,
    rank,
)

COCO_AREAS = {
    "small": (0, 32**2),
    "medium": (32**2, 96**2),
    "large": (96**2, 1e5**2),
}
"""COCO's sizes of objects: smallest and largest area, in pixels."""
_ALL = (0, 1e5**2)
_THRESHOLDS = np.linspace(0.5, 0.95, 10)
_POINTS = 101
Images = Sequence[Mapping[str, Tensor]]


def coco_ap(
    detections: Images,
    targets: Images,
    *,
    masks: bool = False,
    areas: Mapping[str, tuple[float, float]] = COCO_AREAS,
    max_detections: int = 100,
    classes: Sequence[str] | None = None,
) -> dict[str, float]:
    """Measure detections as COCO does: average precision over ten thresholds of IoU.

    Equal to pycocotools 2.0.11, with NaN where that says -1. A detection is right if it
    finds an object of its class with an IoU of at least the threshold; AP is the mean
    precision over 101 recalls, the thresholds 0.50, 0.55, ..., 0.95 and the classes.

    Args:
        detections: of each image, ``boxes`` (N, 4) xyxy in pixels, ``scores`` (N,) and
            ``labels`` (N,) int64; with masks, ``masks`` (N, H, W) bool.
        targets: of each image, ``boxes`` or ``masks``, ``labels``, and where known
            ``crowd`` (N,) bool, which may be found or not, and ``area`` (N,) in pixels,
            by which objects are small or large; of boxes or masks by default.
        masks: whether masks are compared, and not boxes.
        areas: smallest and largest area of each size, both within.
        max_detections: of each class in an image, the most confident.
        classes: names, to have AP of each class too.

    Returns:
        ``AP``, ``AP50``, ``AP75`` (at one threshold), ``AP_small``, ``AP_medium``,
        ``AP_large`` (or as ``areas`` calls them), and, of each class, ``AP_`` with its
        name; NaN where there are no such objects.

    Raises:
        ValueError: if an image is not as above, or there are no images.

    Source:
        Lin and others, "Microsoft COCO", 2014, arXiv:1405.0312; the rules are those of
        its code, https://github.com/cocodataset/cocoapi.
    """
    compared = compare_all(detections, targets, masks=masks)
    return coco_summary(
        compared, areas=areas, max_detections=max_detections, classes=classes
    )


def coco_summary(
    compared: Sequence[Comparison],
    *,
    areas: Mapping[str, tuple[float, float]] = COCO_AREAS,
    max_detections: int = 100,
    classes: Sequence[str] | None = None,
) -> dict[str, float]:
    """Measure as :func:`coco_ap` does images that were compared one by one.

    Args:
        compared: what :func:`compare` returned of each image.
        areas: as in ``coco_ap``.
        max_detections: as in ``coco_ap``.
        classes: as in ``coco_ap``.

    Raises:
        ValueError: if there are no images, or more classes than names.
    """
    check_whole("max_detections", max_detections, 1)
    bounds = np.array([_ALL, *areas.values()], float)
    matches = join(
        [match_coco(one, _THRESHOLDS, bounds, max_detections) for one in compared]
    )
    labels = _labels(matches.object_labels, classes)
    table = average_precisions(matches, labels, _POINTS)  # (K, A, T)
    sizes = {f"AP_{name}": table[:, a] for a, name in enumerate(areas, 1)}
    of_class = {f"AP_{name}": table[k, 0] for k, name in enumerate(classes or ())}
    every = table[:, 0]
    parts = {"AP": every, "AP50": every[:, 0], "AP75": every[:, 5], **sizes, **of_class}
    return {name: mean_known(part) for name, part in parts.items()}


def voc_ap(
    detections: Images,
    targets: Images,
    threshold: float = 0.5,
    points: int | None = 11,
    *,
    classes: Sequence[str] | None = None,
) -> dict[str, float]:
    """Measure the boxes of detections as Pascal VOC does: at one threshold of IoU.

    A detection is right if its IoU with the object of its class that it overlaps most
    exceeds the threshold, and no more confident one found that object.

    Args:
        detections: of each image, as :func:`coco_ap` takes them.
        targets: of each image, as ``coco_ap`` takes them; ``crowd`` marks what VOC
            calls difficult.
        threshold: of IoU, which has to be exceeded.
        points: number of recalls, from 0 to 1, at which precision is read: 11 up to VOC
            2009, and by custom for the test set of 2007; None for the area below the
            curve, as from 2010 on.
        classes: names, to have AP of each class too.

    Returns:
        ``AP``, the mean over the classes (VOC's mAP), and, of each class, ``AP_`` with
        its name; NaN where there are no objects.

    Raises:
        ValueError: if an image is not as above, or there are no images.

    Source:
        Everingham and others, "The Pascal Visual Object Classes (VOC) Challenge", 2010,
        and its "Retrospective", 2015.

    Differs from the paper:
        The text asks for more than the threshold; the challenge's own code also took an
        IoU of exactly the threshold. VOC's boxes include their last pixel, so that its
        code adds 1 to their sides; ours exclude it, and need no 1.
    """
    _check_threshold(threshold)
    compared = compare_all(detections, targets)
    matches = join([match_voc(one, threshold) for one in compared])
    table = average_precisions(matches, _labels(matches.object_labels, classes), points)
    of_class = {f"AP_{name}": table[k] for k, name in enumerate(classes or ())}
    return {name: mean_known(part) for name, part in {"AP": table, **of_class}.items()}


class PrecisionRecall(NamedTuple):
    """Precision over recall.

    Attributes:
        recall: rising; (R,) float64.
        precision: (R,) float64.
        scores: how confident the last detection of each rank is, (R,) float64; None
            where classes are averaged.
    """

    recall: Tensor
    precision: Tensor
    scores: Tensor | None

    @property
    def ap(self) -> float:
        """Average precision over COCO's 101 recalls."""
        recall, precision = self.recall.numpy(), self.precision.numpy()
        return average_precision(recall, precision, _POINTS)


def precision_recall(
    detections: Images,
    targets: Images,
    label: int | None = None,
    *,
    threshold: float = 0.5,
    masks: bool = False,
    max_detections: int = 100,
) -> PrecisionRecall:
    """Return the curve below which average precision lies, by COCO's rules.

    Args:
        detections: of each image, as :func:`coco_ap` takes them.
        targets: of each image, as ``coco_ap`` takes them.
        label: of a class, for its precision at each rank as it is; None for the mean
            over all classes of the interpolated precision at 101 recalls, whose mean is
            AP50 where the threshold is 0.5.
        threshold: of IoU.
        masks: whether masks are compared, and not boxes.
        max_detections: of each class in an image, the most confident.

    Raises:
        ValueError: if an image is not as above, or no object is to be found.
    """
    _check_threshold(threshold)
    compared = compare_all(detections, targets, masks=masks)
    settings = (np.array([threshold]), np.array([_ALL]), max_detections)
    matches = join([match_coco(one, *settings) for one in compared])
    labels = np.unique(matches.object_labels[matches.counted[0]])
    if not len(labels) or label not in (None, *labels):
        which = "any class" if label is None else f"class {label}"
        raise ValueError(f"expected objects of {which}, got none in the targets")
    if label is not None:
        ranking = rank(matches, label)
        found = (ranking.recall[0, 0], ranking.precision[0, 0], ranking.scores)
        return PrecisionRecall(*map(torch.from_numpy, found))
    rankings = [rank(matches, each) for each in labels]
    curves = [interpolate(r.recall[0, 0], r.precision[0, 0], _POINTS) for r in rankings]
    recall, precision = np.linspace(0, 1, _POINTS), np.mean(curves, axis=0)
    return PrecisionRecall(torch.from_numpy(recall), torch.from_numpy(precision), None)


class DetectionMatches(NamedTuple):
    """What became of the detections and of the objects of one image.

    A detection of a crowd is neither right nor wrong.

    Attributes:
        right: detections that found an object; (D,) bool, in their order.
        wrong: detections that found none; (D,) bool.
        found: objects that were found; (G,) bool.
    """

    right: Tensor
    wrong: Tensor
    found: Tensor


def match_detections(
    detection: Mapping[str, Tensor],
    target: Mapping[str, Tensor],
    threshold: float = 0.5,
    *,
    masks: bool = False,
) -> DetectionMatches:
    """Say which detections of an image are right, by COCO's rules.

    Args:
        detection: as :func:`compare` takes it; all of them are matched.
        target: as ``compare`` takes it.
        threshold: of IoU.
        masks: whether masks are compared, and not boxes.

    Raises:
        ValueError: if the image is not as above.
    """
    _check_threshold(threshold)
    compared = compare(detection, target, masks=masks)
    most = len(compared.scores)
    matches = match_coco(compared, np.array([threshold]), np.array([_ALL]), most)
    order = torch.sort(detection["scores"].cpu(), descending=True, stable=True).indices
    ranked = torch.from_numpy(np.stack([matches.right[0, 0], matches.wrong[0, 0]]))
    right, wrong = torch.empty_like(ranked).index_copy_(1, order, ranked)
    return DetectionMatches(right, wrong, torch.from_numpy(matches.found[0, 0]))


def _labels(found: np.ndarray, classes: Sequence[str] | None) -> Sequence[int]:
    """Return the labels of all classes with a name, or of those that occur."""
    if classes is None:
        return np.unique(found).tolist()
    if len(found) and found.max() >= len(classes):
        raise ValueError(
            f"expected a name for each class, got {len(classes)} names and the label "
            f"{found.max()}"
        )
    return range(len(classes))


def _check_threshold(threshold: float) -> None:
    if not 0 < threshold <= 1:
        raise ValueError(f"expected a threshold of IoU in (0, 1], got {threshold}")
