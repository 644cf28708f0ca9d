"""Anchors for a set of objects: k-means, and how well anchors fit."""

import torch
from torch import Tensor

from edulib.models.detection.yolov5.grid import RATIO, fits


def cluster_sizes(sizes: Tensor, count: int, steps: int = 50) -> Tensor:
    """Return anchors for objects: the means of their sizes, in groups (k-means).

    Each step gives an object to the nearest anchor and puts each anchor in the middle
    of its objects. Distances are measured after dividing widths and heights by their
    standard deviations. The first anchors are the objects at even places in the order
    of area; one that loses all of its objects stays where it is.

    Args:
        sizes: (N, 2), width and height of objects, N >= count.
        count: how many anchors.
        steps: at most; 0 returns the first anchors.

    Returns:
        (count, 2), by rising area.

    Raises:
        ValueError: if there are fewer objects than anchors.

    Differs from the original, which goes on from these by a thousand random changes,
    and keeps those that fit better.
    """
    if len(sizes) < count:
        raise ValueError(f"expected at least {count} objects, got {len(sizes)}")
    ranks = ((torch.arange(count) + 0.5) * len(sizes) / count).long()
    anchors = sizes[sizes.prod(1).argsort()[ranks]]
    spread = sizes.std(0)
    for _ in range(steps):
        nearest = torch.cdist(sizes / spread, anchors / spread).argmin(1)
        means = [
            sizes[nearest == k].mean(0) if k in nearest else anchors[k]
            for k in range(count)
        ]
        moved = torch.stack(means)
        if torch.equal(moved, anchors):
            break
        anchors = moved
    return anchors[anchors.prod(1).argsort()]


def share_that_fits(sizes: Tensor, anchors: Tensor) -> float:
    """Return the share of objects that at least one anchor fits.

    It is the best recall that training can lead to: what fits no anchor is never
    matched. If it is too low, the original computes anchors of its own.

    Args:
        sizes: (N, 2), width and height of objects.
        anchors: (A, 2), width and height.
    """
    return (fits(sizes, anchors).amin(1) < RATIO).float().mean().item()
