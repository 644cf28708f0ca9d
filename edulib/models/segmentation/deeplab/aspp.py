"""Atrous spatial pyramid pooling: one map read at several rates at once.

Chen et al., 2017, section 3.3 and figure 5.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn


def conv_norm_relu(
    in_channels: int, out_channels: int, kernel_size: int, rate: int = 1
) -> nn.Sequential:
    """Return a convolution that keeps the map's size, normalisation and ReLU.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: side of the kernels, odd.
        rate: cells from one weight of a kernel to the next.
    """
    return nn.Sequential(
        nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            padding=rate * (kernel_size // 2),
            dilation=rate,
            bias=False,
        ),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


def separable(
    in_channels: int, out_channels: int, kernel_size: int, rate: int = 1
) -> nn.Sequential:
    """Return the same as depthwise and pointwise convolution: atrous separable.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: side of the depthwise kernels, odd.
        rate: of the depthwise kernels.

    Source: Chen et al., 2018, figure 3 (c); normalisation and ReLU behind both, as in
    the authors' code.
    """
    return nn.Sequential(
        nn.Conv2d(
            in_channels,
            in_channels,
            kernel_size,
            padding=rate * (kernel_size // 2),
            dilation=rate,
            groups=in_channels,
            bias=False,
        ),
        nn.BatchNorm2d(in_channels),
        nn.ReLU(),
        *conv_norm_relu(in_channels, out_channels, 1),
    )


class ASPP(nn.Module):
    """A 1x1 convolution, 3x3 ones at several rates and the image's mean, put together.

    Args:
        in_channels: channels of the input.
        rates: of the 3x3 convolutions.
        out_channels: of each branch, and of the output.
        dropout: rate of the dropout behind.
        layer: makes a 3x3 convolution of (in_channels, out_channels, 3, rate).

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, out_channels, H, W)

    Source: Chen et al., 2017, section 3.3: rates (6, 12, 18) at output stride 16,
    doubled at 8. The mean's one cell, enlarged bilinearly, is the same everywhere.
    The dropout is in the authors' code, not in the papers.
    """

    def __init__(
        self,
        in_channels: int,
        rates: Sequence[int] = (6, 12, 18),
        out_channels: int = 256,
        dropout: float = 0.1,
        layer: Callable[..., nn.Module] = conv_norm_relu,
    ) -> None:
        super().__init__()
        self.out_channels = out_channels
        self.branches = nn.ModuleList(
            [
                conv_norm_relu(in_channels, out_channels, 1),
                *(layer(in_channels, out_channels, 3, rate) for rate in rates),
            ]
        )
        self.pooling = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), *conv_norm_relu(in_channels, out_channels, 1)
        )
        joined = (len(rates) + 2) * out_channels
        self.project = nn.Sequential(
            *conv_norm_relu(joined, out_channels, 1), nn.Dropout(dropout)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return what all branches found."""
        maps = [branch(x) for branch in self.branches]
        whole = self.pooling(x).expand_as(maps[0])  # (B, out_channels, H, W)
        return self.project(torch.cat([*maps, whole], dim=1))
