"""IoU, and what it becomes when a network should learn from it.

All four broadcast: row by row they take (N, 4) and (N, 4); for all pairs give
``boxes[:, None]`` and ``others``. All are 1 for equal boxes. Where boxes are apart, IoU
is 0 with gradient 0, and the others go on to tell near from far.

Boxes of area 0 have IoU 0 with every box, themselves included: 0 / 0 is taken as 0,
here and in the other ratios, so that values and gradients are finite. torchvision's IoU
is NaN there; its losses add 1e-7 to each denominator, so that they agree with these up
to that. Boxes with x2 < x1 have no IoU: what comes from a user is refused before
(:func:`edulib.models.ops.checks.check_sides`), what comes from a network has to be
decoded so that it cannot happen.
"""

import math

import torch
from torch import Tensor

from edulib.models.ops.boxes import box_area, widened
from edulib.models.ops.checks import check_boxes


def iou(boxes: Tensor, others: Tensor) -> Tensor:
    """Return intersection over union: the area two boxes share, of all they cover.

    Args:
        boxes: (..., 4), xyxy.
        others: (..., 4), xyxy, of a shape that broadcasts with it.

    Returns:
        (...), from 0 to 1.

    Raises:
        ValueError: if a number is not finite.

    Source: Jaccard, 1901; as the measure of detectors, Everingham et al., "The Pascal
    Visual Object Classes (VOC) Challenge", 2010, section 4.2.
    """
    intersection, union = _overlap(boxes, others)
    return _ratio(intersection, union)


def pairwise_iou(boxes: Tensor, others: Tensor) -> Tensor:
    """Return the IoU of each box with each other.

    Args:
        boxes: (N, 4), xyxy.
        others: (M, 4), xyxy.

    Returns:
        (N, M), from 0 to 1.

    Raises:
        ValueError: if a number is not finite.
    """
    return iou(boxes[:, None], others)


def generalized_iou(boxes: Tensor, others: Tensor) -> Tensor:
    """Return GIoU = IoU - (C - U) / C, C the area of the smallest box around both.

    Args:
        boxes: (..., 4), xyxy.
        others: (..., 4), xyxy, of a shape that broadcasts with it.

    Returns:
        (...), above -1, at most IoU; equal to it where one box holds the other.

    Raises:
        ValueError: if a number is not finite.

    Source: Rezatofighi et al., "Generalized Intersection over Union: A Metric and A
    Loss for Bounding Box Regression", 2019, algorithm 1.
    https://arxiv.org/abs/1902.09630
    """
    intersection, union = _overlap(boxes, others)
    width, height = _hull(boxes, others)
    hull = width * height
    return _ratio(intersection, union) - _ratio(hull - union, hull)


def distance_iou(boxes: Tensor, others: Tensor) -> Tensor:
    """Return DIoU = IoU - d² / c², d between the centres, c the hull's diagonal.

    Args:
        boxes: (..., 4), xyxy.
        others: (..., 4), xyxy, of a shape that broadcasts with it.

    Returns:
        (...), above -1, at most IoU; equal to it where the centres coincide.

    Raises:
        ValueError: if a number is not finite.

    Source: Zheng et al., "Distance-IoU Loss: Faster and Better Learning for Bounding
    Box Regression", 2019, equation 7. https://arxiv.org/abs/1911.08287
    """
    width, height = _hull(boxes, others)
    right, down = (_doubled_centre(boxes) - _doubled_centre(others)).unbind(-1)
    distance, diagonal = (right**2 + down**2) / 4, width**2 + height**2
    return iou(boxes, others) - _ratio(distance, diagonal)


def complete_iou(boxes: Tensor, others: Tensor) -> Tensor:
    """Return CIoU = DIoU - alpha v, v for the difference of the boxes' shapes.

    v = 4 / π² (arctan(w / h) - arctan(w' / h'))² and alpha = v / (1 - IoU + v), which
    is a weight: a constant for the gradient.

    Args:
        boxes: (..., 4), xyxy.
        others: (..., 4), xyxy, of a shape that broadcasts with it.

    Returns:
        (...), at most DIoU; equal to it where width / height is equal.

    Raises:
        ValueError: if a number is not finite.

    Source: Zheng et al., 2019, equations 8 to 11.

    Differs from the paper: the gradient of v is the true one. The paper drops its
    factor 1 / (w² + h²), which is large for a small box (equation 12).
    """
    turn = _steepness(boxes) - _steepness(others)
    v = 4 / math.pi**2 * turn**2
    alpha = _ratio(v, 1 - iou(boxes, others) + v).detach()
    return distance_iou(boxes, others) - alpha * v


def _overlap(boxes: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Return the areas (...) of intersection and union."""
    check_boxes(boxes)
    check_boxes(others, "other boxes")
    left, upper, right, lower = boxes.unbind(-1)
    left_, upper_, right_, lower_ = others.unbind(-1)
    width = torch.minimum(right, right_) - torch.maximum(left, left_)
    height = torch.minimum(lower, lower_) - torch.maximum(upper, upper_)
    intersection = widened(width).clamp(min=0) * widened(height).clamp(min=0)
    return intersection, box_area(boxes) + box_area(others) - intersection


def _hull(boxes: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Return width and height (...) of the smallest box around both."""
    first = torch.minimum(boxes[..., :2], others[..., :2])
    last = torch.maximum(boxes[..., 2:], others[..., 2:])
    return widened(last - first).unbind(-1)


def _doubled_centre(boxes: Tensor) -> Tensor:
    return widened(boxes[..., :2] + boxes[..., 2:])


def _steepness(boxes: Tensor) -> Tensor:
    """Return arctan(w / h), also where h is 0; 0 for a point, which has no shape."""
    width, height = widened(boxes[..., 2:] - boxes[..., :2]).unbind(-1)
    is_point = (width == 0) & (height == 0)
    return torch.atan2(width, height.masked_fill(is_point, 1))  # older torch: NaN


def _ratio(part: Tensor, whole: Tensor) -> Tensor:
    """Return part / whole, and part itself, which is 0, where whole is 0."""
    return part / whole.masked_fill(whole == 0, 1)
