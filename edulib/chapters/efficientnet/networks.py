"""A small EfficientNet for scenes, whose width and depth can be scaled."""

from functools import partial

import torch
from torch import Tensor, nn

from edulib.experiments.networks import Rescale
from edulib.models.blocks.mobile import conv_norm
from edulib.models.classification.efficientnet import MBConv, Stage, scale_depth
from edulib.models.classification.efficientnet.network import init_weights

layer = partial(conv_norm, activation=nn.SiLU)  # averages statistics over ten steps

CLASSES = 10
STEM, HEAD = 8, 96  # channels
STAGES = (
    Stage(expansion=1, kernel_size=3, stride=1, channels=8, depth=1),
    Stage(expansion=6, kernel_size=3, stride=2, channels=16, depth=2),
    Stage(expansion=6, kernel_size=5, stride=2, channels=24, depth=2),
)


class SmallEfficientNet(nn.Module):
    """Three stages of mobile inverted bottlenecks; an eighth of the image's side.

    Its normalisations average over ten steps and not over a hundred, as its trainings
    are short; there is no dropout and no stochastic depth.

    Args:
        width: what numbers of channels are multiplied by; the result is made even.
        depth: what numbers of blocks are multiplied by; the result is rounded up.

    Shape:
        - Input: (B, 3, H, W), in [0, 1]
        - Output: (B, 10), logits
    """

    def __init__(self, width: float = 1.0, depth: float = 1.0) -> None:
        super().__init__()
        channels = even(STEM * width)
        self.stem = nn.Sequential(Rescale(), layer(3, channels, 3, stride=2))
        blocks = []
        for stage in STAGES:
            for index in range(scale_depth(stage.depth, depth)):
                wide = even(stage.channels * width)
                stride = stage.stride if index == 0 else 1
                shape = wide, stage.kernel_size, stride, stage.expansion
                blocks.append(MBConv(channels, *shape, layer))
                channels = wide
        self.blocks = nn.Sequential(*blocks)
        self.last = layer(channels, even(HEAD * width), 1)
        self.classifier = nn.Linear(even(HEAD * width), CLASSES)
        self.apply(init_weights)

    def features(self, image: Tensor) -> Tensor:
        """Return the last maps, (B, channels, H / 8, W / 8), rounded up."""
        return self.last(self.blocks(self.stem(image)))

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        return self.classifier(self.features(image).mean((2, 3)))


def even(channels: float) -> int:
    """Return the nearest even number of channels."""
    return 2 * round(channels / 2)


def small_efficientnet(width: float = 1.0, depth: float = 1.0) -> SmallEfficientNet:
    """Build it with its channels last in memory: it trains in less time."""
    network = SmallEfficientNet(width, depth)
    return network.to(memory_format=torch.channels_last)
