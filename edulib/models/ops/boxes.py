"""Boxes: the three ways to write one down, its area, and the edge of the image.

==========  ======================================================  ==============
written     numbers                                                 used by
==========  ======================================================  ==============
``xyxy``    left, upper, right and lower edge                       VOC, this book
``xywh``    left and upper edge, width, height                      COCO
``cxcywh``  centre, width, height                                   YOLO, SSD, DETR
==========  ======================================================  ==============
"""

import torch
from torch import Tensor


def _halves(boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first and the last two numbers of boxes."""
    if boxes.shape[-1:] != (4,):
        raise ValueError(f"expected boxes (..., 4), got {tuple(boxes.shape)}")
    return boxes[..., :2], boxes[..., 2:]


def xyxy_to_cxcywh(boxes: Tensor) -> Tensor:
    """Return centre, width and height.

    Args:
        boxes: (..., 4), left, upper, right and lower edge.

    Returns:
        (..., 4): x and y of the centre, width, height.
    """
    first, last = _halves(boxes)
    return torch.cat([(first + last) / 2, last - first], dim=-1)


def cxcywh_to_xyxy(boxes_cxcywh: Tensor) -> Tensor:
    """Return the edges of boxes given by centre, width and height.

    Args:
        boxes_cxcywh: (..., 4), x and y of the centre, width, height.

    Returns:
        (..., 4): left, upper, right and lower edge.
    """
    centre, size = _halves(boxes_cxcywh)
    return torch.cat([centre - size / 2, centre + size / 2], dim=-1)


def xyxy_to_xywh(boxes: Tensor) -> Tensor:
    """Return upper left corner, width and height, as COCO's files have them.

    Args:
        boxes: (..., 4), left, upper, right and lower edge.

    Returns:
        (..., 4): left and upper edge, width, height.
    """
    first, last = _halves(boxes)
    return torch.cat([first, last - first], dim=-1)


def xywh_to_xyxy(boxes_xywh: Tensor) -> Tensor:
    """Return the edges of boxes given by upper left corner, width and height.

    Args:
        boxes_xywh: (..., 4), left and upper edge, width, height.

    Returns:
        (..., 4): left, upper, right and lower edge.
    """
    corner, size = _halves(boxes_xywh)
    return torch.cat([corner, corner + size], dim=-1)


def box_area(boxes: Tensor) -> Tensor:
    """Return width times height.

    Args:
        boxes: (..., 4), xyxy.

    Returns:
        (...), in square pixels; float32 for boxes in half precision, whose largest
        number, 65,504, is the area of 256 x 256 pixels.
    """
    first, last = _halves(boxes)
    width, height = widened(last - first).unbind(-1)
    return width * height


def clip_boxes(boxes: Tensor, image_size: tuple[int, int]) -> Tensor:
    """Return the parts of boxes that lie in the image.

    Args:
        boxes: (..., 4), xyxy.
        image_size: (height, width).

    Returns:
        (..., 4), x from 0 to the width and y from 0 to the height. A box outside the
        image becomes one of width or height 0 at its edge.
    """
    height, width = image_size
    x1, y1, x2, y2 = boxes.unbind(-1)
    x1, x2 = x1.clamp(0, width), x2.clamp(0, width)
    y1, y2 = y1.clamp(0, height), y2.clamp(0, height)
    return torch.stack([x1, y1, x2, y2], dim=-1)


def large_enough(boxes: Tensor, min_size: float) -> Tensor:
    """Say which boxes are no slivers.

    Args:
        boxes: (..., 4), xyxy.
        min_size: least width and least height, in pixels.

    Returns:
        (...), bool: whether both sides are at least ``min_size``.
    """
    return (boxes[..., 2:] - boxes[..., :2] >= min_size).all(-1)


def widened(x: Tensor) -> Tensor:
    """Return half-precision numbers as float32, others as they are.

    Args:
        x: numbers that are about to be multiplied.
    """
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
