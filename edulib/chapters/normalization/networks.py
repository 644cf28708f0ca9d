"""A plain deep stack that takes any normalisation, and two that are disturbed."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from edulib.models.blocks.checks import check_num_classes

WIDTHS = (8, 16, 32)


class SplitBatchNorm(nn.BatchNorm2d):
    """Batch normalisation whose statistics come from a few images only.

    In training the batch is cut into parts, and each is normalised by itself, as on
    several GPUs that each hold a few images. In evaluation it is `nn.BatchNorm2d`.

    Args:
        channels: of the maps.
        images: of a part; the last one may hold fewer.

    Shape:
        - Input, output: (B, channels, H, W)

    Source: Wu and He, "Group Normalization" (2018), section 4.1, where mean and
    variance are computed within each GPU. Differs from the paper: the running
    statistics follow all parts, not those of one GPU.
    """

    def __init__(self, channels: int, images: int) -> None:
        super().__init__(channels)
        if images < 1:
            raise ValueError(f"expected at least 1 image in a part, got {images}")
        self.images = images

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each part with its own mean and variance."""
        if not self.training:
            return super().forward(x)
        normalise = super().forward
        return torch.cat([normalise(part) for part in x.split(self.images)])


class NoisyBatchNorm(nn.BatchNorm2d):
    """Batch normalisation whose output is then stretched and shifted at random.

    In each training step every channel gets a mean and a scale by chance, and every
    image gets its own near them: what the next layer sees changes in each step. In
    evaluation it is `nn.BatchNorm2d`.

    Shape:
        - Input, output: (B, channels, H, W)

    Source: Santurkar and others, "How Does Batch Normalization Help Optimization?"
    (2018), section 2.1. The ranges are ours.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise, and undo it a little in a new way."""
        x = super().forward(x)
        if not self.training:
            return x
        images, channels = x.shape[:2]
        mean = x.new_empty(1, channels, 1, 1).uniform_(-0.5, 0.5)
        scale = x.new_empty(1, channels, 1, 1).uniform_(1, 1.25)
        mean = mean + x.new_empty(images, channels, 1, 1).uniform_(-0.1, 0.1)
        scale = scale + 0.1 * torch.randn_like(mean)
        return scale * x + mean


def deep_stack(
    norm: Callable[[int], nn.Module] | None = None,
    depth: int = 12,
    in_channels: int = 1,
    num_classes: int = 10,
) -> nn.Sequential:
    """Build a plain stack of 3x3 convolutions in three stages, with He's start.

    Args:
        norm: makes the normalisation of so many channels, which stands between a
            convolution and its ReLU; None for a stack without, whose convolutions
            then have biases.
        depth: number of convolutions, a multiple of 3.
        in_channels: of the images.
        num_classes: of the data.
    """
    check_num_classes(num_classes)
    if depth < 3 or depth % 3:
        raise ValueError(f"expected depth as a multiple of 3, got {depth}")
    layers: list[nn.Module] = []
    for stage, width in enumerate(WIDTHS):
        for place in range(depth // 3):
            stride = 2 if stage and not place else 1
            conv = nn.Conv2d(in_channels, width, 3, stride, 1, bias=norm is None)
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            if norm is None:
                nn.init.zeros_(conv.bias)
            layers += [conv, *([norm(width)] if norm else []), nn.ReLU()]
            in_channels = width
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, num_classes)]
    return nn.Sequential(*layers, *head)


def batch_norm_stack() -> nn.Sequential:
    """Build the stack with batch normalisation."""
    return deep_stack(nn.BatchNorm2d)


def split_stack(images: int) -> nn.Sequential:
    """Build the stack with statistics of so many images."""
    return deep_stack(partial(SplitBatchNorm, images=images))


def noisy_stack() -> nn.Sequential:
    """Build the stack with noise behind each batch normalisation."""
    return deep_stack(NoisyBatchNorm)


def group_norm_stack() -> nn.Sequential:
    """Build the stack with group normalisation, of four groups in each layer."""
    return deep_stack(partial(nn.GroupNorm, 4))
