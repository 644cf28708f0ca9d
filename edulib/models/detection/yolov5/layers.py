"""The layers of YOLOv5: a convolution in three steps, C3, and SPPF."""

import torch
from torch import Tensor, nn


def conv_norm_silu(
    in_channels: int, out_channels: int, kernel_size: int = 1, stride: int = 1
) -> nn.Sequential:
    """Return a convolution without bias, batch normalisation and SiLU, x sigmoid(x).

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: 1, 3, or 6 with a stride of 2; padded so that a stride of 1 keeps
            the size of the map and one of 2 halves it.
        stride: of the convolution.
    """
    padding = (kernel_size - 1) // 2
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, bias=False),
        nn.BatchNorm2d(out_channels, eps=1e-3, momentum=0.03),
        nn.SiLU(inplace=True),
    )


class Bottleneck(nn.Module):
    """A 1x1 and a 3x3 convolution, added to the input: the residual block of Darknet.

    Args:
        channels: C, the same in all three places.

    Shape:
        - Input, output: (B, C, H, W)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.residual = bottleneck(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Add what the two layers find."""
        return x + self.residual(x)


def bottleneck(channels: int) -> nn.Sequential:
    """Return a 1x1 and a 3x3 convolution with nothing around them, for the neck."""
    return nn.Sequential(
        conv_norm_silu(channels, channels), conv_norm_silu(channels, channels, 3)
    )


class C3(nn.Module):
    """Send half of the channels through the blocks, and the other half past them.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output; the blocks have half of them.
        depth: number of blocks.
        residual: whether a block adds its input; without, as in the neck.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, out_channels, H, W)

    Source: the documentation's C3, a cross stage partial block of three convolutions
    around the blocks; the idea is that of Wang et al., "CSPNet: A New Backbone that can
    Enhance Learning Capability of CNN", 2019. https://arxiv.org/abs/1911.11929
    """

    def __init__(
        self, in_channels: int, out_channels: int, depth: int, residual: bool = True
    ) -> None:
        super().__init__()
        hidden = out_channels // 2
        block = Bottleneck if residual else bottleneck
        self.reduce = conv_norm_silu(in_channels, hidden)
        self.blocks = nn.Sequential(*(block(hidden) for _ in range(depth)))
        self.past = conv_norm_silu(in_channels, hidden)
        self.merge = conv_norm_silu(2 * hidden, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Join what went through the blocks and what went past them."""
        through = self.blocks(self.reduce(x))
        return self.merge(torch.cat([through, self.past(x)], 1))


class SPPF(nn.Module):
    """Look around in windows of 5, 9 and 13, by a pool of 5 applied one to three times.

    Args:
        channels: C; half of them are pooled.

    Shape:
        - Input, output: (B, C, H, W)

    Source: the documentation of release 6. It equals the spatial pyramid pooling (SPP)
    of releases before, three pools of 5, 9 and 13 side by side, after He et al., 2014.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce = conv_norm_silu(channels, channels // 2)
        self.pool = nn.MaxPool2d(5, stride=1, padding=2)
        self.merge = conv_norm_silu(4 * (channels // 2), channels)

    def forward(self, x: Tensor) -> Tensor:
        """Stack the map and its maxima over growing windows."""
        x = self.reduce(x)
        in_5 = self.pool(x)
        in_9 = self.pool(in_5)
        in_13 = self.pool(in_9)
        return self.merge(torch.cat([x, in_5, in_9, in_13], 1))
