"""ResNet-20, 32, 44, 56 and 110 for small images, and their plain twins.

Output of each part for the 32 x 32 images of CIFAR-10 (section 4.2 of the paper):

    stem     (B, 16, 32, 32)
    stage1   (B, 16, 32, 32)
    stage2   (B, 32, 16, 16)
    stage3   (B, 64, 8, 8)
    head     (B, num_classes)
"""

from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes
from edulib.models.classification.resnet.blocks import (
    BasicBlockA,
    PlainBlock,
    conv3x3,
    init_weights,
    make_stage,
)


class CifarResNet(nn.Module):
    """The residual (or plain) network of 6n + 2 layers for small images.

    Args:
        block: kind of block, :class:`BasicBlockA` or :class:`PlainBlock`.
        depth: number of blocks in each of the three stages, n.
        num_classes: number of classes.
        in_channels: channels of the images.
        width: channels of the first stage; the next have twice and four times as many.

    Shape:
        - Input: (B, in_channels, H, W), H and W at least 4
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if ``num_classes`` is below 1 or images have another shape.
        TypeError: if images are not floating point.

    Source: He et al., 2015, section 4.2. As in the paper, where ``width`` is 16.
    """

    def __init__(
        self,
        block: type[BasicBlockA] | type[PlainBlock],
        depth: int,
        num_classes: int = 10,
        in_channels: int = 3,
        width: int = 16,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.stem = nn.Sequential(
            conv3x3(in_channels, width), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        )
        self.stage1 = make_stage(block, width, width, depth, stride=1)
        self.stage2 = make_stage(block, width, 2 * width, depth, stride=2)
        self.stage3 = make_stage(block, 2 * width, 4 * width, depth, stride=2)
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4 * width, num_classes)
        )
        init_weights(self)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        check_images(image, self.in_channels, min_size=4)
        x = self.stem(image)  # (B, width, H, W)
        x = self.stage1(x)
        x = self.stage2(x)  # (B, 2 * width, H/2, W/2)
        x = self.stage3(x)  # (B, 4 * width, H/4, W/4)
        return self.head(x)  # (B, num_classes)


def resnet20_cifar(
    num_classes: int = 10, in_channels: int = 3, width: int = 16
) -> CifarResNet:
    """Build the residual network of 20 layers for small images."""
    return CifarResNet(BasicBlockA, 3, num_classes, in_channels, width)


def resnet32_cifar(
    num_classes: int = 10, in_channels: int = 3, width: int = 16
) -> CifarResNet:
    """Build the residual network of 32 layers for small images."""
    return CifarResNet(BasicBlockA, 5, num_classes, in_channels, width)


def resnet44_cifar(
    num_classes: int = 10, in_channels: int = 3, width: int = 16
) -> CifarResNet:
    """Build the residual network of 44 layers for small images."""
    return CifarResNet(BasicBlockA, 7, num_classes, in_channels, width)


def resnet56_cifar(
    num_classes: int = 10, in_channels: int = 3, width: int = 16
) -> CifarResNet:
    """Build the residual network of 56 layers for small images."""
    return CifarResNet(BasicBlockA, 9, num_classes, in_channels, width)


def resnet110_cifar(
    num_classes: int = 10, in_channels: int = 3, width: int = 16
) -> CifarResNet:
    """Build the residual network of 110 layers for small images."""
    return CifarResNet(BasicBlockA, 18, num_classes, in_channels, width)


def plain20(
    num_classes: int = 10, in_channels: int = 3, width: int = 16
) -> CifarResNet:
    """Build the plain network of 20 layers for small images."""
    return CifarResNet(PlainBlock, 3, num_classes, in_channels, width)


def plain32(
    num_classes: int = 10, in_channels: int = 3, width: int = 16
) -> CifarResNet:
    """Build the plain network of 32 layers for small images."""
    return CifarResNet(PlainBlock, 5, num_classes, in_channels, width)


def plain44(
    num_classes: int = 10, in_channels: int = 3, width: int = 16
) -> CifarResNet:
    """Build the plain network of 44 layers for small images."""
    return CifarResNet(PlainBlock, 7, num_classes, in_channels, width)


def plain56(
    num_classes: int = 10, in_channels: int = 3, width: int = 16
) -> CifarResNet:
    """Build the plain network of 56 layers for small images."""
    return CifarResNet(PlainBlock, 9, num_classes, in_channels, width)


def plain110(
    num_classes: int = 10, in_channels: int = 3, width: int = 16
) -> CifarResNet:
    """Build the plain network of 110 layers for small images."""
    return CifarResNet(PlainBlock, 18, num_classes, in_channels, width)
