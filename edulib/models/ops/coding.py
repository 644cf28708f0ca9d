"""A box as its offset from an anchor, which is what a network predicts.

For a box with centre (x, y), width w and height h, and an anchor with the index a:

    t_x = (x - x_a) / w_a      t_w = log(w / w_a)
    t_y = (y - y_a) / h_a      t_h = log(h / h_a)

each times a weight, since these numbers are small. The weights (10, 10, 5, 5) of Fast
R-CNN's successors and the "variances" (0.1, 0.1, 0.2, 0.2) of SSD's code are the same:
there one divides by 0.1, here one multiplies by 10. Neither stands in a paper; Fast
R-CNN normalises the offsets to mean 0 and variance 1 over the training set, and these
are rounded deviations of that kind.

Source: Girshick et al., "Rich Feature Hierarchies for Accurate Object Detection and
Semantic Segmentation", 2013, appendix C; Ren et al., "Faster R-CNN", 2015, equation 2.
https://arxiv.org/abs/1506.01497
"""

import math

import torch
from torch import Tensor

from edulib.models.ops.boxes import cxcywh_to_xyxy, xyxy_to_cxcywh
from edulib.models.ops.checks import check_sides

Weights = tuple[float, float, float, float]
"""What the offsets of x, y, w and h are multiplied by."""
CLIP = math.log(1000 / 16)
"""Largest log(w / w_a): an anchor of 16 pixels may grow to 1,000, and exp is finite."""


def encode_boxes(
    boxes: Tensor, anchors: Tensor, weights: Weights = (1.0, 1.0, 1.0, 1.0)
) -> Tensor:
    """Return the offsets that lead from anchors to boxes.

    Args:
        boxes: (..., 4), xyxy, as a rule the object that each anchor is matched with.
        anchors: (..., 4), xyxy, of a shape that broadcasts with it.
        weights: what the four offsets are multiplied by.

    Returns:
        (..., 4): t_x, t_y, t_w, t_h.

    Raises:
        ValueError: if a box or an anchor has no area: its logarithm would be infinite.
    """
    check_sides(boxes, flat=False)
    check_sides(anchors, "anchors", flat=False)
    boxes, anchors = xyxy_to_cxcywh(boxes), xyxy_to_cxcywh(anchors)
    sizes = anchors[..., 2:]
    shift = (boxes[..., :2] - anchors[..., :2]) / sizes
    growth = torch.log(boxes[..., 2:] / sizes)
    return torch.cat([shift, growth], dim=-1) * boxes.new_tensor(weights)


def decode_boxes(
    offsets: Tensor,
    anchors: Tensor,
    weights: Weights = (1.0, 1.0, 1.0, 1.0),
    clip: float = CLIP,
) -> Tensor:
    """Return the boxes that offsets make of anchors; undoes :func:`encode_boxes`.

    Args:
        offsets: (..., 4): t_x, t_y, t_w, t_h.
        anchors: (..., 4), xyxy, of a shape that broadcasts with it; with offsets
            (N, K, 4), one for each class, give ``anchors[:, None]``.
        weights: what the four offsets were multiplied by.
        clip: the largest growth log(w / w_a) and log(h / h_a); larger ones are cut. A
            network that has just begun would predict infinite boxes.

    Returns:
        (..., 4), xyxy; not clipped to the image.
    """
    offsets = offsets / offsets.new_tensor(weights)
    anchors = xyxy_to_cxcywh(anchors)
    sizes = anchors[..., 2:]
    centres = anchors[..., :2] + offsets[..., :2] * sizes
    grown = sizes * offsets[..., 2:].clamp(max=clip).exp()
    return cxcywh_to_xyxy(torch.cat([centres, grown], dim=-1))
