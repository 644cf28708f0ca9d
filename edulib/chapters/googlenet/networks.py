"""A small network of inception blocks, which stands in no paper."""

from torch import nn

from edulib.models.blocks.checks import check_num_classes
from edulib.models.classification.googlenet import (
    GoogLeNet,
    Inception,
    Stages,
    conv_norm_relu,
    max_pool,
)


def googlenet_small(num_classes: int = 10, in_channels: int = 3) -> GoogLeNet:
    """Build a network of five inception blocks for images of 64 x 64 pixels.

    All branches are 16 channels wide, so that they can be compared; kernels are those
    of the paper, 5x5 among them, with batch normalisation.
    """
    check_num_classes(num_classes)

    def block(channels: int) -> Inception:
        return Inception(channels, (16, 16, 16, 8, 16, 16), conv_norm_relu, 5)

    stages = Stages(
        inception3=nn.Sequential(block(16), max_pool()),
        inception4a=block(64),
        inception4d=block(64),
        inception4e=nn.Sequential(block(64), max_pool()),
        inception5=block(64),
    )
    head = nn.Sequential(
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, num_classes)
    )
    stem = conv_norm_relu(in_channels, 16, 3, stride=2)
    return GoogLeNet(stem, stages, head, in_channels)
