"""EfficientNet-B0 to B7 and Lite0 to Lite4: one small network, scaled.

Output of each part of B0 and Lite0 for a 224 x 224 image (table 1 of the paper, whose
stage 1 is the stem and stage 9 the head):

    stem      (B, 32, 112, 112)
    stage2    (B, 16, 112, 112)
    stage3    (B, 24, 56, 56)
    stage4    (B, 40, 28, 28)
    stage5    (B, 80, 14, 14)
    stage6    (B, 112, 14, 14)
    stage7    (B, 192, 7, 7)
    stage8    (B, 320, 7, 7)
    head      (B, num_classes)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes
from edulib.models.blocks.mobile import Layer, scale_channels
from edulib.models.classification.efficientnet.blocks import (
    MBConv,
    conv_norm_relu6,
    conv_norm_swish,
)

STOCHASTIC_DEPTH = 0.2  # what the blocks' rates climb towards: survival 0.8


@dataclass(frozen=True)
class Stage:
    """A row of table 1: blocks of one kind, one behind the other.

    Attributes:
        expansion: how many times wider than its input a block is inside.
        kernel_size: side of the depthwise kernels.
        stride: of the first block; 2 halves the image.
        channels: of the output.
        depth: number of blocks.
    """

    expansion: int
    kernel_size: int
    stride: int
    channels: int
    depth: int


TABLE_1 = (
    Stage(expansion=1, kernel_size=3, stride=1, channels=16, depth=1),
    Stage(expansion=6, kernel_size=3, stride=2, channels=24, depth=2),
    Stage(expansion=6, kernel_size=5, stride=2, channels=40, depth=2),
    Stage(expansion=6, kernel_size=3, stride=2, channels=80, depth=3),
    Stage(expansion=6, kernel_size=5, stride=1, channels=112, depth=3),
    Stage(expansion=6, kernel_size=5, stride=2, channels=192, depth=4),
    Stage(expansion=6, kernel_size=3, stride=1, channels=320, depth=1),
)


class EfficientNet(nn.Module):
    """Seven stages of mobile inverted bottlenecks between a stem and a head.

    Args:
        stages: the seven rows of table 1 that consist of blocks, scaled.
        ends: output channels of the stem and of the 1x1 convolution of the head.
        layer: `conv_norm_swish` or `conv_norm_relu6`.
        squeeze: whether blocks weigh their channels.
        dropout: rate before the last layer.
        num_classes: number of classes.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point, H, W >= 32
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if ``num_classes`` is below 1 or images have another shape.
        TypeError: if images are not floating point.

    Source: Tan and Le, 2019, table 1; rates of stochastic depth and momentum of batch
    normalisation (0.99, which PyTorch calls 0.01), section 5.2.

    Differs from the paper: in what it does not name, which is as in the authors' code:
    the initialisation and epsilon 0.001; in the padding of ``conv_norm_swish``.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        ends: tuple[int, int],
        layer: Layer,
        squeeze: bool,
        dropout: float,
        num_classes: int = 1000,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.stem = layer(in_channels, ends[0], 3, stride=2)
        made = make_stages(stages, ends[0], layer, squeeze)
        self.stage2, self.stage3, self.stage4, self.stage5 = made[:4]
        self.stage6, self.stage7, self.stage8 = made[4:]
        self.head = nn.Sequential(
            layer(stages[-1].channels, ends[1], 1),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(ends[1], num_classes),
        )
        self.apply(init_weights)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        check_images(x, self.in_channels, min_size=32)
        x = self.stage2(self.stem(x))  # (B, C, H/2, W/2)
        x = self.stage3(x)  # (B, C, H/4, W/4)
        x = self.stage4(x)  # (B, C, H/8, W/8)
        x = self.stage6(self.stage5(x))  # (B, C, H/16, W/16)
        x = self.stage8(self.stage7(x))  # (B, C, H/32, W/32)
        return self.head(x)


def make_stages(
    stages: Sequence[Stage], in_channels: int, layer: Layer, squeeze: bool
) -> list[nn.Sequential]:
    """Return the blocks of all stages; they are left out the more, the deeper."""
    total = sum(stage.depth for stage in stages)
    rates = iter(STOCHASTIC_DEPTH * index / total for index in range(total))
    made = []
    for stage in stages:
        blocks = []
        for stride in (stage.stride, *[1] * (stage.depth - 1)):
            blocks.append(
                MBConv(
                    in_channels,
                    stage.channels,
                    stage.kernel_size,
                    stride,
                    stage.expansion,
                    layer,
                    squeeze,
                    next(rates),
                )
            )
            in_channels = stage.channels
        made.append(nn.Sequential(*blocks))
    return made


def efficientnet(
    width: float,
    depth: float,
    dropout: float = 0.2,
    num_classes: int = 1000,
    in_channels: int = 3,
) -> EfficientNet:
    """Build B0 with all its layers wider and all its stages deeper.

    Args:
        width: what numbers of channels are multiplied by.
        depth: what numbers of blocks are multiplied by.
        dropout: rate before the last layer.
        num_classes: number of classes.
        in_channels: channels of the images.

    Raises:
        ValueError: if ``width`` or ``depth`` is not above 0, or ``num_classes`` is
            below 1.
    """
    stages = [
        replace(
            stage,
            channels=scale_channels(stage.channels, width),
            depth=scale_depth(stage.depth, depth),
        )
        for stage in TABLE_1
    ]
    ends = scale_channels(32, width), scale_channels(1280, width)
    return EfficientNet(
        stages, ends, conv_norm_swish, True, dropout, num_classes, in_channels
    )


def efficientnet_lite(
    width: float,
    depth: float,
    dropout: float = 0.2,
    num_classes: int = 1000,
    in_channels: int = 3,
) -> EfficientNet:
    """Build Lite0 with wider and deeper stages.

    It has no squeeze and excitation, ReLU6 in place of swish, and stem, head and the
    depths of the first and last stage of blocks are not scaled.

    Args:
        width: what numbers of channels are multiplied by.
        depth: what numbers of blocks are multiplied by.
        dropout: rate before the last layer.
        num_classes: number of classes.
        in_channels: channels of the images.

    Raises:
        ValueError: if ``width`` or ``depth`` is not above 0, or ``num_classes`` is
            below 1.
    """
    inner = TABLE_1[1:-1]
    stages = [
        replace(
            stage,
            channels=scale_channels(stage.channels, width),
            depth=scale_depth(stage.depth, depth if stage in inner else 1),
        )
        for stage in TABLE_1
    ]
    return EfficientNet(
        stages, (32, 1280), conv_norm_relu6, False, dropout, num_classes, in_channels
    )


def scale_depth(blocks: int, depth: float) -> int:
    """Scale a number of blocks, and round it up.

    Raises:
        ValueError: if ``depth`` is not above 0.
    """
    if not depth > 0:
        raise ValueError(f"expected depth, a factor above 0, got {depth!r}")
    return math.ceil(blocks * depth)


def efficientnet_b0(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """Build B0, for images of 224 x 224 pixels: 5,288,548 parameters."""
    return efficientnet(1.0, 1.0, 0.2, num_classes, in_channels)


def efficientnet_b1(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """Build B1, for images of 240 x 240 pixels: 7,794,184 parameters."""
    return efficientnet(1.0, 1.1, 0.2, num_classes, in_channels)


def efficientnet_b2(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """Build B2, for images of 260 x 260 pixels: 9,109,994 parameters."""
    return efficientnet(1.1, 1.2, 0.3, num_classes, in_channels)


def efficientnet_b3(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """Build B3, for images of 300 x 300 pixels: 12,233,232 parameters."""
    return efficientnet(1.2, 1.4, 0.3, num_classes, in_channels)


def efficientnet_b4(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """Build B4, for images of 380 x 380 pixels: 19,341,616 parameters."""
    return efficientnet(1.4, 1.8, 0.4, num_classes, in_channels)


def efficientnet_b5(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """Build B5, for images of 456 x 456 pixels: 30,389,784 parameters."""
    return efficientnet(1.6, 2.2, 0.4, num_classes, in_channels)


def efficientnet_b6(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """Build B6, for images of 528 x 528 pixels: 43,040,704 parameters."""
    return efficientnet(1.8, 2.6, 0.5, num_classes, in_channels)


def efficientnet_b7(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """Build B7, for images of 600 x 600 pixels: 66,347,960 parameters."""
    return efficientnet(2.0, 3.1, 0.5, num_classes, in_channels)


def efficientnet_lite0(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """Build Lite0, for images of 224 x 224 pixels: 4,652,008 parameters."""
    return efficientnet_lite(1.0, 1.0, 0.2, num_classes, in_channels)


def efficientnet_lite1(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """Build Lite1, for images of 240 x 240 pixels: 5,416,680 parameters."""
    return efficientnet_lite(1.0, 1.1, 0.2, num_classes, in_channels)


def efficientnet_lite2(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """Build Lite2, for images of 260 x 260 pixels: 6,092,072 parameters."""
    return efficientnet_lite(1.1, 1.2, 0.3, num_classes, in_channels)


def efficientnet_lite3(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """Build Lite3, for images of 280 x 280 pixels: 8,197,096 parameters."""
    return efficientnet_lite(1.2, 1.4, 0.3, num_classes, in_channels)


def efficientnet_lite4(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """Build Lite4, for images of 300 x 300 pixels: 13,006,568 parameters."""
    return efficientnet_lite(1.4, 1.8, 0.3, num_classes, in_channels)


def init_weights(module: nn.Module) -> None:
    """Draw convolutions from N(0, 2 / (k * k * filters of a group)), k their side."""
    if isinstance(module, nn.Conv2d):
        height, width = module.kernel_size
        fan_out = height * width * module.out_channels // module.groups
        nn.init.normal_(module.weight, std=math.sqrt(2 / fan_out))
    elif isinstance(module, nn.Linear):
        bound = 1 / math.sqrt(module.out_features)
        nn.init.uniform_(module.weight, -bound, bound)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)
