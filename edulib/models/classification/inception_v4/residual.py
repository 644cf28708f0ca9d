"""Inception-ResNet: Inception blocks learn a correction, scaled down, to their input.

Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4, Inception-ResNet and the Impact of
Residual Connections on Learning", 2016. https://arxiv.org/abs/1602.07261

Output of each part of Inception-ResNet-v1 for a 299 x 299 image (figure 15):

    stem          (B, 256, 35, 35)     figure 14
    grid35        (B, 256, 35, 35)     figure 10, five times
    reduction17   (B, 896, 17, 17)     figure 7
    grid17        (B, 896, 17, 17)     figure 11, ten times
    reduction8    (B, 1792, 8, 8)      figure 12
    grid8         (B, 1792, 8, 8)      figure 13, five times
    head          (B, num_classes)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes
from edulib.models.blocks.inception import Branches, ConvNormReLU, column, row
from edulib.models.classification.inception_v4.blocks import (
    ScaledResidual,
    average_branch,
    reduction_a,
    wide_stem,
)

SCALES = (0.17, 0.1, 0.2)
"""Of the residuals on the three grids, in the authors' code; the paper: 0.1 to 0.3."""


def narrow_stem(in_channels: int) -> nn.Sequential:
    """Return figure 14: to a grid of 35 x 35 with 256 channels."""
    return nn.Sequential(*stem_layers(in_channels), ConvNormReLU(192, 256, 3, stride=2))


def released_stem(in_channels: int) -> nn.Sequential:
    """Return the stem of the released network: 320 channels, an Inception block last.

    In no figure of the paper.
    """
    return nn.Sequential(
        *stem_layers(in_channels),
        nn.MaxPool2d(3, stride=2),
        Branches(
            ConvNormReLU(192, 96, 1),
            nn.Sequential(ConvNormReLU(192, 48, 1), ConvNormReLU(48, 64, 5, padding=2)),
            nn.Sequential(
                ConvNormReLU(192, 64, 1),
                ConvNormReLU(64, 96, 3, padding=1),
                ConvNormReLU(96, 96, 3, padding=1),
            ),
            average_branch(192, 64),
        ),
    )


def stem_layers(in_channels: int) -> list[nn.Module]:
    """Return what the two thinner stems begin with, to a grid of 71 x 71."""
    return [
        ConvNormReLU(in_channels, 32, 3, stride=2),
        ConvNormReLU(32, 32, 3),
        ConvNormReLU(32, 64, 3, padding=1),
        nn.MaxPool2d(3, stride=2),
        ConvNormReLU(64, 80, 1),
        ConvNormReLU(80, 192, 3),
    ]


@dataclass(frozen=True)
class Design:
    """The numbers that the figures of one network show.

    Attributes:
        stem: makes the stem for images of so many channels.
        channels: channels of the three grids, sums of what their layers give.
        depths: number of residual blocks on each of the three grids.
        reduction17: k, l, m and n of table 1.
        block35: channels of the two 3x3 layers of the longest branch.
        block17: channels of the row and the column of seven.
        reduction8: channels of the two 3x3 layers of the longest branch.
        block8: channels of the row and the column of three.
        last: channels of a 1x1 layer in front of the head; None for none. It comes
            with one more block, which has neither scale nor ReLU.
    """

    stem: Callable[[int], nn.Sequential]
    channels: tuple[int, int, int]
    depths: tuple[int, int, int]
    reduction17: tuple[int, int, int, int]
    block35: tuple[int, int]
    block17: tuple[int, int]
    reduction8: tuple[int, int]
    block8: tuple[int, int]
    last: int | None = None


V1 = Design(
    stem=narrow_stem,
    channels=(256, 896, 1792),
    depths=(5, 10, 5),
    reduction17=(192, 192, 256, 384),
    block35=(32, 32),
    block17=(128, 128),
    reduction8=(256, 256),
    block8=(192, 192),
)
V2 = Design(
    stem=wide_stem,
    channels=(384, 1152, 2144),
    depths=(5, 10, 5),
    reduction17=(256, 256, 384, 384),
    block35=(48, 64),
    block17=(160, 192),
    reduction8=(288, 320),
    block8=(224, 256),
)
V2_RELEASED = replace(
    V2,
    stem=released_stem,
    channels=(320, 1088, 2080),
    depths=(10, 20, 9),
    last=1536,
)


class InceptionResNet(nn.Module):
    """Residual Inception blocks on three grids, two reductions between them.

    Args:
        design: what the figures show: ``V1``, ``V2`` or ``V2_RELEASED``.
        num_classes: number of classes.
        in_channels: channels of the images.
        scales: what the residuals on each of the three grids are multiplied by.

    Shape:
        - Input: (B, in_channels, H, W), H and W at least 75; the published weights
          expect pixels between -1 and 1
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if ``num_classes`` is below 1, there are not three scales or images
            have another shape.
        TypeError: if images are not floating point.

    Source: Szegedy et al., 2016, figures 3, 7 and 10 to 20.

    Differs from the paper: see the package.
    """

    def __init__(
        self,
        design: Design,
        num_classes: int = 1000,
        in_channels: int = 3,
        scales: Sequence[float] = SCALES,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        if len(scales) != 3:
            raise ValueError(f"expected three scales, one for a grid, got {scales!r}")
        self.in_channels = in_channels
        blocks = [
            [make(channels, *widths, scale) for _ in range(depth)]
            for make, channels, widths, scale, depth in zip(
                (residual35, residual17, residual8),
                design.channels,
                (design.block35, design.block17, design.block8),
                scales,
                design.depths,
                strict=True,
            )
        ]
        self.stem = design.stem(in_channels)
        self.grid35 = nn.Sequential(*blocks[0])
        self.reduction17 = reduction_a(design.channels[0], design.reduction17)
        self.grid17 = nn.Sequential(*blocks[1])
        self.reduction8 = reduction_b(design.channels[1], *design.reduction8)
        self.grid8 = nn.Sequential(*blocks[2], *last_layers(design))
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Dropout(0.2),
            nn.Flatten(),
            nn.Linear(design.last or design.channels[2], num_classes),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        check_images(image, self.in_channels, min_size=75)
        x = self.grid35(self.stem(image))  # (B, C, H/8, W/8)
        x = self.grid17(self.reduction17(x))  # (B, C, H/16, W/16)
        x = self.grid8(self.reduction8(x))  # (B, C, H/32, W/32)
        return self.head(x)  # (B, num_classes)


def residual35(channels: int, middle: int, end: int, scale: float) -> ScaledResidual:
    """Return figure 10 or 16: no, one and two 3x3 convolutions."""
    branches = Branches(
        ConvNormReLU(channels, 32, 1),
        nn.Sequential(
            ConvNormReLU(channels, 32, 1), ConvNormReLU(32, 32, 3, padding=1)
        ),
        nn.Sequential(
            ConvNormReLU(channels, 32, 1),
            ConvNormReLU(32, middle, 3, padding=1),
            ConvNormReLU(middle, end, 3, padding=1),
        ),
    )
    return ScaledResidual(channels, 32 + 32 + end, branches, scale)


def residual17(channels: int, middle: int, end: int, scale: float) -> ScaledResidual:
    """Return figure 11 or 17: no convolution and a 7x7, split in row and column."""
    branches = Branches(
        ConvNormReLU(channels, end, 1),
        nn.Sequential(
            ConvNormReLU(channels, 128, 1), row(128, middle), column(middle, end)
        ),
    )
    return ScaledResidual(channels, end + end, branches, scale)


def reduction_b(in_channels: int, middle: int, end: int) -> Branches:
    """Return figure 12 or 18, from 17 x 17 to 8 x 8."""
    return Branches(
        nn.Sequential(
            ConvNormReLU(in_channels, 256, 1), ConvNormReLU(256, 384, 3, stride=2)
        ),
        nn.Sequential(
            ConvNormReLU(in_channels, 256, 1), ConvNormReLU(256, middle, 3, stride=2)
        ),
        nn.Sequential(
            ConvNormReLU(in_channels, 256, 1),
            ConvNormReLU(256, middle, 3, padding=1),
            ConvNormReLU(middle, end, 3, stride=2),
        ),
        nn.MaxPool2d(3, stride=2),
    )


def residual8(
    channels: int, middle: int, end: int, scale: float, activation: bool = True
) -> ScaledResidual:
    """Return figure 13 or 19: no convolution and a 3x3, split in row and column."""
    branches = Branches(
        ConvNormReLU(channels, 192, 1),
        nn.Sequential(
            ConvNormReLU(channels, 192, 1), row(192, middle, 3), column(middle, end, 3)
        ),
    )
    return ScaledResidual(channels, 192 + end, branches, scale, activation)


def last_layers(design: Design) -> list[nn.Module]:
    """Return what the released network has behind its blocks; in no figure."""
    if design.last is None:
        return []
    channels = design.channels[2]
    return [
        residual8(channels, *design.block8, scale=1.0, activation=False),
        ConvNormReLU(channels, design.last, 1),
    ]


def inception_resnet_v1(
    num_classes: int = 1000, in_channels: int = 3, scales: Sequence[float] = SCALES
) -> InceptionResNet:
    """Build Inception-ResNet-v1 of the paper's figures: 22,756,328 parameters."""
    return InceptionResNet(V1, num_classes, in_channels, scales)


def inception_resnet_v2(
    num_classes: int = 1000, in_channels: int = 3, scales: Sequence[float] = SCALES
) -> InceptionResNet:
    """Build Inception-ResNet-v2 as the authors released it: 55,843,464 parameters."""
    return InceptionResNet(V2_RELEASED, num_classes, in_channels, scales)


def inception_resnet_v2_paper(
    num_classes: int = 1000, in_channels: int = 3, scales: Sequence[float] = SCALES
) -> InceptionResNet:
    """Build Inception-ResNet-v2 of the paper's figures: 32,433,928 parameters."""
    return InceptionResNet(V2, num_classes, in_channels, scales)
