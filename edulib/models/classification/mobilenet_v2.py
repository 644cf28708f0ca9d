"""MobileNet v2: wide inside, thin outside, and no activation where it is thin.

Sandler, Howard, Zhu, Zhmoginov and Chen, "MobileNetV2: Inverted Residuals and Linear
Bottlenecks", CVPR 2018. https://arxiv.org/abs/1801.04381

Output of each part for a 224 x 224 image (table 2 of the paper):

    stem      (B, 32, 112, 112)
    stage1    (B, 16, 112, 112)
    stage2    (B, 24, 56, 56)
    stage3    (B, 32, 28, 28)
    stage4    (B, 64, 14, 14)
    stage5    (B, 96, 14, 14)
    stage6    (B, 160, 7, 7)
    stage7    (B, 320, 7, 7)
    head      (B, num_classes)

Notation: B images; C channels; H, W height and width in pixels; t the expansion.

Differs from the paper: the text counts 19 blocks, table 2 and all released code have
17. What the paper does not name is as in torchvision, whose published weights fit:
padding alike on both sides, dropout before the last layer, the initial weights.
"""

from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes
from edulib.models.blocks.mobile import conv_norm, init_weights, scale_channels

# Expansion t, channels, number of blocks, stride of the first: the rows of table 2.
TABLE_2 = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


class InvertedResidual(nn.Module):
    """Widen, filter each channel, narrow again; what is thin is added to what is thin.

    The narrowing layer has no activation: it is the linear bottleneck.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        stride: of the depthwise convolution; 2 halves the image.
        expansion: t, how many times wider than the input the block is inside; with 1
            nothing is widened.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, out_channels, H / stride, W / stride), rounded up

    Source: Sandler et al., 2018, table 1 and figure 4 (d).
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, expansion: int
    ) -> None:
        super().__init__()
        wide = expansion * in_channels
        self.expand = (
            conv_norm(in_channels, wide, 1) if expansion > 1 else nn.Identity()
        )
        self.depthwise = conv_norm(wide, wide, 3, stride, groups=wide)
        self.project = nn.Sequential(
            nn.Conv2d(wide, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)
        )
        self.has_shortcut = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        """Return corrected features, or new ones where shapes differ."""
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.has_shortcut else y


class MobileNetV2(nn.Module):
    """One convolution, seventeen inverted residuals, one 1x1 convolution.

    Args:
        width: multiplier: what the channels of every layer are multiplied by, and
            rounded to multiples of 8. Below 1 the last convolution keeps its 1,280.
        num_classes: number of classes.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), H and W at least 32
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if ``num_classes`` is below 1, ``width`` is not above 0, or images
            have another shape.
        TypeError: if images are not floating point.

    Source: Sandler et al., 2018, table 2 and section 4.

    Differs from the paper: see the module.
    """

    def __init__(
        self, width: float = 1.0, num_classes: int = 1000, in_channels: int = 3
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        channels = scale_channels(32, width)
        self.stem = conv_norm(in_channels, channels, 3, stride=2)
        stages = []
        for expansion, out_channels, depth, first_stride in TABLE_2:
            out_channels = scale_channels(out_channels, width)
            blocks = []
            for stride in (first_stride, *[1] * (depth - 1)):
                block = InvertedResidual(channels, out_channels, stride, expansion)
                blocks.append(block)
                channels = out_channels
            stages.append(nn.Sequential(*blocks))
        self.stage1, self.stage2, self.stage3, self.stage4 = stages[:4]
        self.stage5, self.stage6, self.stage7 = stages[4:]
        last = scale_channels(1280, max(1.0, width))
        self.head = nn.Sequential(
            conv_norm(channels, last, 1),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(last, num_classes),
        )
        self.apply(init_weights)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        check_images(image, self.in_channels, min_size=32)
        x = self.stem(image)  # (B, 32, H/2, W/2)
        x = self.stage1(x)
        x = self.stage2(x)  # (B, 24, H/4, W/4)
        x = self.stage3(x)  # (B, 32, H/8, W/8)
        x = self.stage5(self.stage4(x))  # (B, 96, H/16, W/16)
        x = self.stage7(self.stage6(x))  # (B, 320, H/32, W/32)
        return self.head(x)  # (B, num_classes)


def mobilenet_v2(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV2:
    """Build MobileNet v2 of full width: 3,504,872 parameters."""
    return MobileNetV2(1.0, num_classes, in_channels)


def mobilenet_v2_140(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV2:
    """Build MobileNet v2 of 1.4 times the width: 6,108,776 parameters.

    Table 4 of the paper prints 6.9 million.
    """
    return MobileNetV2(1.4, num_classes, in_channels)
