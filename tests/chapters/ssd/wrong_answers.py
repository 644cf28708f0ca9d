"""Planted wrong answers to the exercises of the chapter on SSD."""

import torch
from torch import Tensor


def rank(losses: Tensor) -> Tensor:
    return losses.argsort(descending=True).argsort()


def easiest(entropy: Tensor, matched: Tensor, ratio: int = 3) -> Tensor:
    losses = (-entropy).masked_fill(matched, -torch.inf)
    return (rank(losses) < ratio * matched.sum()) & ~matched


def matched_among_them(entropy: Tensor, matched: Tensor, ratio: int = 3) -> Tensor:
    """Ranks the matched boxes, too, and takes them out afterwards."""
    return (rank(entropy) < ratio * matched.sum()) & ~matched


def marks_matched(entropy: Tensor, matched: Tensor, ratio: int = 3) -> Tensor:
    return rank(entropy) < ratio * matched.sum()


def always_three(entropy: Tensor, matched: Tensor, ratio: int = 3) -> Tensor:
    losses = entropy.masked_fill(matched, -torch.inf)
    return (rank(losses) < 3 * matched.sum()) & ~matched


def all_negatives(entropy: Tensor, matched: Tensor, ratio: int = 3) -> Tensor:
    return ~matched


def sorted_once(entropy: Tensor, matched: Tensor, ratio: int = 3) -> Tensor:
    """Takes places in the order for ranks."""
    losses = entropy.masked_fill(matched, -torch.inf)
    order = losses.argsort(descending=True)
    return (order < ratio * matched.sum()) & ~matched


def at_least_one(entropy: Tensor, matched: Tensor, ratio: int = 3) -> Tensor:
    """Asks some negatives of an image without objects."""
    losses = entropy.masked_fill(matched, -torch.inf)
    return (rank(losses) < ratio * matched.sum().clamp(min=1)) & ~matched


def topk_fails(entropy: Tensor, matched: Tensor, ratio: int = 3) -> Tensor:
    """Right, but asks for more negatives than there are."""
    losses = entropy.masked_fill(matched, -torch.inf)
    marks = torch.zeros_like(matched)
    marks[losses.topk(int(ratio * matched.sum())).indices] = True
    return marks


def overwrites_losses(entropy: Tensor, matched: Tensor, ratio: int = 3) -> Tensor:
    entropy[matched] = -torch.inf
    return (rank(entropy) < ratio * matched.sum()) & ~matched


def best_and_threshold(overlaps: Tensor, threshold: float) -> Tensor:
    """Never rescues an object."""
    if not len(overlaps):
        return torch.full(overlaps.shape[1:], -1)
    best, found = overlaps.max(0)
    return found.masked_fill(best < threshold, -1)


def only_best(overlaps: Tensor, threshold: float) -> Tensor:
    """One box for each object, as in MultiBox."""
    found = torch.full(overlaps.shape[1:], -1)
    for target, row in enumerate(overlaps):
        found[row.argmax()] = target
    return found


def rescue_first(overlaps: Tensor, threshold: float) -> Tensor:
    """The threshold overwrites what was rescued."""
    found = only_best(overlaps, threshold)
    if len(overlaps):
        best, nearest = overlaps.max(0)
        found[best >= threshold] = nearest[best >= threshold]
    return found


def rescue_gives_the_nearest(overlaps: Tensor, threshold: float) -> Tensor:
    """As Faster R-CNN: a rescued box gets the object that it overlaps most."""
    if not len(overlaps):
        return torch.full(overlaps.shape[1:], -1)
    best, nearest = overlaps.max(0)
    found = nearest.masked_fill(best < threshold, -1)
    for row in overlaps:
        found[row.argmax()] = nearest[row.argmax()]
    return found


def rescues_only_the_lost(overlaps: Tensor, threshold: float) -> Tensor:
    """An object that has some box already does not get its best one."""
    if not len(overlaps):
        return _right(overlaps, threshold)
    best, nearest = overlaps.max(0)
    found = nearest.masked_fill(best < threshold, -1)
    for target, row in enumerate(overlaps):
        if target not in found.tolist():
            found[row.argmax()] = target
    return found


def threshold_excluded(overlaps: Tensor, threshold: float) -> Tensor:
    return _right(overlaps, threshold + 1e-6)


def last_above(overlaps: Tensor, threshold: float) -> Tensor:
    """The last object above the threshold, not the best."""
    found = torch.full(overlaps.shape[1:], -1)
    for target, row in enumerate(overlaps):
        found[row >= threshold] = target
    for target, row in enumerate(overlaps):
        found[row.argmax()] = target
    return found


def fixed_threshold(overlaps: Tensor, threshold: float) -> Tensor:
    return _right(overlaps, 0.5)


def fails_without_objects(overlaps: Tensor, threshold: float) -> Tensor:
    best, nearest = overlaps.max(0)
    found = nearest.masked_fill(best < threshold, -1)
    for target, row in enumerate(overlaps):
        found[row.argmax()] = target
    return found


def zero_without_objects(overlaps: Tensor, threshold: float) -> Tensor:
    if not len(overlaps):
        return torch.zeros(overlaps.shape[1])
    return fails_without_objects(overlaps, threshold)


def counts_from_one(overlaps: Tensor, threshold: float) -> Tensor:
    return _right(overlaps, threshold) + 1


def writes_into_overlaps(overlaps: Tensor, threshold: float) -> Tensor:
    found = _right(overlaps, threshold)
    overlaps[overlaps < threshold] = 0
    return found


def _right(overlaps: Tensor, threshold: float) -> Tensor:
    if not len(overlaps):
        return torch.full(overlaps.shape[1:], -1)
    return fails_without_objects(overlaps, threshold)


WRONG = {
    "ssd-count": [
        (24_528, 150, 1_382_550),
        (24_564, 144, 1_382_550),
        (24_564, 150, 1_382_400),
        (24_564.0, "150", None),
    ],
    "ssd-hardest": [
        easiest,
        matched_among_them,
        marks_matched,
        always_three,
        all_negatives,
        sorted_once,
        at_least_one,
        topk_fails,
        overwrites_losses,
    ],
    "ssd-match": [
        best_and_threshold,
        only_best,
        rescue_first,
        rescue_gives_the_nearest,
        rescues_only_the_lost,
        threshold_excluded,
        last_above,
        fixed_threshold,
        fails_without_objects,
        zero_without_objects,
        counts_from_one,
        writes_into_overlaps,
    ],
}
