"""The network of 1989, whose convolution kernels were learned from zip codes.

LeCun, Boser, Denker, Henderson, Howard, Hubbard and Jackel, "Backpropagation Applied
to Handwritten Zip Code Recognition", Neural Computation 1(4), 1989.
https://doi.org/10.1162/neco.1989.1.4.541

Notation: B images; C channels (the paper's feature maps). The layers are named as in
the paper. Output, free parameters and connections of each layer for a 16 x 16 image
(section 3 of the paper; a connection is one multiplication or one added bias):

    H1      convolution 5x5, stride 2    (B, 12, 8, 8)    1,068    19,968
    H2      convolution 5x5, stride 2    (B, 12, 4, 4)    2,592    38,592
    H3      full connection              (B, 30)          5,790     5,790
    output  full connection              (B, 10)            310       310
                                                          9,760    64,660

Differs from the paper: see `ZipCodeNet`.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes
from edulib.models.blocks.lecun import InkScale, ScaledTanh

H2_TABLE = tuple(tuple((k + j) % 12 for j in range(8)) for k in range(12))
"""For each map of H2, the eight maps of H1 that it sees."""


class UnitBiasConv2d(nn.Module):
    """Convolution 5x5 with stride 2 whose units share kernels, but not biases.

    Outside of the image everything is -1, the value of an empty background.

    Args:
        in_channels: number of input maps.
        out_channels: number of output maps.
        out_size: height and width of the output, in units; the input has twice that.
        groups: into how many parts the maps are divided, as in `nn.Conv2d`.

    Shape:
        - Input: (B, in_channels, 2 * out_size, 2 * out_size)
        - Output: (B, out_channels, out_size, out_size)

    Source: layers H1 and H2, section 3 of the paper.
    """

    def __init__(
        self, in_channels: int, out_channels: int, out_size: int, groups: int = 1
    ) -> None:
        super().__init__()
        self.kernels = nn.Conv2d(
            in_channels, out_channels, 5, stride=2, bias=False, groups=groups
        )
        self.bias = nn.Parameter(torch.zeros(out_channels, out_size, out_size))

    def forward(self, x: Tensor) -> Tensor:
        """Surround by -1, convolve, and add to each unit its own bias."""
        return self.kernels(F.pad(x, (2, 2, 2, 2), value=-1.0)) + self.bias


class ZipCodeNet(nn.Module):
    """The network of 1989, which read the digits of zip codes on envelopes.

    Args:
        num_classes: number of outputs.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, 16, 16), values from 0 (background) to 1
        - Output: (B, num_classes), each between -1.72 and 1.72, 1 for its own class
          and -1 for others

    Raises:
        ValueError: for images of another shape or a `num_classes` below 1.

    Source: section 3 of the paper.

    Differs from the paper: which eight maps of H1 a map of H2 sees "will not be
    described here", it says; here they are eight neighbours. The constants of the
    squashing function are those that the same authors gave in 1998.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.scale = InkScale(background=-1.0, ink=1.0)
        self.squash = ScaledTanh()
        self.h1 = UnitBiasConv2d(in_channels, 12, out_size=8)
        self.h2 = UnitBiasConv2d(12 * 8, 12, out_size=4, groups=12)
        self.h3 = nn.Linear(12 * 4 * 4, 30)
        self.output = nn.Linear(30, num_classes)
        self.apply(init_weights)

    def forward(self, images: Tensor) -> Tensor:
        """Return one number for each class."""
        check_images(images, self.in_channels, min_size=16, max_size=16)
        x = self.squash(self.h1(self.scale(images)))  # (B, 12, 8, 8)
        x = x[:, sum(H2_TABLE, ())]  # (B, 96, 8, 8): eight maps for each map of H2
        x = self.squash(self.h2(x))  # (B, 12, 4, 4)
        x = self.squash(self.h3(x.flatten(1)))
        return self.squash(self.output(x))


def init_weights(module: nn.Module) -> None:
    """Draw weights from [-2.4 / n, 2.4 / n], n the number of inputs of a unit."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        reach = 2.4 / math.prod(module.weight.shape[1:])
        nn.init.uniform_(module.weight, -reach, reach)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)


def lecun1989(num_classes: int = 10, in_channels: int = 1) -> ZipCodeNet:
    """Build the network of 1989: 9,760 parameters for ten classes."""
    return ZipCodeNet(num_classes, in_channels)
