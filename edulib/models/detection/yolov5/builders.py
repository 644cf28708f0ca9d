"""The five sizes: shares of one network's widths and depths."""

import math

from edulib.models.detection.yolov5.network import Backbone, Head, Neck, YOLOv5


def build(num_classes: int, in_channels: int, width: float, depth: float) -> YOLOv5:
    """Build a YOLOv5 whose widths and depths are shares of the l model's.

    Args:
        num_classes: kinds of object.
        in_channels: channels of the images.
        width: share of the channels, which are rounded up to a multiple of 8.
        depth: share of the blocks, rounded, at least 1.
    """
    widths = [8 * math.ceil(c * width / 8) for c in (64, 128, 256, 512, 1024)]
    depths = [max(1, round(n * depth)) for n in (3, 6, 9, 3)]
    backbone = Backbone(widths, depths, in_channels)
    neck = Neck(widths[2:], widths[2:], depths[0])
    return YOLOv5(backbone, neck, Head(widths[2:], num_classes))


def yolov5n(num_classes: int = 80, in_channels: int = 3) -> YOLOv5:
    """Build the nano model: a quarter of the channels, a third of the blocks.

    Args:
        num_classes: kinds of object.
        in_channels: channels of the images.
    """
    return build(num_classes, in_channels, width=0.25, depth=0.33)


def yolov5s(num_classes: int = 80, in_channels: int = 3) -> YOLOv5:
    """Build the small model: half of the channels, a third of the blocks.

    Args:
        num_classes: kinds of object.
        in_channels: channels of the images.
    """
    return build(num_classes, in_channels, width=0.5, depth=0.33)


def yolov5m(num_classes: int = 80, in_channels: int = 3) -> YOLOv5:
    """Build the medium model: three quarters of the channels, two thirds of the blocks.

    Args:
        num_classes: kinds of object.
        in_channels: channels of the images.
    """
    return build(num_classes, in_channels, width=0.75, depth=0.67)


def yolov5l(num_classes: int = 80, in_channels: int = 3) -> YOLOv5:
    """Build the large model, of which the others are shares.

    Args:
        num_classes: kinds of object.
        in_channels: channels of the images.
    """
    return build(num_classes, in_channels, width=1.0, depth=1.0)


def yolov5x(num_classes: int = 80, in_channels: int = 3) -> YOLOv5:
    """Build the extra large model: 1.25 times the channels, 1.33 times the blocks.

    Args:
        num_classes: kinds of object.
        in_channels: channels of the images.
    """
    return build(num_classes, in_channels, width=1.25, depth=1.33)
