"""The blocks of EfficientNet: two kinds of layers, and what is made of them.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
2019, section 4. https://arxiv.org/abs/1905.11946
"""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.models.blocks.mobile import (
    Layer,
    SqueezeExcitation,
    conv_norm,
    slow_batch_norm,
)


class SameConv2d(nn.Conv2d):
    """A strided convolution that pads as TensorFlow's "same".

    It adds just as many zeros as the last window needs, half of them on each side, the
    odd one on the right and below: the windows then lie elsewhere than with padding
    that is alike on both sides.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, out_channels, H / stride, W / stride), rounded up
    """

    def forward(self, x: Tensor) -> Tensor:
        """Pad, then convolve."""
        missing_h, missing_w = (
            kernel - stride + (-side) % stride
            for side, kernel, stride in zip(
                (x.shape[2], x.shape[3]), self.kernel_size, self.stride, strict=True
            )
        )
        top, left = missing_h // 2, missing_w // 2
        x = F.pad(x, (left, missing_w - left, top, missing_h - top))
        return super().forward(x)


conv_norm_swish = partial(conv_norm, norm=slow_batch_norm, activation=nn.SiLU)


def conv_norm_relu6(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int = 1,
    groups: int = 1,
) -> nn.Sequential:
    """Return a layer of the Lite form: "same" convolution, normalisation, ReLU6."""
    shape = in_channels, out_channels, kernel_size, stride
    if stride == 1:
        padding = kernel_size // 2
        conv = nn.Conv2d(*shape, padding=padding, groups=groups, bias=False)
    else:
        conv = SameConv2d(*shape, groups=groups, bias=False)
    return nn.Sequential(conv, slow_batch_norm(out_channels), nn.ReLU6(inplace=True))


class StochasticDepth(nn.Module):
    """Leave out a block's correction for some images of a batch, in training.

    What is kept is divided by its probability, so that the mean stays.

    Args:
        p: probability of leaving out.

    Shape:
        - Input: (B, ...)
        - Output: the same

    Source: Huang et al., "Deep Networks with Stochastic Depth", 2016, equation 2, but
    drawn for each image, not for each batch, and divided in training in place of
    multiplied in evaluation. https://arxiv.org/abs/1603.09382
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x``, or zeros in place of some images."""
        if not self.training or self.p == 0:
            return x
        shape = (x.shape[0],) + (1,) * (x.ndim - 1)
        keep = torch.full(shape, 1 - self.p, dtype=x.dtype, device=x.device)
        return x * torch.bernoulli(keep) / (1 - self.p)

    def extra_repr(self) -> str:
        """Return what is printed in the parentheses."""
        return f"p={self.p:.4g}"


class MBConv(nn.Module):
    """A mobile inverted bottleneck: widen, filter each channel, weigh, narrow again.

    The narrowing layer has no activation.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: side of the depthwise kernels.
        stride: of the depthwise convolution; 2 halves the image.
        expansion: how many times wider than the input the block is inside.
        layer: `conv_norm_swish` or `conv_norm_relu6`.
        squeeze: whether channels are weighed, by a layer a quarter as wide as the
            input of the block, with swish.
        drop_rate: of stochastic depth, where there is a shortcut.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, out_channels, H / stride, W / stride), rounded up

    Source: Sandler et al., "MobileNetV2", 2018, figure 4 (d), and Tan et al.,
    "MnasNet", 2019, figure 7. https://arxiv.org/abs/1801.04381,
    https://arxiv.org/abs/1807.11626
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int,
        expansion: int,
        layer: Layer = conv_norm_swish,
        squeeze: bool = True,
        drop_rate: float = 0.0,
    ) -> None:
        super().__init__()
        wide = expansion * in_channels
        self.expand = layer(in_channels, wide, 1) if expansion > 1 else nn.Identity()
        self.depthwise = layer(wide, wide, kernel_size, stride, groups=wide)
        self.squeeze = nn.Identity()
        if squeeze:
            squeezed = max(1, in_channels // 4)
            self.squeeze = SqueezeExcitation(wide, squeezed, activation=nn.SiLU)
        self.project = layer(wide, out_channels, 1)[:-1]
        self.drop = StochasticDepth(drop_rate)
        self.has_shortcut = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        """Return corrected features, or new ones where shapes differ."""
        y = self.project(self.squeeze(self.depthwise(self.expand(x))))
        return x + self.drop(y) if self.has_shortcut else y
