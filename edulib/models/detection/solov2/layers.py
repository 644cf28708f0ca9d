"""The parts of SOLOv2 with weights: a branch for kinds, one for kernels, mask features.

Notation: S the cells along a side of a grid; K kinds of object; E channels of the mask
features, and so numbers of a kernel.
"""

from collections.abc import Sequence
from math import log

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.models.blocks.checks import check_num_classes

PRIOR = 0.01  # the probability of an object that every cell starts with


class Coordinates(nn.Module):
    """Add two channels that say where a pixel is: x and y, from -1 to 1.

    Shape:
        - Input: (B, C, H, W)
        - Output: (B, C + 2, H, W)

    Source: sections 2.1.1 and 2.1.2, table 3b, after Liu and others, "An Intriguing
    Failing of Convolutional Neural Networks and the CoordConv Solution", 2018. As in
    the paper.
    https://arxiv.org/abs/1807.03247
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the map with x and y behind its channels."""
        height, width = x.shape[-2:]
        across = torch.linspace(-1, 1, width, dtype=x.dtype, device=x.device)
        down = torch.linspace(-1, 1, height, dtype=x.dtype, device=x.device)
        across = across.expand(len(x), 1, height, width)
        down = down[:, None].expand(len(x), 1, height, width)
        return torch.cat([x, across, down], dim=1)


def conv_norm_relu(
    in_channels: int, out_channels: int, kernel_size: int = 3, *, groups: int
) -> nn.Sequential:
    """Build a convolution without bias, group normalisation and ReLU.

    Args:
        in_channels: channels of its input.
        out_channels: channels of its output.
        kernel_size: 3 or 1.
        groups: of the normalisation.
    """
    window = {"padding": kernel_size // 2, "bias": False}
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, **window),
        nn.GroupNorm(groups, out_channels),
        nn.ReLU(),
    )


def resize(x: Tensor, size: Sequence[int]) -> Tensor:
    """Return a map of another height and width, bilinearly."""
    return F.interpolate(x, size=tuple(size), mode="bilinear", align_corners=False)


class GridHead(nn.Module):
    """Say of every cell of a grid what it holds, and the kernel that cuts it out.

    Args:
        num_classes: K.
        in_channels: of the map.
        width: channels between.
        kernel_channels: E, numbers of a kernel.
        depth: convolutions of a branch before its last.
        groups: of the normalisation.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: logits (B, K, S, S) and kernels (B, E, S, S)

    Source: section 2.1.1, figure 2. Kernels are 1 x 1 x E, without activation (table
    3a); both branches are the same over all levels, and have four convolutions before
    the last. As in the authors' code these have 512 channels, and a map gets its
    coordinates before it is resized to the grid.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int = 256,
        width: int = 512,
        kernel_channels: int = 256,
        depth: int = 4,
        groups: int = 32,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.num_classes = num_classes
        self.coordinates = Coordinates()
        kinds, kernels = [in_channels], [in_channels + 2]
        kinds += depth * [width]
        kernels += depth * [width]
        self.kinds = nn.Sequential(
            *(conv_norm_relu(i, width, groups=groups) for i in kinds[:-1]),
            nn.Conv2d(width, num_classes, 3, padding=1),
        )
        self.kernels = nn.Sequential(
            *(conv_norm_relu(i, width, groups=groups) for i in kernels[:-1]),
            nn.Conv2d(width, kernel_channels, 3, padding=1),
        )
        init_weights(self)
        nn.init.constant_(self.kinds[-1].bias, -log((1 - PRIOR) / PRIOR))

    def forward(self, x: Tensor, grid: int) -> tuple[Tensor, Tensor]:
        """Return what one level says of the cells of its grid.

        Args:
            x: (B, in_channels, H, W).
            grid: S.
        """
        placed = resize(self.coordinates(x), (grid, grid))
        return self.kinds(placed[:, :-2]), self.kernels(placed)


class MaskFeatures(nn.Module):
    """Bring the levels of a pyramid to the finest, and add them up.

    The coarsest level is given coordinates; level k takes k steps of convolution and
    enlargement by 2.

    Args:
        levels: how many of the pyramid's maps it reads, the finest first.
        in_channels: of each.
        width: channels between.
        out_channels: E.
        groups: of the normalisation.

    Shape:
        - Input: one (B, in_channels, H / 2^k, W / 2^k) for each level
        - Output: (B, out_channels, H, W), at least 0

    Source: section 2.1.2 and appendix B with figure 5.
    """

    def __init__(
        self,
        levels: int = 4,
        in_channels: int = 256,
        width: int = 128,
        out_channels: int = 256,
        groups: int = 32,
    ) -> None:
        super().__init__()
        self.coordinates = Coordinates()
        self.levels = nn.ModuleList()
        for level in range(levels):
            inputs = in_channels + 2 if level == levels - 1 else in_channels
            steps = [conv_norm_relu(inputs, width, groups=groups)]
            steps += [
                conv_norm_relu(width, width, groups=groups) for _ in range(level - 1)
            ]
            self.levels.append(nn.ModuleList(steps))
        self.last = conv_norm_relu(width, out_channels, 1, groups=groups)
        init_weights(self)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Return the mask features, in which every kernel looks for its object."""
        used = list(maps[: len(self.levels)])
        used[-1] = self.coordinates(used[-1])
        total = self.levels[0][0](used[0])
        for x, steps in zip(used[1:], self.levels[1:], strict=True):
            for step in steps:
                x = step(x)
                x = resize(x, (2 * x.shape[-2], 2 * x.shape[-1]))
            total = total + x
        return self.last(total)


class PointsNMS(nn.Module):
    """Keep a cell's probability where it is the largest of four, else 0.

    The four are the cell, its left and upper neighbour, and the one between these.

    Shape:
        - Input, output: (B, K, S, S)

    Source: the authors' code; the paper does not name it.
    """

    def forward(self, probabilities: Tensor) -> Tensor:
        """Return the probabilities of the cells that are left."""
        best = F.max_pool2d(probabilities, 2, stride=1, padding=1)[..., :-1, :-1]
        return probabilities * (probabilities == best)


def init_weights(part: nn.Module) -> None:
    """Draw the weights of convolutions from N(0, 0.01²), biases 0."""
    for layer in part.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight, std=0.01)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
