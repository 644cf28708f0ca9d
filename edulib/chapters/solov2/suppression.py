"""The rivals of Matrix NMS, on masks: each lowers scores given the same overlaps."""

import torch
from torch import Tensor

from edulib.models.detection.solov2 import matrix_nms


def hard_nms(ious: Tensor, scores: Tensor, threshold: float = 0.5) -> Tensor:
    """Strike out, one after the other, what overlaps a mask that is kept.

    Args:
        ious: (N, N), of each mask with the surer ones, the surest first.
        scores: (N,), falling.
        threshold: IoU above which a mask is struck out.

    Returns:
        (N,), scores, 0 for what is struck out.
    """
    scores = scores.clone()
    for k in range(len(scores)):
        if scores[k] > 0:
            scores[ious[k] > threshold] = 0
    return scores


def soft_nms(ious: Tensor, scores: Tensor, sigma: float = 0.5) -> Tensor:
    """Lower the scores of what overlaps the best that is left, one after the other.

    Args:
        ious: (N, N), of each mask with the surer ones, the surest first.
        scores: (N,), falling.
        sigma: of the decay exp(-IoU² / sigma).

    Returns:
        (N,), new scores.
    """
    decay = torch.exp(-((ious + ious.T) ** 2) / sigma)
    scores, left = scores.clone(), torch.ones_like(scores) > 0
    for _ in range(len(scores)):
        best = torch.where(left, scores, -1).argmax()
        left[best] = False
        scores = torch.where(left, scores * decay[best], scores)
    return scores


def fast_nms(ious: Tensor, scores: Tensor, threshold: float = 0.5) -> Tensor:
    """Strike out what overlaps any surer mask, at once, as YOLACT does.

    Args:
        ious: (N, N), of each mask with the surer ones, the surest first.
        scores: (N,), falling.
        threshold: IoU above which a mask is struck out.

    Returns:
        (N,), scores, 0 for what is struck out.
    """
    if not len(scores):
        return scores
    return scores * (ious.amax(0) <= threshold)


def no_nms(ious: Tensor, scores: Tensor) -> Tensor:
    """Leave all scores as they are.

    Args:
        ious: (N, N).
        scores: (N,).
    """
    return scores


WAYS = {
    "matrix": matrix_nms,
    "hard": hard_nms,
    "soft": soft_nms,
    "fast": fast_nms,
    "none": no_nms,
}
