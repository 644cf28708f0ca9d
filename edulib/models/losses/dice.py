"""Dice loss: a mask as a whole, however few of its pixels belong to the object."""

import torch
from torch import Tensor

from edulib.models.losses.checks import check_pair


def dice_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return 1 - 2 sum(p g) / (sum(p²) + sum(g²)), p the probabilities, g the target.

    Of two masks of 0 and 1 this is 1 minus twice the shared area divided by the sum of
    both areas, so that background found rightly counts nothing. Of an empty target it
    is 1 whatever is predicted, with gradient 0.

    Args:
        logits: (N, ...), of N masks.
        targets: (N, ...), 0 to 1, floating point.

    Returns:
        (N,), from 0 to 1.

    Raises:
        ValueError: if shapes differ.

    Source: Milletari, Navab and Ahmadi, "V-Net: Fully Convolutional Neural Networks for
    Volumetric Medical Image Segmentation", 2016, section 3.
    https://arxiv.org/abs/1606.04797 DETR and Segment Anything leave out the squares,
    and add 1 above and below the line.
    """
    check_pair(logits, targets)
    p, g = torch.sigmoid(logits).flatten(1), targets.flatten(1)
    both, either = (p * g).sum(1), (p**2 + g**2).sum(1)
    return 1 - 2 * both / either.masked_fill(either == 0, 1)
