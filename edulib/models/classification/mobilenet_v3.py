"""MobileNet v3: blocks found by a search, weighed channels, hard swish, cheaper ends.

Howard, Sandler, Chu, Chen, Chen, Tan, Wang, Zhu, Pang, Vasudevan, Le and Adam,
"Searching for MobileNetV3", ICCV 2019. https://arxiv.org/abs/1905.02244

Output of each part for a 224 x 224 image (tables 1 and 2 of the paper), large and
small:

    stem      (B, 16, 112, 112)    (B, 16, 112, 112)
    stage1    (B, 24, 56, 56)      (B, 16, 56, 56)
    stage2    (B, 40, 28, 28)      (B, 24, 28, 28)
    stage3    (B, 112, 14, 14)     (B, 48, 14, 14)
    stage4    (B, 160, 7, 7)       (B, 96, 7, 7)
    head      (B, num_classes)     (B, num_classes)

Notation: B images; C channels; H, W height and width in pixels.

Differs from the paper: table 2 marks squeeze-and-excite at the last 1x1 convolution of
the small network, too; with it there would be more parameters than the paper counts,
and no released code that we know has it. As in torchvision, whose published weights
fit: the squeezed width is rounded to multiples of 8 (from 72 channels to 24, a quarter
would be 18), padding is alike on both sides, the initial weights; "dropout of 0.8" is
read as what is kept, so that the rate is 0.2.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes
from edulib.models.blocks.mobile import (
    SqueezeExcitation,
    conv_norm,
    init_weights,
    scale_channels,
    slow_batch_norm,
)

Activation = Callable[..., nn.Module]
RE, HS = nn.ReLU, nn.Hardswish


@dataclass(frozen=True)
class Row:
    """A row "bneck" of table 1 or 2: one block.

    Attributes:
        kernel_size: side of the depthwise kernels.
        wide: channels inside the block, "exp size".
        channels: of the output.
        squeeze: whether the block weighs its wide channels, "SE".
        activation: ReLU or hard swish, "NL".
        stride: 2 halves the image.
    """

    kernel_size: int
    wide: int
    channels: int
    squeeze: bool
    activation: Activation
    stride: int


LARGE = (
    (
        Row(3, 16, 16, False, RE, 1),
        Row(3, 64, 24, False, RE, 2),
        Row(3, 72, 24, False, RE, 1),
    ),
    (
        Row(5, 72, 40, True, RE, 2),
        Row(5, 120, 40, True, RE, 1),
        Row(5, 120, 40, True, RE, 1),
    ),
    (
        Row(3, 240, 80, False, HS, 2),
        Row(3, 200, 80, False, HS, 1),
        Row(3, 184, 80, False, HS, 1),
        Row(3, 184, 80, False, HS, 1),
        Row(3, 480, 112, True, HS, 1),
        Row(3, 672, 112, True, HS, 1),
    ),
    (
        Row(5, 672, 160, True, HS, 2),
        Row(5, 960, 160, True, HS, 1),
        Row(5, 960, 160, True, HS, 1),
    ),
)
SMALL = (
    (Row(3, 16, 16, True, RE, 2),),
    (
        Row(3, 72, 24, False, RE, 2),
        Row(3, 88, 24, False, RE, 1),
    ),
    (
        Row(5, 96, 40, True, HS, 2),
        Row(5, 240, 40, True, HS, 1),
        Row(5, 240, 40, True, HS, 1),
        Row(5, 120, 48, True, HS, 1),
        Row(5, 144, 48, True, HS, 1),
    ),
    (
        Row(5, 288, 96, True, HS, 2),
        Row(5, 576, 96, True, HS, 1),
        Row(5, 576, 96, True, HS, 1),
    ),
)


class InvertedResidualV3(nn.Module):
    """Widen, filter each channel, weigh the channels, narrow again without activation.

    Args:
        in_channels: channels of the input.
        row: the block's row of table 1 or 2; where it is as wide inside as its input,
            nothing is widened.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, row.channels, H / row.stride, W / row.stride), rounded up

    Source: Howard et al., 2019, figure 4; squeezed to a quarter of the wide channels
    with a hard sigmoid as the gate, sections 5.2 and 5.3.
    """

    def __init__(self, in_channels: int, row: Row) -> None:
        super().__init__()
        wide = row.wide
        layer = partial(conv_norm, norm=slow_batch_norm, activation=row.activation)
        self.expand = (
            layer(in_channels, wide, 1) if wide != in_channels else nn.Identity()
        )
        self.depthwise = layer(wide, wide, row.kernel_size, row.stride, groups=wide)
        self.squeeze = (
            SqueezeExcitation(wide, scale_channels(wide, 0.25), gate=nn.Hardsigmoid)
            if row.squeeze
            else nn.Identity()
        )
        self.project = nn.Sequential(
            nn.Conv2d(wide, row.channels, 1, bias=False), slow_batch_norm(row.channels)
        )
        self.has_shortcut = row.stride == 1 and in_channels == row.channels

    def forward(self, x: Tensor) -> Tensor:
        """Return corrected features, or new ones where shapes differ."""
        y = self.project(self.squeeze(self.depthwise(self.expand(x))))
        return x + y if self.has_shortcut else y


class MobileNetV3(nn.Module):
    """Four stages of inverted residuals between two cheap ends.

    The last wide layer stands behind the mean, where it meets one place, not 49.

    Args:
        stages: rows of table 1 or 2, by the size of their outputs.
        last: width of the layer behind the mean.
        num_classes: number of classes.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), H and W at least 32
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if ``num_classes`` is below 1 or images have another shape.
        TypeError: if images are not floating point.

    Source: Howard et al., 2019, tables 1 and 2; section 5.1 and figure 5 for the ends.

    Differs from the paper: see the module.
    """

    def __init__(
        self,
        stages: Sequence[Sequence[Row]],
        last: int,
        num_classes: int = 1000,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        layer = partial(conv_norm, norm=slow_batch_norm, activation=nn.Hardswish)
        channels = 16
        self.stem = layer(in_channels, channels, 3, stride=2)
        made = []
        for rows in stages:
            blocks = []
            for row in rows:
                blocks.append(InvertedResidualV3(channels, row))
                channels = row.channels
            made.append(nn.Sequential(*blocks))
        self.stage1, self.stage2, self.stage3, self.stage4 = made
        wide = stages[-1][-1].wide
        self.head = nn.Sequential(
            layer(channels, wide, 1),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(wide, last),
            nn.Hardswish(inplace=True),
            nn.Dropout(0.2),
            nn.Linear(last, num_classes),
        )
        self.apply(init_weights)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        check_images(image, self.in_channels, min_size=32)
        x = self.stem(image)  # (B, 16, H/2, W/2)
        x = self.stage1(x)  # (B, C, H/4, W/4)
        x = self.stage2(x)  # (B, C, H/8, W/8)
        x = self.stage3(x)  # (B, C, H/16, W/16)
        x = self.stage4(x)  # (B, C, H/32, W/32)
        return self.head(x)  # (B, num_classes)


def mobilenet_v3_large(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV3:
    """Build the large network: 5,483,032 parameters."""
    return MobileNetV3(LARGE, 1280, num_classes, in_channels)


def mobilenet_v3_small(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV3:
    """Build the small network: 2,542,856 parameters."""
    return MobileNetV3(SMALL, 1024, num_classes, in_channels)
