"""What the Inception networks from the third version on are made of.

Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, "Rethinking the Inception Architecture for
Computer Vision", 2015. https://arxiv.org/abs/1512.00567
"""

import torch
from torch import Tensor, nn


class ConvNormReLU(nn.Sequential):
    """A convolution without bias, batch normalisation and ReLU.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: height and width of the kernel, or its side.
        stride: step of the kernel.
        padding: rows and columns of zeros around the image; by default none.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, out_channels, H', W')
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__(
            nn.Conv2d(
                in_channels, out_channels, kernel_size, stride, padding, bias=False
            ),
            nn.BatchNorm2d(out_channels, eps=0.001),
            nn.ReLU(inplace=True),
        )


class Branches(nn.Module):
    """Layers side by side that read the same, their outputs one behind the other."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        """Return the channels of all branches."""
        return torch.cat([branch(x) for branch in self.branches], dim=1)


def row(in_channels: int, out_channels: int, length: int = 7) -> ConvNormReLU:
    """Return a convolution one pixel high and seven (or ``length``) wide."""
    return ConvNormReLU(
        in_channels, out_channels, (1, length), padding=(0, length // 2)
    )


def column(in_channels: int, out_channels: int, length: int = 7) -> ConvNormReLU:
    """Return a convolution seven (or ``length``) pixels high and one wide."""
    return ConvNormReLU(
        in_channels, out_channels, (length, 1), padding=(length // 2, 0)
    )


def cross(in_channels: int, out_channels: int) -> Branches:
    """Return a row of three and a column of three, side by side."""
    return Branches(
        row(in_channels, out_channels, 3), column(in_channels, out_channels, 3)
    )
