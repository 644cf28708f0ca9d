"""What Inception-v4 and the Inception-ResNets share: a stem, a reduction, a sum.

Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4, Inception-ResNet and the Impact of
Residual Connections on Learning", 2016. https://arxiv.org/abs/1602.07261
"""

from torch import Tensor, nn

from edulib.models.blocks.inception import Branches, ConvNormReLU, column, row


class ScaledResidual(nn.Module):
    """Branches whose mixture is scaled down and added to what they read.

    y = relu(x + scale * mix(branches(x))). The mixture is a 1x1 convolution with bias,
    without normalisation and without activation: it brings the few channels of the
    branches to the many of the sum.

    Args:
        channels: channels of input and output.
        width: channels of all branches together.
        branches: layers side by side that keep the size of the image.
        scale: what the mixture is multiplied by.
        activation: whether a ReLU follows the sum.

    Shape:
        - Input: (B, channels, H, W)
        - Output: (B, channels, H, W)

    Source: Szegedy et al., 2016, sections 3.2 and 3.3, figure 20. As in the paper.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        branches: nn.Module,
        scale: float,
        activation: bool = True,
    ) -> None:
        super().__init__()
        self.branches = branches
        self.mix = nn.Conv2d(width, channels, 1)
        self.scale = scale
        self.activation = nn.ReLU(inplace=True) if activation else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum, in the shape of ``x``."""
        return self.activation(x + self.scale * self.mix(self.branches(x)))


def wide_stem(in_channels: int) -> nn.Sequential:
    """Return figure 3: in three forks to a grid of 35 x 35 with 384 channels.

    The stem of Inception-v4 and, in the paper, of Inception-ResNet-v2.
    """
    return nn.Sequential(
        ConvNormReLU(in_channels, 32, 3, stride=2),
        ConvNormReLU(32, 32, 3),
        ConvNormReLU(32, 64, 3, padding=1),
        Branches(nn.MaxPool2d(3, stride=2), ConvNormReLU(64, 96, 3, stride=2)),
        Branches(
            nn.Sequential(ConvNormReLU(160, 64, 1), ConvNormReLU(64, 96, 3)),
            nn.Sequential(
                ConvNormReLU(160, 64, 1),
                row(64, 64),
                column(64, 64),
                ConvNormReLU(64, 96, 3),
            ),
        ),
        Branches(ConvNormReLU(192, 192, 3, stride=2), nn.MaxPool2d(3, stride=2)),
    )


def average_branch(in_channels: int, out_channels: int) -> nn.Sequential:
    """Return the mean of 3 x 3 pixels, those outside left out, and a 1x1 layer."""
    return nn.Sequential(
        nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False),
        ConvNormReLU(in_channels, out_channels, 1),
    )


def reduction_a(in_channels: int, klmn: tuple[int, int, int, int]) -> Branches:
    """Return figure 7, from 35 x 35 to 17 x 17; table 1 has k, l, m and n."""
    first, middle, end, single = klmn
    return Branches(
        ConvNormReLU(in_channels, single, 3, stride=2),
        nn.Sequential(
            ConvNormReLU(in_channels, first, 1),
            ConvNormReLU(first, middle, 3, padding=1),
            ConvNormReLU(middle, end, 3, stride=2),
        ),
        nn.MaxPool2d(3, stride=2),
    )
