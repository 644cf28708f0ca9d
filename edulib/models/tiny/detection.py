"""Small detectors: the book's own, with a fraction of their widths."""

import torch
from torch import nn

from edulib.models.detection import ssd as _ssd
from edulib.models.detection import yolo_v1 as _yolo_v1
from edulib.models.narrow import narrow


def yolo_v1(num_classes: int = 3, in_channels: int = 3) -> nn.Module:
    """Build YOLO with a thirty-second of its widths."""
    with torch.device("meta"):
        model = _yolo_v1.yolo_v1(num_classes, in_channels)
    return narrow(model, 32, 7 * 7 * (10 + num_classes), in_channels)


def fast_yolo_v1(num_classes: int = 3, in_channels: int = 3) -> nn.Module:
    """Build Fast YOLO with an eighth of its widths."""
    with torch.device("meta"):
        model = _yolo_v1.fast_yolo_v1(num_classes, in_channels)
    return narrow(model, 8, 7 * 7 * (10 + num_classes), in_channels)


def ssd300_vgg16(num_classes: int = 3, in_channels: int = 3) -> nn.Module:
    """Build SSD300 with a sixteenth of its widths."""
    return _ssd.ssd300_vgg16(num_classes, in_channels, width=4)
