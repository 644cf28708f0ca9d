"""The parts of figure 2 that learn: pyramid, protonet, prediction head.

Output of each part for a 550 x 550 image, ResNet-50, 80 kinds, 32 prototypes:

    P3          (B, 256, 69, 69)      14,283 anchors of 24 pixels
    P4          (B, 256, 35, 35)       3,675            48
    P5          (B, 256, 18, 18)         972            96
    P6          (B, 256, 9, 9)           243           192
    P7          (B, 256, 5, 5)            75           384
    protonet    (B, 32, 138, 138)
    head        (B, 19248, 81), (B, 19248, 4), (B, 19248, 32)
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.models.blocks.checks import check_num_classes
from edulib.models.detection.ssd.backbone import init_new
from edulib.models.detection.ssd.network import in_rows


class Predictions(NamedTuple):
    """What is said of each anchor, and what all of them share.

    Attributes:
        logits: (B, A, K + 1), background first.
        offsets: (B, A, 4), from the anchor to the object.
        coefficients: (B, A, k), from -1 to 1.
        prototypes: (B, k, h, w), at least 0.
    """

    logits: Tensor
    offsets: Tensor
    coefficients: Tensor
    prototypes: Tensor


class Pyramid(nn.Module):
    """Carry the meaning of the coarse maps down to the fine ones; add coarser ones.

    Args:
        in_channels: channels of each map of the backbone, the finest first.
        out_channels: channels of every map of the pyramid.
        further: how many coarser maps are made, each out of the one before.

    Shape:
        - Input: one (B, in_channels[i], H_i, W_i) for each map, the finest first
        - Output: one (B, out_channels, H_i, W_i) for each, then the further ones, each
          of half the sides, rounded up

    Source: section 4: RetinaNet's pyramid from C3 on, but P6 comes from P5, not C5.
    Bilinear enlarging and the ReLU behind the 3x3 convolutions, which P6 and P7 do not
    have, stand in the released code.
    """

    def __init__(
        self, in_channels: Sequence[int], out_channels: int = 256, further: int = 2
    ) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(
            nn.Conv2d(channels, out_channels, 1) for channels in in_channels
        )
        self.outputs = nn.ModuleList(
            conv3x3(out_channels, out_channels) for _ in in_channels
        )
        self.further = nn.ModuleList(
            conv3x3(out_channels, out_channels, stride=2) for _ in range(further)
        )
        self.relu = nn.ReLU(inplace=True)
        self.apply(init_new)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Return the pyramid, the finest map first."""
        merged = [lateral(x) for lateral, x in zip(self.laterals, maps, strict=True)]
        for i in reversed(range(len(merged) - 1)):
            size = merged[i].shape[-2:]
            merged[i] = merged[i] + F.interpolate(merged[i + 1], size, mode="bilinear")
        pairs = zip(self.outputs, merged, strict=True)
        pyramid = [self.relu(output(x)) for output, x in pairs]
        for layer in self.further:
            pyramid.append(layer(pyramid[-1]))
        return pyramid


class Protonet(nn.Module):
    """Draw the prototypes: a fully convolutional network over the finest map.

    Args:
        in_channels: channels of the map.
        prototypes: k.
        width: channels of all layers but the last.
        depth: convolutions before the map is enlarged.

    Shape:
        - Input: (B, in_channels, H', W')
        - Output: (B, prototypes, 2 H', 2 W'), at least 0

    Source: section 3.1 and figure 3. The last ReLU leaves prototypes without an upper
    bound, so that one of them can overrule the others.
    """

    def __init__(
        self,
        in_channels: int = 256,
        prototypes: int = 32,
        width: int = 256,
        depth: int = 3,
    ) -> None:
        super().__init__()
        layers = []
        for i in range(depth):
            layers += [conv3x3(width if i else in_channels, width), nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.enlarge = nn.Upsample(scale_factor=2, mode="bilinear")
        self.refine = conv3x3(width, width)
        self.prototypes = nn.Conv2d(width, prototypes, 1)
        self.relu = nn.ReLU()
        self.apply(init_new)

    def forward(self, x: Tensor) -> Tensor:
        """Return the prototypes of each image."""
        x = self.enlarge(self.layers(x))
        x = self.relu(self.refine(x))
        return self.relu(self.prototypes(x))


class PredictionHead(nn.Module):
    """Say of each anchor what it shows, where that is, and how to mix its mask.

    One 3x3 convolution for all three, then one for each; the same weights for every map
    of the pyramid.

    Args:
        in_channels: channels of every map.
        num_classes: K.
        prototypes: k.
        num_anchors: anchors at each place.

    Shape:
        - Input: maps (B, in_channels, H_i, W_i)
        - Output: (B, A, K + 1) logits, background first, (B, A, 4) offsets and
          (B, A, k) coefficients, map by map, row by row, place by place

    Source: section 4 and figure 4; tanh, section 3.2: a prototype must be able to be
    taken away.
    """

    def __init__(
        self,
        in_channels: int = 256,
        num_classes: int = 80,
        prototypes: int = 32,
        num_anchors: int = 3,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.num_classes, self.num_prototypes = num_classes, prototypes
        self.shared = nn.Sequential(conv3x3(in_channels, in_channels), nn.ReLU())
        self.logits = conv3x3(in_channels, num_anchors * (num_classes + 1))
        self.offsets = conv3x3(in_channels, num_anchors * 4)
        self.coefficients = conv3x3(in_channels, num_anchors * prototypes)
        self.tanh = nn.Tanh()
        self.apply(init_new)

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits, offsets and coefficients of all anchors."""
        found = [self.of_map(x) for x in maps]
        logits, offsets, coefficients = zip(*found, strict=True)
        return torch.cat(logits, 1), torch.cat(offsets, 1), torch.cat(coefficients, 1)

    def of_map(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what one map says of its anchors."""
        x = self.shared(x)
        logits = in_rows(self.logits(x), self.num_classes + 1)
        offsets = in_rows(self.offsets(x), 4)
        coefficients = in_rows(self.tanh(self.coefficients(x)), self.num_prototypes)
        return logits, offsets, coefficients


def conv3x3(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    """Return a 3x3 convolution that keeps the sides, or halves them."""
    return nn.Conv2d(in_channels, out_channels, 3, stride, padding=1)
