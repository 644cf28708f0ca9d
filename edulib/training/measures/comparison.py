"""Comparison: the detections of one image beside its objects, small enough to keep."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from edulib.training.measures.inputs import (
    check_detection,
    check_one_size,
    check_target,
)


class Comparison(NamedTuple):
    """What the measures know of an image: D detections and G objects.

    Lists of it are the statistics of an objective: a few hundred bytes an image, where
    masks would be megabytes, and joined over the processes that train together.

    Attributes:
        scores: of the detections, falling; (D,) float64.
        labels: (D,) int64.
        areas: of the detections' boxes or masks, in pixels; (D,).
        object_labels: (G,) int64.
        object_areas: of the objects' boxes or masks; (G,).
        object_sizes: the areas by which objects are small or large: as annotated in
            ``area``, or else the same; (G,).
        crowd: whether an object may be found or not: COCO's crowds, VOC's difficult
            ones; (G,) bool.
        intersections: pixels that a detection shares with an object; (D, G).
    """

    scores: np.ndarray
    labels: np.ndarray
    areas: np.ndarray
    object_labels: np.ndarray
    object_areas: np.ndarray
    object_sizes: np.ndarray
    crowd: np.ndarray
    intersections: np.ndarray

    @property
    def iou(self) -> np.ndarray:
        """Intersection over union (D, G); 0 where nothing is shared."""
        union = self.areas[:, None] + self.object_areas - self.intersections
        return _ratio(self.intersections, union)

    @property
    def iou_or_share(self) -> np.ndarray:
        """Return IoU, and for a crowd the share of the detection in it (D, G).

        A detection is one of a crowd, and need not be as large.
        """
        inside = _ratio(self.intersections, self.areas[:, None])
        return np.where(self.crowd, inside, self.iou)

    @property
    def same_class(self) -> np.ndarray:
        """Whether detection and object are of one class (D, G)."""
        return self.labels[:, None] == self.object_labels


def compare(
    detection: Mapping[str, Tensor],
    target: Mapping[str, Tensor],
    *,
    masks: bool = False,
) -> Comparison:
    """Compare the detections of an image with its objects.

    Args:
        detection: ``boxes`` (D, 4) xyxy in pixels, ``scores`` (D,) and ``labels``
            (D,) int64; with masks, ``masks`` (D, H, W) bool instead of boxes.
        target: ``boxes`` (G, 4) or ``masks`` (G, H, W), ``labels`` (G,), and
            where known ``crowd`` (G,) bool and ``area`` (G,) in pixels.
        masks: whether masks are compared, and not boxes.

    Raises:
        ValueError: if a tensor is missing, of another shape or type, or not finite, if
            a box has its right edge left of its left one or its lower above its
            upper, or masks are of two sizes.
    """
    check_detection(detection, masks)
    check_target(target, masks)
    if masks:
        check_one_size(detection["masks"], target["masks"])
    order = np.argsort(-_array(detection["scores"]), kind="stable")
    shapes, objects = (
        _array(one["masks" if masks else "boxes"]) for one in (detection, target)
    )
    shapes = shapes[order]
    areas, object_areas = (
        _mask_areas(some) if masks else _box_areas(some) for some in (shapes, objects)
    )
    shared = _shared_pixels(shapes, objects) if masks else _shared_area(shapes, objects)
    crowd = target.get("crowd")
    sizes = target.get("area")
    return Comparison(
        _array(detection["scores"])[order],
        _array(detection["labels"])[order],
        areas,
        _array(target["labels"]),
        object_areas,
        object_areas if sizes is None else _array(sizes),
        np.zeros(len(objects), bool) if crowd is None else _array(crowd),
        shared,
    )


def compare_all(
    detections: Sequence[Mapping[str, Tensor]],
    targets: Sequence[Mapping[str, Tensor]],
    *,
    masks: bool = False,
) -> list[Comparison]:
    """Compare the detections of several images with their objects, image by image.

    Args:
        detections: one dict an image, as :func:`compare` takes them.
        targets: one dict an image, in the same order.
        masks: whether masks are compared, and not boxes.

    Raises:
        ValueError: if there is not one target for each image, or as in ``compare``.
    """
    if len(detections) != len(targets):
        raise ValueError(
            f"expected detections and targets of the same images, got "
            f"{len(detections)} and {len(targets)}"
        )
    pairs = zip(detections, targets, strict=True)
    return [compare(one, other, masks=masks) for one, other in pairs]


def _array(tensor: Tensor) -> np.ndarray:
    """Return a tensor as an array; floating-point numbers as float64."""
    tensor = tensor.detach().cpu()
    return (tensor.double() if tensor.is_floating_point() else tensor).numpy()


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide; 0 where the part is."""
    return np.divide(part, whole, out=np.zeros(part.shape), where=part > 0)


def _box_areas(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _mask_areas(masks: np.ndarray) -> np.ndarray:
    return np.count_nonzero(masks, axis=(1, 2)).astype(float)


def _shared_area(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the area that each of D boxes shares with each of G others: (D, G)."""
    upper_left = np.maximum(boxes[:, None, :2], others[:, :2])
    lower_right = np.minimum(boxes[:, None, 2:], others[:, 2:])
    sides = np.maximum(lower_right - upper_left, 0)
    return sides[..., 0] * sides[..., 1]


def _shared_pixels(masks: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the pixels that D masks share with G others, as a matrix product: (D, G).

    A sum of products of zeros and ones counts the pixels where both are one.
    """
    if not len(masks) or not len(others):
        return np.zeros((len(masks), len(others)))
    rows, columns = (m.reshape(len(m), -1).astype(np.float32) for m in (masks, others))
    return (rows @ columns.T).astype(float)
