"""Focal loss: a hundred thousand easy negatives must not outweigh ten objects."""

import torch
from torch import Tensor
from torch.nn import functional as F

from edulib.models.losses.checks import check_pair


def focal_loss(
    logits: Tensor, targets: Tensor, alpha: float | None = 0.25, gamma: float = 2.0
) -> Tensor:
    """Return -alpha_t (1 - p_t)^gamma log p_t, p_t the probability of the right answer.

    Where the network is right and sure, the factor (1 - p_t)^gamma is close to 0. With
    gamma 0 and no alpha this is binary cross-entropy.

    Args:
        logits: (...), one for each yes or no.
        targets: (...), 1 for yes and 0 for no, floating point.
        alpha: weight of yes; no has 1 - alpha; None for no weights. The paper's 0.25
            weighs the rare answer *less*: gamma has already silenced the other.
        gamma: 0 for none; 2 in the paper.

    Returns:
        (...), in nats. The paper adds these up and divides by the number of anchors
        that have an object.

    Raises:
        ValueError: if shapes differ, alpha is not from 0 to 1, or gamma is negative.

    Source: Lin et al., "Focal Loss for Dense Object Detection", 2017, equation 5.
    https://arxiv.org/abs/1708.02002
    """
    check_pair(logits, targets)
    if gamma < 0 or not (alpha is None or 0 <= alpha <= 1):
        raise ValueError(
            f"expected alpha from 0 to 1 and gamma >= 0, got {alpha} and {gamma}"
        )
    entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    p = torch.sigmoid(logits)
    wrong = p * (1 - targets) + (1 - p) * targets  # 1 - p_t
    loss = wrong**gamma * entropy
    if alpha is None:
        return loss
    return (alpha * targets + (1 - alpha) * (1 - targets)) * loss
