"""Matrix NMS: the scores of all duplicates fall at once, not one after the other."""

import torch
from torch import Tensor


def mask_ious(masks: Tensor, labels: Tensor) -> Tensor:
    """Return how far each mask overlaps each before it of its kind.

    Args:
        masks: (N, H, W), bool, the surest first.
        labels: (N,), the kinds.

    Returns:
        (N, N), IoU at [i, j] for i < j and one kind, else 0.
    """
    flat = masks.flatten(1).float()
    areas = flat.sum(1)
    shared = flat @ flat.T
    union = (areas[:, None] + areas - shared).clamp(min=1)
    same = labels[:, None] == labels
    return (shared / union * same).triu(diagonal=1)


def matrix_nms(
    ious: Tensor, scores: Tensor, kind: str = "gaussian", sigma: float = 0.5
) -> Tensor:
    """Lower each score by its worst overlap with a surer mask of its kind.

    score_j is multiplied by the least, over the surer i, of f(iou_ij) / f(u_i), u_i
    the largest overlap of i with a mask surer than i. The divisor asks whether i itself
    is likely to be a duplicate: then it should not count against j.

    Args:
        ious: (N, N), as :func:`mask_ious` returns them, the surest first.
        scores: (N,), falling.
        kind: "gaussian", f(u) = exp(-u² / sigma), or "linear", f(u) = 1 - u.
        sigma: of the Gaussian; the authors' code has its inverse, 2.

    Returns:
        (N,), the new scores, in the same order.

    Raises:
        ValueError: if the kind is another.

    Source: section 2.2, equations 3 and 4, and figure 4; that masks of different kinds
    do not count is from the authors' code.
    """
    if kind not in ("gaussian", "linear"):
        raise ValueError(f'expected "gaussian" or "linear", got {kind!r}')
    if not len(scores):
        return scores
    worst = ious.amax(0)[:, None].expand_as(ious)  # u_i, for every j
    if kind == "gaussian":
        decay = torch.exp(-(ious**2 - worst**2) / sigma)
    else:  # 0 / 0 for a copy of a copy: it is a duplicate of both
        decay = (1 - ious) / (1 - worst).clamp(min=1e-6)
    surer = torch.ones_like(ious).triu(diagonal=1) > 0
    factors = decay.masked_fill(~surer, 1).amin(0)
    return scores * factors
