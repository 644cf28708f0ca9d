"""ResNet-18, 34, 50, 101 and 152, for photographs of about 224 x 224 pixels.

Output of each part (table 1 of the paper):

    stem     (B, 64, 56, 56)
    stage1   (B, 64, 56, 56)      (B, 256, 56, 56) from ResNet-50 on
    stage2   (B, 128, 28, 28)     (B, 512, 28, 28)
    stage3   (B, 256, 14, 14)     (B, 1024, 14, 14)
    stage4   (B, 512, 7, 7)       (B, 2048, 7, 7)
    head     (B, num_classes)
"""

from collections.abc import Sequence

from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes
from edulib.models.classification.resnet.blocks import (
    BasicBlock,
    Bottleneck,
    init_weights,
    make_stage,
)


class ResNet(nn.Module):
    """The residual network for photographs of about 224 x 224 pixels.

    Args:
        block: kind of block, :class:`BasicBlock` or :class:`Bottleneck`.
        depths: number of blocks in each of the four stages.
        channels: output channels of each of the four stages.
        num_classes: number of classes.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), H and W at least 32; the published weights
          expect ImageNet's mean and deviation removed
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if ``num_classes`` is below 1 or images have another shape.
        TypeError: if images are not floating point.

    Source: He et al., 2015, table 1 and figure 3.

    Differs from the paper: see :class:`Bottleneck`.
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        depths: Sequence[int],
        channels: Sequence[int],
        num_classes: int = 1000,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, 64, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        self.stage1 = make_stage(block, 64, channels[0], depths[0], stride=1)
        self.stage2 = make_stage(block, channels[0], channels[1], depths[1], stride=2)
        self.stage3 = make_stage(block, channels[1], channels[2], depths[2], stride=2)
        self.stage4 = make_stage(block, channels[2], channels[3], depths[3], stride=2)
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels[3], num_classes)
        )
        init_weights(self)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        check_images(image, self.in_channels, min_size=32)
        x = self.stem(image)  # (B, 64, H/4, W/4)
        x = self.stage1(x)
        x = self.stage2(x)  # (B, C, H/8, W/8)
        x = self.stage3(x)  # (B, C, H/16, W/16)
        x = self.stage4(x)  # (B, C, H/32, W/32)
        return self.head(x)  # (B, num_classes)


def resnet18(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """Build ResNet-18: 11,689,512 parameters."""
    return ResNet(
        BasicBlock, (2, 2, 2, 2), (64, 128, 256, 512), num_classes, in_channels
    )


def resnet34(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """Build ResNet-34: 21,797,672 parameters."""
    return ResNet(
        BasicBlock, (3, 4, 6, 3), (64, 128, 256, 512), num_classes, in_channels
    )


def resnet50(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """Build ResNet-50: 25,557,032 parameters."""
    return ResNet(
        Bottleneck, (3, 4, 6, 3), (256, 512, 1024, 2048), num_classes, in_channels
    )


def resnet101(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """Build ResNet-101: 44,549,160 parameters."""
    return ResNet(
        Bottleneck, (3, 4, 23, 3), (256, 512, 1024, 2048), num_classes, in_channels
    )


def resnet152(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """Build ResNet-152: 60,192,808 parameters."""
    return ResNet(
        Bottleneck, (3, 8, 36, 3), (256, 512, 1024, 2048), num_classes, in_channels
    )
