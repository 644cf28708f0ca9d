"""Matching: which detections found an object, as COCO's rules and as VOC's say.

Both go through the detections from the most to the least confident, and an object can
be found once. They differ in what a detection may take: under COCO the best object that
is still free, under VOC only the one that it overlaps most.
"""

from typing import NamedTuple

import numpy as np

from edulib.training.measures.comparison import Comparison

NOT_ONE = 1 - 1e-10  # an IoU of 1 as rounding leaves it


class Matches(NamedTuple):
    """Whether each detection of an image is right, wrong or neither.

    For A ranges of area, T thresholds, D detections and G objects.

    Attributes:
        scores: falling; (D,).
        labels: (D,).
        right: found an object that counts; (A, T, D).
        wrong: found none; (A, T, D).
        object_labels: (G,).
        counted: objects that are to be found; (A, G).
        found: objects that were found, crowds apart; (A, T, G).
    """

    scores: np.ndarray
    labels: np.ndarray
    right: np.ndarray
    wrong: np.ndarray
    object_labels: np.ndarray
    counted: np.ndarray
    found: np.ndarray


def match_coco(
    compared: Comparison, thresholds: np.ndarray, areas: np.ndarray, most: int
) -> Matches:
    """Match the detections of an image at all thresholds, for all ranges of area.

    A detection takes, of the free objects of its class with an IoU of at least the
    threshold, the one it overlaps most: the later one of two that are equal, and an
    ignored one only if there is no other. Ignored are crowds, of which any number of
    detections may be, and objects outside the range of area. Detections of ignored
    objects, and those outside the range that found none, are neither right nor wrong.

    Args:
        compared: the image.
        thresholds: of IoU; (T,).
        areas: smallest and largest area, both in the range, in pixels; (A, 2).
        most: detections of a class that are looked at, the most confident.
    """
    kept = _rank_in_class(compared.labels) < most
    overlaps = np.where(compared.same_class, compared.iou_or_share, -1)[kept]
    low, high = areas[:, :1], areas[:, 1:]
    sizes, own = compared.object_sizes, compared.areas[kept]
    ignored = compared.crowd | (sizes < low) | (sizes > high)  # (A, G)
    outside = (own < low) | (own > high)  # (A, D)

    right = np.zeros((len(areas), len(thresholds), len(own)), bool)
    matched = np.zeros_like(right)
    free = np.ones((len(areas), len(thresholds), len(sizes)), bool)
    thresholds = np.minimum(thresholds, NOT_ONE)[:, None]
    for d in np.flatnonzero((overlaps >= thresholds.min()).any(1)):
        possible = free & (overlaps[d] >= thresholds)  # (A, T, G)
        taken = _best(possible, overlaps[d], ~ignored[:, None])
        right[..., d] = (taken & ~ignored[:, None]).any(-1)
        matched[..., d] = taken.any(-1)
        free &= ~taken | compared.crowd
    return Matches(
        compared.scores[kept],
        compared.labels[kept],
        right,
        ~matched & ~outside[:, None],
        compared.object_labels,
        ~ignored,
        ~free,
    )


def match_voc(compared: Comparison, threshold: float) -> Matches:
    """Match the detections of an image, of all sizes, at one threshold.

    A detection points at the object of its class that it overlaps most, the first of
    two that are equal. It is right if their IoU exceeds the threshold and the object
    was not found before; a second detection of it is wrong, even if a neighbour is
    free. If the object is a crowd (VOC: difficult), it is neither.

    Args:
        compared: the image.
        threshold: of IoU.
    """
    overlaps = np.where(compared.same_class, compared.iou, -1)
    right = np.zeros(len(overlaps), bool)
    wrong = np.ones(len(overlaps), bool)
    free = np.ones(len(compared.crowd), bool)
    for d in np.flatnonzero((overlaps > threshold).any(1)):
        best = overlaps[d].argmax()
        right[d] = free[best] and not compared.crowd[best]
        wrong[d] = not free[best] and not compared.crowd[best]
        free[best] &= compared.crowd[best]
    return Matches(
        compared.scores,
        compared.labels,
        right[None, None],
        wrong[None, None],
        compared.object_labels,
        ~compared.crowd[None],
        ~free[None, None],
    )


def _best(
    possible: np.ndarray, overlaps: np.ndarray, preferred: np.ndarray
) -> np.ndarray:
    """Mark the last of the greatest overlaps, among the preferred where there are any.

    Args:
        possible: (A, T, G).
        overlaps: (G,).
        preferred: (A, 1, G).

    Returns:
        At most one True in each row: (A, T, G).
    """
    first = possible & preferred
    possible = np.where(first.any(-1, keepdims=True), first, possible)
    last = np.where(possible, overlaps, -1)[..., ::-1].argmax(-1)
    place = len(overlaps) - 1 - last
    return possible & (np.arange(len(overlaps)) == place[..., None])


def _rank_in_class(labels: np.ndarray) -> np.ndarray:
    """Count the detections of the same class that stand before each one: (D,)."""
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], labels[order])
    ranks = np.empty(len(labels), int)
    ranks[order] = np.arange(len(labels)) - starts
    return ranks
