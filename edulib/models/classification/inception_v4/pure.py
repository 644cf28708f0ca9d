"""Inception-v4: one kind of block a grid, and no residual connection.

Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4, Inception-ResNet and the Impact of
Residual Connections on Learning", 2016. https://arxiv.org/abs/1602.07261

Output of each part for a 299 x 299 image (figure 9 of the paper):

    stem          (B, 384, 35, 35)     figure 3
    grid35        (B, 384, 35, 35)     figure 4, four times
    reduction17   (B, 1024, 17, 17)    figure 7
    grid17        (B, 1024, 17, 17)    figure 5, seven times
    reduction8    (B, 1536, 8, 8)      figure 8
    grid8         (B, 1536, 8, 8)      figure 6, three times
    head          (B, num_classes)
"""

from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes
from edulib.models.blocks.inception import Branches, ConvNormReLU, column, cross, row
from edulib.models.classification.inception_v4.blocks import (
    average_branch,
    reduction_a,
    wide_stem,
)


class InceptionV4(nn.Module):
    """Three kinds of blocks on three grids, each kind repeated without a change.

    Args:
        num_classes: number of classes.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), H and W at least 75; the published weights
          expect pixels between -1 and 1
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if ``num_classes`` is below 1 or images have another shape.
        TypeError: if images are not floating point.

    Source: Szegedy et al., 2016, figures 3 to 9.

    Differs from the paper: see the package.
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.stem = wide_stem(in_channels)
        self.grid35 = nn.Sequential(*(inception_a(384) for _ in range(4)))
        self.reduction17 = reduction_a(384, (192, 224, 256, 384))
        self.grid17 = nn.Sequential(*(inception_b(1024) for _ in range(7)))
        self.reduction8 = reduction_b(1024)
        self.grid8 = nn.Sequential(*(inception_c(1536) for _ in range(3)))
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Dropout(0.2),
            nn.Flatten(),
            nn.Linear(1536, num_classes),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        check_images(image, self.in_channels, min_size=75)
        x = self.grid35(self.stem(image))  # (B, 384, H/8, W/8)
        x = self.grid17(self.reduction17(x))  # (B, 1024, H/16, W/16)
        x = self.grid8(self.reduction8(x))  # (B, 1536, H/32, W/32)
        return self.head(x)  # (B, num_classes)


def inception_a(channels: int) -> Branches:
    """Return figure 4: no, one and two 3x3 convolutions, and a mean."""
    return Branches(
        ConvNormReLU(channels, 96, 1),
        nn.Sequential(
            ConvNormReLU(channels, 64, 1), ConvNormReLU(64, 96, 3, padding=1)
        ),
        nn.Sequential(
            ConvNormReLU(channels, 64, 1),
            ConvNormReLU(64, 96, 3, padding=1),
            ConvNormReLU(96, 96, 3, padding=1),
        ),
        average_branch(channels, 96),
    )


def inception_b(channels: int) -> Branches:
    """Return figure 5: no, one and two 7x7 convolutions, split in rows and columns."""
    return Branches(
        ConvNormReLU(channels, 384, 1),
        nn.Sequential(ConvNormReLU(channels, 192, 1), row(192, 224), column(224, 256)),
        nn.Sequential(
            ConvNormReLU(channels, 192, 1),
            column(192, 192),
            row(192, 224),
            column(224, 224),
            row(224, 256),
        ),
        average_branch(channels, 128),
    )


def reduction_b(in_channels: int) -> Branches:
    """Return figure 8, from 17 x 17 to 8 x 8."""
    return Branches(
        nn.Sequential(
            ConvNormReLU(in_channels, 192, 1), ConvNormReLU(192, 192, 3, stride=2)
        ),
        nn.Sequential(
            ConvNormReLU(in_channels, 256, 1),
            row(256, 256),
            column(256, 320),
            ConvNormReLU(320, 320, 3, stride=2),
        ),
        nn.MaxPool2d(3, stride=2),
    )


def inception_c(channels: int) -> Branches:
    """Return figure 6: rows and columns of three end side by side."""
    return Branches(
        ConvNormReLU(channels, 256, 1),
        nn.Sequential(ConvNormReLU(channels, 384, 1), cross(384, 256)),
        nn.Sequential(
            ConvNormReLU(channels, 384, 1),
            column(384, 448, 3),
            row(448, 512, 3),
            cross(512, 256),
        ),
        average_branch(channels, 256),
    )


def inception_v4(num_classes: int = 1000, in_channels: int = 3) -> InceptionV4:
    """Build Inception-v4: 42,679,816 parameters."""
    return InceptionV4(num_classes, in_channels)
