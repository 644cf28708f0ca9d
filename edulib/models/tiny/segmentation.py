"""Small segmenters: the book's own, with a fraction of their widths."""

from torch import nn

from edulib.models.classification import vgg
from edulib.models.segmentation import fcn
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
