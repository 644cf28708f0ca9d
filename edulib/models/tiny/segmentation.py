"""Small segmenters: the book's own, with a fraction of their widths."""

from collections.abc import Callable

import torch
from torch import nn

from edulib.models.classification import vgg
from edulib.models.narrow import narrow
from edulib.models.segmentation import deeplab, fcn
from edulib.models.segmentation import unet as _unet


def fcn8s(num_classes: int = 3, in_channels: int = 3) -> nn.Module:
    """Build FCN-8s with a convolution a stage, 4 to 16 channels wide."""
    widths = (4, 8, 8, 16, 16)
    stages = vgg.make_stages((1, 1, 1, 1, 1), vgg.conv3x3_relu, in_channels, widths)
    head = vgg.dense_head(16 * 7 * 7, 16, 1)
    classifier = vgg.VGG(stages, nn.AdaptiveAvgPool2d(7), head, in_channels)
    return fcn.fcn(classifier, 2, num_classes)


def unet(num_classes: int = 3, in_channels: int = 1) -> nn.Module:
    """Build U-Net with a sixteenth of its widths."""
    return _unet.UNet(num_classes, in_channels, width=4)


def deeplabv3_resnet50(num_classes: int = 3, in_channels: int = 3) -> nn.Module:
    """Build DeepLabV3 on ResNet-50 with an eighth of its widths."""
    return _narrow(deeplab.deeplabv3_resnet50, 8, num_classes, in_channels)


def deeplabv3_mobilenet(num_classes: int = 3, in_channels: int = 3) -> nn.Module:
    """Build DeepLabV3 on MobileNetV3-Large with a quarter of its widths."""
    return _narrow(deeplab.deeplabv3_mobilenet_v3_large, 4, num_classes, in_channels)


def deeplabv3plus_resnet50(num_classes: int = 3, in_channels: int = 3) -> nn.Module:
    """Build DeepLabV3+ on ResNet-50 with an eighth of its widths."""
    return _narrow(deeplab.deeplabv3plus_resnet50, 8, num_classes, in_channels)


def deeplabv3plus_xception65(num_classes: int = 3, in_channels: int = 3) -> nn.Module:
    """Build DeepLabV3+ on Xception-65 with an eighth of its widths."""
    return _narrow(deeplab.deeplabv3plus_xception65, 8, num_classes, in_channels)


def deeplabv3plus_mobilenet_v2(num_classes: int = 3, in_channels: int = 3) -> nn.Module:
    """Build DeepLabV3+ on MobileNet v2 with an eighth of its widths."""
    return _narrow(deeplab.deeplabv3plus_mobilenet_v2, 8, num_classes, in_channels)


def deeplabv3plus_mobilenet_v3(num_classes: int = 3, in_channels: int = 3) -> nn.Module:
    """Build DeepLabV3+ on MobileNetV3-Large with a quarter of its widths."""
    build = deeplab.deeplabv3plus_mobilenet_v3_large
    return _narrow(build, 4, num_classes, in_channels)


def lraspp_mobilenet_v3(num_classes: int = 3, in_channels: int = 3) -> nn.Module:
    """Build LR-ASPP on MobileNetV3-Large with a quarter of its widths."""
    return _narrow(deeplab.lraspp_mobilenet_v3_large, 4, num_classes, in_channels)


def _narrow(
    build: Callable[..., nn.Module], factor: int, num_classes: int, in_channels: int
) -> nn.Module:
    with torch.device("meta"):
        network = build(num_classes, in_channels)
    return narrow(network, factor, num_classes, in_channels)
