"""Small Inception networks for images of 32 x 32: with shortcuts, without, and pure.

They stand in no paper; the residual block is that of the package. Output of each part:

    stem      (B, 36, 8, 8)
    blocks8   (B, 36, 8, 8)
    reduce    (B, 72, 4, 4)
    blocks4   (B, 72, 4, 4)
    head      (B, num_classes)
"""

from torch import Tensor, nn

from edulib.experiments.networks import Rescale
from edulib.models.blocks.inception import Branches, ConvNormReLU, column, row
from edulib.models.classification.inception_v4 import ScaledResidual

CHANNELS = (36, 72)
SCALE = 0.2


class Unscaled(nn.Module):
    """The layers of ``ScaledResidual`` without its shortcut and its scale.

    Args:
        channels: channels of input and output.
        width: channels of all branches together.
        branches: layers side by side that keep the size of the image.
    """

    def __init__(self, channels: int, width: int, branches: nn.Module) -> None:
        super().__init__()
        self.branches = branches
        self.mix = nn.Conv2d(width, channels, 1)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return the mixture alone."""
        return self.activation(self.mix(self.branches(x)))


def narrow_branches(channels: int) -> tuple[int, Branches]:
    """Return the channels of the branches of figure 10, made narrow, and them."""
    few = channels // 4
    more = channels // 3
    branches = Branches(
        ConvNormReLU(channels, few, 1),
        nn.Sequential(
            ConvNormReLU(channels, few, 1), ConvNormReLU(few, few, 3, padding=1)
        ),
        nn.Sequential(
            ConvNormReLU(channels, few, 1),
            ConvNormReLU(few, more, 3, padding=1),
            ConvNormReLU(more, more, 3, padding=1),
        ),
    )
    return 2 * few + more, branches


def block(kind: str, channels: int, scale: float) -> nn.Module:
    """Return a block of one of three kinds that cost the same.

    Args:
        kind: "residual", "no shortcut" (the same layers) or "pure" (the branches carry
            all channels, and no layer mixes them behind).
        channels: channels of input and output.
        scale: of the residual.
    """
    if kind == "residual":
        width, branches = narrow_branches(channels)
        return ScaledResidual(channels, width, branches, scale)
    if kind == "no shortcut":
        width, branches = narrow_branches(channels)
        return Unscaled(channels, width, branches)
    third = channels // 3
    few = 5 * channels // 16
    return Branches(
        ConvNormReLU(channels, third, 1),
        nn.Sequential(
            ConvNormReLU(channels, few, 1), ConvNormReLU(few, third, 3, padding=1)
        ),
        nn.Sequential(
            ConvNormReLU(channels, few, 1),
            ConvNormReLU(few, third, 3, padding=1),
            ConvNormReLU(third, third, 3, padding=1),
        ),
    )


class SmallInception(nn.Module):
    """A stem, blocks on a grid of 8 x 8 and on one of 4 x 4, a mean.

    Args:
        kind: of the blocks, see ``block``.
        depth: number of blocks on each grid.
        scale: of residuals.
        num_classes: number of classes.
    """

    def __init__(
        self, kind: str, depth: int, scale: float = SCALE, num_classes: int = 10
    ) -> None:
        super().__init__()
        few, many = CHANNELS
        self.stem = nn.Sequential(
            Rescale(),
            ConvNormReLU(3, 24, 3, stride=2, padding=1),
            ConvNormReLU(24, few, 3, stride=2, padding=1),
        )
        self.blocks8 = nn.Sequential(*(block(kind, few, scale) for _ in range(depth)))
        self.reduce = Branches(
            ConvNormReLU(few, many - few, 3, stride=2, padding=1),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        self.blocks4 = nn.Sequential(*(block(kind, many, scale) for _ in range(depth)))
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(many, num_classes)
        )

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        x = self.blocks8(self.stem(image))
        return self.head(self.blocks4(self.reduce(x)))


class WideInception(nn.Module):
    """A few residual blocks as wide as wished on a grid of 2 x 2, for 32 x 32 images.

    The branches stay narrow, so that 1,200 channels can be trained on a laptop.

    Args:
        width: channels of the sums.
        scale: of the residuals.
        norm_on_sum: whether the last sum is normalised before its ReLU.
        depth: number of blocks.
        num_classes: number of classes.
    """

    def __init__(
        self,
        width: int,
        scale: float,
        norm_on_sum: bool = False,
        depth: int = 5,
        num_classes: int = 10,
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            Rescale(),
            ConvNormReLU(3, 24, 3, stride=2, padding=1),
            ConvNormReLU(24, 48, 3, stride=2, padding=1),
            nn.MaxPool2d(4),
            ConvNormReLU(48, width, 1),
        )
        self.blocks = nn.Sequential(
            *(thin_residual(width, scale) for _ in range(depth - 1)),
            thin_residual(width, scale, activation=not norm_on_sum),
        )
        if norm_on_sum:
            self.blocks.append(nn.BatchNorm2d(width, eps=0.001))
            self.blocks.append(nn.ReLU(inplace=True))
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, num_classes)
        )

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        return self.head(self.blocks(self.stem(image)))


def thin_residual(
    channels: int, scale: float, activation: bool = True
) -> ScaledResidual:
    """Return the block of figure 13 with 24 channels in each layer of its branches."""
    branches = Branches(
        ConvNormReLU(channels, 24, 1),
        nn.Sequential(ConvNormReLU(channels, 24, 1), row(24, 24, 3), column(24, 24, 3)),
    )
    return ScaledResidual(channels, 48, branches, scale, activation)
