"""Planted wrong answers to the exercises of the chapter on Faster R-CNN."""

import torch
from torch import Tensor


def _labels(overlaps: Tensor, high: float, low: float) -> Tensor:
    best = overlaps.max(0).values
    labels = torch.full_like(best, -1)
    labels[best < low] = 0
    labels[best >= high] = 1
    return labels


def _rescued(overlaps: Tensor, high: float, low: float) -> Tensor:
    labels = _labels(overlaps, high, low)
    most = overlaps.max(1, keepdim=True).values
    labels[((overlaps == most) & (most > 0)).float().max(0).values > 0] = 1
    return labels


def thresholds_only(overlaps: Tensor, high: float = 0.7, low: float = 0.3) -> Tensor:
    return _labels(overlaps, high, low)


def first_of_ties(overlaps: Tensor, high: float = 0.7, low: float = 0.3) -> Tensor:
    labels = _labels(overlaps, high, low)
    labels[overlaps.argmax(1)] = 1
    return labels


def zero_is_best(overlaps: Tensor, high: float = 0.7, low: float = 0.3) -> Tensor:
    labels = _labels(overlaps, high, low)
    same = overlaps == overlaps.max(1, keepdim=True).values
    labels[same.float().max(0).values > 0] = 1
    return labels


def fixed_thresholds(overlaps: Tensor, high: float = 0.7, low: float = 0.3) -> Tensor:
    return _rescued(overlaps, 0.7, 0.3)


def high_excluded(overlaps: Tensor, high: float = 0.7, low: float = 0.3) -> Tensor:
    return _rescued(overlaps, high + 1e-6, low)


def low_included(overlaps: Tensor, high: float = 0.7, low: float = 0.3) -> Tensor:
    return _rescued(overlaps, high, low + 1e-6)


def rescued_only_above_low(
    overlaps: Tensor, high: float = 0.7, low: float = 0.3
) -> Tensor:
    labels = _rescued(overlaps, high, low)
    labels[overlaps.max(0).values < low] = 0
    return labels


def nothing_ignored(overlaps: Tensor, high: float = 0.7, low: float = 0.3) -> Tensor:
    return _rescued(overlaps, high, low).clamp(min=0)


def background_is_minus_one(
    overlaps: Tensor, high: float = 0.7, low: float = 0.3
) -> Tensor:
    labels = _rescued(overlaps, high, low)
    return torch.where(labels == 1, labels, -1 - labels)


def overwrites(overlaps: Tensor, high: float = 0.7, low: float = 0.3) -> Tensor:
    labels = _rescued(overlaps, high, low)
    overlaps[overlaps < low] = 0
    return labels


def each_alone(overlaps: Tensor, threshold: float = 0.5) -> Tensor:
    """The recall of each proposal, not of the first so many."""
    return (overlaps >= threshold).float().mean(0)


def counts_proposals(overlaps: Tensor, threshold: float = 0.5) -> Tensor:
    hits = (overlaps >= threshold).float().max(0).values.cumsum(0)
    return (hits / len(overlaps)).clamp(max=1)


def strictly_above(overlaps: Tensor, threshold: float = 0.5) -> Tensor:
    return (overlaps.cummax(1).values > threshold).float().mean(0)


def always_half(overlaps: Tensor, threshold: float = 0.5) -> Tensor:
    return (overlaps.cummax(1).values >= 0.5).float().mean(0)


def number_not_share(overlaps: Tensor, threshold: float = 0.5) -> Tensor:
    return (overlaps.cummax(1).values >= threshold).float().sum(0)


def one_number(overlaps: Tensor, threshold: float = 0.5) -> Tensor:
    return (overlaps.max(1).values >= threshold).float().mean()


def share_of_proposals(overlaps: Tensor, threshold: float = 0.5) -> Tensor:
    hits = (overlaps >= threshold).float().max(0).values.cumsum(0)
    return hits / torch.arange(1, overlaps.shape[1] + 1)


WRONG = {
    "fasterrcnn-count": [
        (8_550, 72, 608_584),
        (11_400, 60, 608_584),
        (11_400, 72, 608_256),
        (11_400.0, "72", None),
    ],
    "fasterrcnn-labels": [
        thresholds_only,
        first_of_ties,
        zero_is_best,
        fixed_thresholds,
        high_excluded,
        low_included,
        rescued_only_above_low,
        nothing_ignored,
        background_is_minus_one,
        overwrites,
    ],
    "fasterrcnn-recall": [
        each_alone,
        counts_proposals,
        strictly_above,
        always_half,
        number_not_share,
        one_number,
        share_of_proposals,
    ],
}
