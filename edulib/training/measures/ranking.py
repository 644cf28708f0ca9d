"""Ranking: all detections of a class by falling score, and the precision it gives."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from edulib.training.measures.matching import Matches


class Ranking(NamedTuple):
    """All detections of one class, the most confident first.

    For A ranges of area, T thresholds and R ranks. Detections of one score stand in the
    order of their images.

    Attributes:
        scores: (R,).
        recall: share of the objects that were found so far; (A, T, R).
        precision: share of the detections that were right so far; (A, T, R).
        objects: how many there are to be found; (A,).
    """

    scores: np.ndarray
    recall: np.ndarray
    precision: np.ndarray
    objects: np.ndarray


def join(matches: Sequence[Matches]) -> Matches:
    """Return the matches of all images, one after the other.

    Raises:
        ValueError: if there are no images.
    """
    if not matches:
        raise ValueError("expected at least one image, got none")
    return Matches(*(np.concatenate(parts, -1) for parts in zip(*matches, strict=True)))


def rank(matches: Matches, label: int) -> Ranking:
    """Rank the detections of a class, and count what was right and wrong so far.

    Recall is NaN where there are no objects.
    """
    own = np.flatnonzero(matches.labels == label)
    order = own[np.argsort(-matches.scores[own], kind="stable")]
    objects = matches.counted[:, matches.object_labels == label].sum(1)
    right = matches.right[..., order].cumsum(-1)
    wrong = matches.wrong[..., order].cumsum(-1)
    count = np.where(objects, objects, np.nan)[:, None, None]
    precision = right / np.maximum(right + wrong, 1)  # 0 before the first that counts
    return Ranking(matches.scores[order], right / count, precision, objects)


def interpolate(recall: np.ndarray, precision: np.ndarray, points: int) -> np.ndarray:
    """Return the best precision at each of several recalls, or beyond it.

    Args:
        recall: rising; (R,).
        precision: (R,).
        points: number of recalls, from 0 to 1: 11 in VOC 2007, 101 in COCO.

    Returns:
        0 at recalls that are not reached; (points,).
    """
    first = np.searchsorted(recall, np.linspace(0, 1, points))
    return np.append(_envelope(precision), 0)[first]


def average_precision(
    recall: np.ndarray, precision: np.ndarray, points: int | None
) -> float:
    """Return the mean of the interpolated precision, or the area below it.

    Args:
        recall: rising; (R,).
        precision: (R,).
        points: number of recalls whose mean it is; None for the area.
    """
    if points is None:
        return float((np.diff(recall, prepend=0) * _envelope(precision)).sum())
    return float(interpolate(recall, precision, points).mean())


def average_precisions(
    matches: Matches, labels: Sequence[int], points: int | None
) -> np.ndarray:
    """Return the average precision of each class, range of area and threshold.

    Returns:
        NaN where there are no objects; (K, A, T).
    """
    table = np.full((len(labels), *matches.right.shape[:2]), np.nan)
    for k, label in enumerate(labels):
        ranking = rank(matches, label)
        for a, t in np.ndindex(table.shape[1:]):
            if ranking.objects[a]:
                table[k, a, t] = average_precision(
                    ranking.recall[a, t], ranking.precision[a, t], points
                )
    return table


def mean_known(values: np.ndarray) -> float:
    """Return the mean of the values that are known, NaN if none is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def _envelope(precision: np.ndarray) -> np.ndarray:
    """Return the best precision at each rank or any later one."""
    return np.maximum.accumulate(precision[::-1])[::-1]
