"""Losses of boxes: by their four numbers, or by how they overlap.

The first looks at offsets one by one, and a pixel costs a small box as much as a large
one unless the offsets are relative. The others look at the two boxes as a whole.
"""

import torch
from torch import Tensor

from edulib.models.losses.checks import check_pair
from edulib.models.ops.iou import complete_iou, distance_iou, generalized_iou


def smooth_l1(prediction: Tensor, target: Tensor, beta: float = 1.0) -> Tensor:
    """Return the absolute difference d, with a round bottom.

    d² / (2 beta) where d < beta, and d - beta / 2 elsewhere: far away the gradient is 1
    as with L1, so that an outlier does not outweigh all others, and close to 0 it falls
    to 0 as with a square.

    Args:
        prediction: (...).
        target: (...), of the same shape.
        beta: where the square ends.

    Returns:
        (...).

    Raises:
        ValueError: if shapes differ or beta is not above 0.

    Source: Girshick, "Fast R-CNN", 2015, equation 3, with a beta of 1.
    https://arxiv.org/abs/1504.08083 Faster R-CNN's released code has 1 / 9 in its first
    stage, and torchvision in both.
    """
    check_pair(prediction, target)
    if not beta > 0:
        raise ValueError(f"expected beta above 0, got {beta}: of 0 use L1")
    distance = (prediction - target).abs()
    square = distance**2 / (2 * beta)
    return torch.where(distance < beta, square, distance - beta / 2)


def giou_loss(boxes: Tensor, targets: Tensor) -> Tensor:
    """Return 1 - GIoU.

    It moves boxes that are apart towards each other, by first making the predicted one
    larger; where one holds the other it is the same as 1 - IoU.

    Args:
        boxes: (..., 4), xyxy, as predicted.
        targets: (..., 4), of the same shape.

    Returns:
        (...), from 0 to 2.

    Raises:
        ValueError: if shapes differ or a number is not finite.

    Source: Rezatofighi et al., "Generalized Intersection over Union: A Metric and A
    Loss for Bounding Box Regression", 2019, algorithm 2.
    https://arxiv.org/abs/1902.09630
    """
    check_pair(boxes, targets)
    return 1 - generalized_iou(boxes, targets)


def diou_loss(boxes: Tensor, targets: Tensor) -> Tensor:
    """Return 1 - DIoU, which pulls the centres together.

    Args:
        boxes: (..., 4), xyxy, as predicted.
        targets: (..., 4), of the same shape.

    Returns:
        (...), from 0 to 2.

    Raises:
        ValueError: if shapes differ or a number is not finite.

    Source: Zheng et al., "Distance-IoU Loss: Faster and Better Learning for Bounding
    Box Regression", 2019, equation 7. https://arxiv.org/abs/1911.08287
    """
    check_pair(boxes, targets)
    return 1 - distance_iou(boxes, targets)


def ciou_loss(boxes: Tensor, targets: Tensor) -> Tensor:
    """Return 1 - CIoU, which pulls the centres together and makes the shapes alike.

    Args:
        boxes: (..., 4), xyxy, as predicted.
        targets: (..., 4), of the same shape.

    Returns:
        (...), from 0 to below 3.

    Raises:
        ValueError: if shapes differ or a number is not finite.

    Source: Zheng et al., 2019, equation 10.

    Differs from the paper: see :func:`edulib.models.ops.iou.complete_iou`.
    """
    check_pair(boxes, targets)
    return 1 - complete_iou(boxes, targets)
