"""Small networks of inception blocks and of their rivals, which stand in no paper."""

from collections.abc import Callable

from torch import nn

from edulib.anatomy import count_parameters
from edulib.models.blocks.checks import check_num_classes
from edulib.models.classification.googlenet import (
    GoogLeNet,
    Inception,
    Stages,
    conv_norm_relu,
    max_pool,
)

WIDTHS = (16, 16, 16, 8, 16, 16)  # of each block: four branches of one width


def googlenet_small(num_classes: int = 10, in_channels: int = 3) -> GoogLeNet:
    """Build a network of five inception blocks for images of 64 x 64 pixels.

    All branches are 16 channels wide, so that they can be compared; kernels are those
    of the paper, 5x5 among them, with batch normalisation.
    """
    return _five_blocks(inception, num_classes, in_channels)


def one_size_small(
    kernel: int, num_classes: int = 10, in_channels: int = 3
) -> GoogLeNet:
    """Build the same network with kernels of one size in all blocks.

    Each block has one branch, a reduction and 64 kernels, and as many parameters as an
    inception block, to within one channel of the reduction.

    Args:
        kernel: side of the kernels.
        num_classes: number of classes.
        in_channels: channels of the images.
    """

    def block(channels: int) -> nn.Sequential:
        return single_branch(channels, kernel, count_parameters(inception(channels)))

    return _five_blocks(block, num_classes, in_channels)


def inception(channels: int) -> Inception:
    """Return a block of the small network: 64 channels, 16 from each branch."""
    return Inception(channels, WIDTHS, conv_norm_relu, 5)


def single_branch(channels: int, kernel: int, budget: int) -> nn.Sequential:
    """Return a reduction and 64 kernels, as wide between as the budget allows.

    Args:
        channels: of the input.
        kernel: side of the kernels.
        budget: parameters that may be used, batch normalisation included.
    """
    width = (budget - 2 * 64) // (channels + 2 + 64 * kernel**2)
    return nn.Sequential(
        conv_norm_relu(channels, width, 1), conv_norm_relu(width, 64, kernel)
    )


def _five_blocks(
    block: Callable[[int], nn.Module], num_classes: int, in_channels: int
) -> GoogLeNet:
    """Put five blocks, made for so many input channels, between stem and average."""
    check_num_classes(num_classes)
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
