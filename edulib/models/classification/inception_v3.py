"""Inception-v3: large convolutions are factorised into small and thin ones.

Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, "Rethinking the Inception Architecture for
Computer Vision", 2015. https://arxiv.org/abs/1512.00567

Output of each part for a 299 x 299 image (table 1 of the paper):

    stem          (B, 192, 35, 35)
    grid35        (B, 288, 35, 35)
    reduction17   (B, 768, 17, 17)
    grid17        (B, 768, 17, 17)
    reduction8    (B, 1280, 8, 8)
    grid8         (B, 2048, 8, 8)
    head          (B, num_classes)

Notation: B images; C channels; H, W height and width in pixels.

Differs from the paper, as the authors' released network and all published weights do:
the stem has a 1x1 layer of 80 channels and a maximum pooling where table 1 has two 3x3
convolutions of stride 2 and 1, so that 192 channels, not 288, reach the first block,
and the first block gives 256; five blocks on the 17 x 17 grid are one that reduces and
four that factorise. Epsilon 0.001 of batch normalisation and its scale are those of
torchvision's network. What all blocks are made of is in ``blocks/inception.py``.
"""

from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes
from edulib.models.blocks.inception import Branches, ConvNormReLU, column, cross, row


class InceptionV3(nn.Module):
    """Three kinds of blocks on three grids, with two reductions between them.

    Args:
        num_classes: number of classes.
        in_channels: channels of the images.
        auxiliary: whether there is a side classifier on the 17 x 17 grid.

    Shape:
        - Input: (B, in_channels, H, W), H and W at least 75
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if ``num_classes`` is below 1 or images have another shape.
        TypeError: if images are not floating point.

    Source: Szegedy et al., 2015, table 1 and section 6.

    Differs from the paper: see the module.
    """

    def __init__(
        self, num_classes: int = 1000, in_channels: int = 3, auxiliary: bool = False
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.stem = nn.Sequential(
            ConvNormReLU(in_channels, 32, 3, stride=2),
            ConvNormReLU(32, 32, 3),
            ConvNormReLU(32, 64, 3, padding=1),
            nn.MaxPool2d(3, stride=2),
            ConvNormReLU(64, 80, 1),
            ConvNormReLU(80, 192, 3),
            nn.MaxPool2d(3, stride=2),
        )
        self.grid35 = nn.Sequential(
            block35(192, 32), block35(256, 64), block35(288, 64)
        )
        self.reduction17 = reduction17(288)
        self.grid17 = nn.Sequential(*(block17(768, c) for c in (128, 160, 160, 192)))
        self.auxiliary = auxiliary_head(768, num_classes) if auxiliary else None
        self.reduction8 = reduction8(768)
        self.grid8 = nn.Sequential(block8(1280), block8(2048))
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Dropout(0.5),
            nn.Flatten(),
            nn.Linear(2048, num_classes),
        )
        init_weights(self)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images; the side classifier takes no part."""
        check_images(image, self.in_channels, min_size=75)
        return self.from_grid17(self.to_grid17(image))

    def forward_with_aux(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Classify images twice, as in training: by the head, and at the side.

        Raises:
            ValueError: if the network was built without a side classifier.
        """
        if self.auxiliary is None:
            raise ValueError("this network has no auxiliary classifier")
        check_images(image, self.in_channels, min_size=75)
        x = self.to_grid17(image)
        return self.from_grid17(x), self.auxiliary(x)

    def to_grid17(self, image: Tensor) -> Tensor:
        """Return the features of the 17 x 17 grid."""
        x = self.stem(image)  # (B, 192, H/8, W/8)
        x = self.reduction17(self.grid35(x))  # (B, 768, H/16, W/16)
        return self.grid17(x)

    def from_grid17(self, x: Tensor) -> Tensor:
        """Return the logits of the features of the 17 x 17 grid."""
        x = self.grid8(self.reduction8(x))  # (B, 2048, H/32, W/32)
        return self.head(x)


def block35(in_channels: int, project: int) -> Branches:
    """Return figure 5: a 5x5 became two 3x3 (and another stayed a 5x5)."""
    return Branches(
        ConvNormReLU(in_channels, 64, 1),
        nn.Sequential(
            ConvNormReLU(in_channels, 48, 1), ConvNormReLU(48, 64, 5, padding=2)
        ),
        nn.Sequential(
            ConvNormReLU(in_channels, 64, 1),
            ConvNormReLU(64, 96, 3, padding=1),
            ConvNormReLU(96, 96, 3, padding=1),
        ),
        nn.Sequential(
            nn.AvgPool2d(3, stride=1, padding=1), ConvNormReLU(in_channels, project, 1)
        ),
    )


def reduction17(in_channels: int) -> Branches:
    """Return figure 10: convolutions and a pooling side by side halve the grid."""
    return Branches(
        ConvNormReLU(in_channels, 384, 3, stride=2),
        nn.Sequential(
            ConvNormReLU(in_channels, 64, 1),
            ConvNormReLU(64, 96, 3, padding=1),
            ConvNormReLU(96, 96, 3, stride=2),
        ),
        nn.MaxPool2d(3, stride=2),
    )


def block17(in_channels: int, width: int) -> Branches:
    """Return figure 6 with n = 7: a 7x7 became a row and a column."""
    return Branches(
        ConvNormReLU(in_channels, 192, 1),
        nn.Sequential(
            ConvNormReLU(in_channels, width, 1), row(width, width), column(width, 192)
        ),
        nn.Sequential(
            ConvNormReLU(in_channels, width, 1),
            column(width, width),
            row(width, width),
            column(width, width),
            row(width, 192),
        ),
        nn.Sequential(
            nn.AvgPool2d(3, stride=1, padding=1), ConvNormReLU(in_channels, 192, 1)
        ),
    )


def reduction8(in_channels: int) -> Branches:
    """Return the second reduction, by the rule of figure 10."""
    return Branches(
        nn.Sequential(
            ConvNormReLU(in_channels, 192, 1), ConvNormReLU(192, 320, 3, stride=2)
        ),
        nn.Sequential(
            ConvNormReLU(in_channels, 192, 1),
            row(192, 192),
            column(192, 192),
            ConvNormReLU(192, 192, 3, stride=2),
        ),
        nn.MaxPool2d(3, stride=2),
    )


def block8(in_channels: int) -> Branches:
    """Return figure 7: rows and columns side by side, for wide features."""
    return Branches(
        ConvNormReLU(in_channels, 320, 1),
        nn.Sequential(ConvNormReLU(in_channels, 384, 1), cross(384, 384)),
        nn.Sequential(
            ConvNormReLU(in_channels, 448, 1),
            ConvNormReLU(448, 384, 3, padding=1),
            cross(384, 384),
        ),
        nn.Sequential(
            nn.AvgPool2d(3, stride=1, padding=1), ConvNormReLU(in_channels, 192, 1)
        ),
    )


def auxiliary_head(in_channels: int, num_classes: int) -> nn.Sequential:
    """Return the classifier at the side of the 17 x 17 grid (figure 8)."""
    return nn.Sequential(
        nn.AvgPool2d(5, stride=3),
        ConvNormReLU(in_channels, 128, 1),
        ConvNormReLU(128, 768, 5),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(768, num_classes),
    )


def init_weights(model: InceptionV3) -> None:
    """Draw weights from N(0, 0.1²), those of the side classifier's ends from less.

    As in torchvision and the authors' code (which cuts off at two deviations); the
    paper does not say.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.1, a=-2, b=2)
    if model.auxiliary is not None:
        nn.init.trunc_normal_(model.auxiliary[2][0].weight, std=0.01, a=-2, b=2)
        nn.init.trunc_normal_(model.auxiliary[5].weight, std=0.001, a=-2, b=2)


def inception_v3(num_classes: int = 1000, in_channels: int = 3) -> InceptionV3:
    """Build Inception-v3 without side classifier: 23,834,568 parameters."""
    return InceptionV3(num_classes, in_channels)


def inception_v3_auxiliary(
    num_classes: int = 1000, in_channels: int = 3
) -> InceptionV3:
    """Build Inception-v3 as it is trained: 27,161,264 parameters."""
    return InceptionV3(num_classes, in_channels, auxiliary=True)
