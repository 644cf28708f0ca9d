"""Non-maximum suppression: of boxes that show the same object, keep the best.

The loop is the algorithm as one would do it by hand, a step for each box that is kept.
torchvision's, in C++, keeps the same boxes in the same order and is faster: that is
what the models call.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from edulib.models.ops.checks import check_boxes, check_scores, check_threshold
from edulib.models.ops.iou import iou


def nms(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    """Keep the best box, strike out what overlaps it too much, and so on with the rest.

    Args:
        boxes: (N, 4), xyxy.
        scores: (N,).
        threshold: IoU up to which two boxes may both be kept.

    Returns:
        (K,), int64: indices of the boxes that are kept, by falling score; of equal
        scores the earlier box comes first.

    Raises:
        ValueError: if shapes do not fit, a number is not finite, or the threshold is
            not from 0 to 1.

    Source: greedy, as in Girshick et al., "Rich Feature Hierarchies for Accurate Object
    Detection and Semantic Segmentation", 2013, section 2.2.
    """
    check_boxes(boxes)
    check_scores(scores, boxes)
    check_threshold(threshold)
    order = scores.argsort(descending=True, stable=True)
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        overlap = iou(boxes[best], boxes[order]).double()  # compared with 0.3, not 0.3f
        order = order[overlap <= threshold]
    return torch.stack(kept) if kept else order


def nms_per_class(
    boxes: Tensor, scores: Tensor, labels: Tensor, threshold: float
) -> Tensor:
    """Let boxes strike out only boxes of their own class.

    Args:
        boxes: (N, 4), xyxy.
        scores: (N,).
        labels: (N,), int64, the classes.
        threshold: IoU up to which two boxes of a class may both be kept.

    Returns:
        (K,), int64: indices of the boxes that are kept, by falling score; of equal
        scores the earlier box comes first.

    Raises:
        ValueError: as :func:`nms`, and if there is not a label for each box.
    """
    if labels.shape != scores.shape:
        raise ValueError(
            f"expected a label for each of {len(scores)} scores, "
            f"got {tuple(labels.shape)}"
        )
    members = [(labels == label).nonzero()[:, 0] for label in labels.unique()]
    kept = [index[nms(boxes[index], scores[index], threshold)] for index in members]
    found = torch.cat([*kept, labels.new_empty(0)]).sort().values
    return found[scores[found].argsort(descending=True, stable=True)]


def soft_nms(
    boxes: Tensor,
    scores: Tensor,
    decay: Callable[[Tensor], Tensor],
    min_score: float = 0.001,
) -> tuple[Tensor, Tensor]:
    """Keep the best box, lower the scores of what overlaps it, and so on with the rest.

    Of two people behind one another suppression loses one; here the second keeps its
    place, further down the list.

    Args:
        boxes: (N, 4), xyxy.
        scores: (N,).
        decay: what an IoU (...) multiplies the score by, (...), from 0 to 1, as
            :func:`gaussian_decay` and :func:`linear_decay` make it.
        min_score: boxes whose score falls below are dropped.

    Returns:
        Indices (K,), int64, of the boxes that are kept, and their new scores (K,), both
        by falling new score.

    Raises:
        ValueError: if shapes do not fit or a number is not finite.

    Source: Bodla et al., "Soft-NMS: Improving Object Detection With One Line of Code",
    2017, section 3, figure 2. https://arxiv.org/abs/1704.04503
    """
    check_boxes(boxes)
    check_scores(scores, boxes)
    rest = (scores >= min_score).nonzero()[:, 0]
    left = scores[rest]
    kept, new_scores = [rest[:0]], [left[:0]]
    while len(rest):
        best = left.argmax()
        kept.append(rest[best, None])
        new_scores.append(left[best, None])
        left = left * decay(iou(boxes[rest[best]], boxes[rest]))
        left[best] = -torch.inf
        rest, left = rest[left >= min_score], left[left >= min_score]
    return torch.cat(kept), torch.cat(new_scores)


def gaussian_decay(sigma: float = 0.5) -> Callable[[Tensor], Tensor]:
    """Return the decay exp(-IoU² / σ), which touches every box that overlaps at all.

    Args:
        sigma: σ; smaller is stricter. 0.5 in the paper.

    Raises:
        ValueError: if σ is not above 0.
    """
    if not sigma > 0:
        raise ValueError(f"expected sigma above 0, got {sigma}")
    return lambda overlap: torch.exp(-(overlap**2) / sigma)


def linear_decay(threshold: float = 0.3) -> Callable[[Tensor], Tensor]:
    """Return the decay 1 - IoU, from a threshold of IoU on.

    Args:
        threshold: IoU below which scores stay. 0.3 in the paper.

    Raises:
        ValueError: if the threshold is not from 0 to 1.
    """
    check_threshold(threshold)
    return lambda overlap: torch.where(overlap < threshold, 1, 1 - overlap)
