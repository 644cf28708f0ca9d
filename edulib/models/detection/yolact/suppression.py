"""Fast NMS: all boxes are judged at once, by those that are surer."""

import torch
from torch import Tensor

from edulib.models.ops.iou import iou


def fast_nms(
    boxes: Tensor, scores: Tensor, threshold: float, candidates: int = 200
) -> tuple[Tensor, Tensor]:
    """Remove each box that a surer one of its kind overlaps by more than a threshold.

    In NMS a box that is removed removes nothing. Here it does, so that no box waits for
    the fate of another; slightly too many go.

    Args:
        boxes: (N, 4), xyxy.
        scores: (N, K), one for each kind.
        threshold: IoU up to which two boxes of a kind may both be kept.
        candidates: how many of the surest boxes of a kind come to that, n.

    Returns:
        Of what is kept, the surest first: index of the box (M,) and kind (M,), int64. A
        box may be kept for several kinds.

    Source: section 5, equation 2. As in the released code, a box goes if its IoU is
    above the threshold; in the paper also if it is equal.
    """
    if not len(boxes):
        nothing = boxes.new_zeros(0, dtype=torch.int64)
        return nothing, nothing
    ordered, index = scores.T.sort(descending=True, stable=True)
    ordered, index = ordered[:, :candidates], index[:, :candidates]  # (K, n)
    sorted_boxes = boxes[index]  # (K, n, 4)
    overlaps = iou(sorted_boxes[:, :, None], sorted_boxes[:, None])  # (K, n, n)
    highest = overlaps.triu(diagonal=1).amax(1)  # (K, n), over the surer boxes
    kinds, ranks = (highest <= threshold).nonzero(as_tuple=True)
    order = ordered[kinds, ranks].argsort(descending=True, stable=True)
    return index[kinds, ranks][order], kinds[order]
