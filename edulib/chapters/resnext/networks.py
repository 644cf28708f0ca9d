"""Small ResNeXts, built as the paper's for CIFAR and a quarter as wide.

Output of each part for a 32 x 32 image:

    stem     (B, 16, 16, 16)
    stage1   (B, 64, 16, 16)
    stage2   (B, 128, 8, 8)
    stage3   (B, 256, 4, 4)
    head     (B, num_classes)
"""

import torch
from torch import Tensor, nn

from edulib.models.classification.resnext import (
    AggregatedBlock,
    init_weights,
    make_stage,
)


class SmallResNeXt(nn.Module):
    """A stem that halves the image and three stages of aggregated blocks.

    Args:
        cardinality: number of branches of each block; 1 is a ResNet of bottlenecks.
        branch_width: channels inside a branch of stage 1; each further stage has twice
            as many.
        depth: number of blocks in each stage.
        num_classes: number of classes.
    """

    def __init__(
        self,
        cardinality: int,
        branch_width: int,
        depth: int = 2,
        num_classes: int = 10,
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(inplace=True),
        )
        ends = (16, 64, 128, 256)
        self.stage1, self.stage2, self.stage3 = (
            make_stage(
                (ends[k], ends[k + 1]),
                depth,
                cardinality,
                branch_width * 2**k,
                min(2, k + 1),
            )
            for k in range(3)
        )
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, num_classes)
        )
        init_weights(self)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        x = self.stem(image)
        x = self.stage3(self.stage2(self.stage1(x)))
        return self.head(x)


def own_fan_out(cardinality: int, branch_width: int) -> SmallResNeXt:
    """Return a network whose 3x3 weights start at the fan-out of their own group.

    Args:
        cardinality: as of ``SmallResNeXt``.
        branch_width: as of ``SmallResNeXt``.
    """
    return _start_times(SmallResNeXt(cardinality, branch_width), cardinality**0.5)


def small_start(cardinality: int, branch_width: int, groups: int) -> SmallResNeXt:
    """Return a network whose 3x3 weights start as small as those of other groups.

    Args:
        cardinality: as of ``SmallResNeXt``.
        branch_width: as of ``SmallResNeXt``.
        groups: of the network whose 3x3 weights are ``groups ** 0.5`` times smaller
            than the fan-out of their own group asks.
    """
    factor = (cardinality / groups) ** 0.5
    return _start_times(SmallResNeXt(cardinality, branch_width), factor)


@torch.no_grad()
def _start_times(network: SmallResNeXt, factor: float) -> SmallResNeXt:
    for block in network.modules():
        if isinstance(block, AggregatedBlock):
            block.residual[3].weight.mul_(factor)
    return network
