"""Non-maximum suppression: of boxes that show the same object, keep the best.

The loop is the algorithm as one would do it by hand, a step for each box that is kept.
torchvision's, in C++, keeps the same boxes in the same order and is faster: that is
what the models call.
"""

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
    Detection and Semantic Segmentation", 2014, section 2.2.
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
