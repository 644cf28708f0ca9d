"""U-Net: down to see what is there, up again to say where, and a skip at each level.

Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image
Segmentation", MICCAI 2015. https://arxiv.org/abs/1505.04597

Notation: B images; C channels; H, W height and width in pixels; K classes.

Output of each level for a tile of 572 x 572 pixels (figure 1 of the paper), on the way
down before pooling:

    level 1   (B, 64, 568, 568)      up, (B, 64, 388, 388)
    level 2   (B, 128, 280, 280)     up, (B, 128, 196, 196)
    level 3   (B, 256, 136, 136)     up, (B, 256, 100, 100)
    level 4   (B, 512, 64, 64)       up, (B, 512, 52, 52)
    level 5   (B, 1024, 28, 28)
    scores    (B, K, 388, 388)

As in the paper, but for what ``UNet`` says of dropout.
"""

from collections.abc import Sequence
from math import sqrt

import torch
from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes

LEVELS = 5
LOST = 60  # pixels of the tile that the convolutions of levels 1 to 4 use up
LEAST = 188  # the smallest tile: it gives a map of 4 x 4 pixels


def double_conv(in_channels: int, out_channels: int, padding: int) -> nn.Sequential:
    """Return two 3x3 convolutions, each with ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=padding),
        nn.ReLU(inplace=True),
        nn.Conv2d(out_channels, out_channels, 3, padding=padding),
        nn.ReLU(inplace=True),
    )


class Up(nn.Module):
    """One level up: double the map, put the skip's middle beside it, convolve twice.

    Args:
        in_channels: of the coarse map; the fine one has half as many.
        padding: of the convolutions.

    Shape:
        - Input: coarse (B, C, H, W), and skip (B, C / 2, H', W'), H' >= 2H, W' >= 2W
        - Output: (B, C / 2, 2H - 4, 2W - 4), or (B, C / 2, 2H, 2W) with padding 1

    Source: section 2. As in the paper.
    """

    def __init__(self, in_channels: int, padding: int) -> None:
        super().__init__()
        half = in_channels // 2
        self.up = nn.ConvTranspose2d(in_channels, half, 2, stride=2)
        self.conv = double_conv(in_channels, half, padding)

    def forward(self, coarse: Tensor, skip: Tensor) -> Tensor:
        """Return the finer map."""
        coarse = self.up(coarse)
        return self.conv(torch.cat([crop(skip, coarse), coarse], dim=1))


class UNet(nn.Module):
    """Five levels down, four up, and a 1x1 convolution.

    Args:
        num_classes: K.
        in_channels: channels of the images.
        width: channels of the first level, 64 in the paper; each further has twice as
            many.
        padding: 0 as in the paper, where the map is smaller than the image by 184
            pixels and no pixel of it has seen the outside; 1 for maps as large as the
            image, which most later code has.

    Shape:
        - Input: (B, in_channels, H, W), floating point; H and W are 60 more than a
          multiple of 16, 188 at least (with padding 1, multiples of 16)
        - Output: (B, num_classes, H - 184, W - 184), logits (with padding 1, H and W)

    Raises:
        ValueError: if the images do not fit: each pooling must halve an even number.

    Source: figure 1, section 2; initial weights: section 3, deviation sqrt(2 / N).

    As in the paper, which leaves open where dropout stands and at which rate: 0.5
    behind levels 4 and 5, as in the authors' code. That code has ReLU behind the
    up-convolutions, too, and 128 channels behind the last; figure 1 has neither.
    """

    def __init__(
        self,
        num_classes: int = 2,
        in_channels: int = 1,
        width: int = 64,
        padding: int = 0,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        if padding not in (0, 1):
            raise ValueError(f"expected padding 0 or 1, got {padding!r}")
        widths = [width << level for level in range(LEVELS)]
        self.in_channels, self.padding = in_channels, padding
        self.down = nn.ModuleList(
            double_conv(before, after, padding)
            for before, after in zip([in_channels, *widths], widths, strict=False)
        )
        self.pool = nn.MaxPool2d(2)
        self.dropout4, self.dropout5 = nn.Dropout(0.5), nn.Dropout(0.5)
        self.up = nn.ModuleList(Up(channels, padding) for channels in widths[:0:-1])
        self.scores = nn.Conv2d(width, num_classes, 1)
        self.apply(init_weights)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of each pixel."""
        check_images(images, self.in_channels, 16 if self.padding else LEAST)
        self.check_tile(images.shape[-2:])
        level1 = self.down[0](images)
        level2 = self.down[1](self.pool(level1))
        level3 = self.down[2](self.pool(level2))
        level4 = self.dropout4(self.down[3](self.pool(level3)))
        x = self.dropout5(self.down[4](self.pool(level4)))
        for up, skip in zip(self.up, (level4, level3, level2, level1), strict=True):
            x = up(x, skip)
        return self.scores(x)

    def check_tile(self, size: Sequence[int]) -> None:
        """Raise unless each of the four poolings halves an even number."""
        lost = 0 if self.padding else LOST
        if any((side - lost) % 16 for side in size):
            raise ValueError(
                f"expected images with sides of 16 n{' + 60' * bool(lost)} pixels, got "
                f"{tuple(size)}: pad or crop them"
            )


def crop(x: Tensor, to: Tensor) -> Tensor:
    """Cut the middle out of a map, as large as another."""
    height, width = to.shape[-2:]
    top, left = (x.shape[-2] - height) // 2, (x.shape[-1] - width) // 2
    return x[..., top : top + height, left : left + width]


def init_weights(module: nn.Module) -> None:
    """Draw from a normal distribution of variance 2 / N, N the inputs of a neuron.

    A 1x1 convolution and a 2x2 up-convolution of stride 2 add up one value of each
    channel, a 3x3 convolution nine.
    """
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        taps = 9 if module.kernel_size == (3, 3) else 1
        nn.init.normal_(module.weight, std=sqrt(2 / (module.in_channels * taps)))
        nn.init.zeros_(module.bias)


def unet(
    num_classes: int = 2, in_channels: int = 1, width: int = 64, padding: int = 0
) -> UNet:
    """Build the paper's network: 31,030,658 parameters.

    Args:
        num_classes: cell and background in the paper.
        in_channels: 1 for the grey images of a microscope.
        width: channels of the first level.
        padding: 1 for maps as large as the image.
    """
    return UNet(num_classes, in_channels, width, padding)
