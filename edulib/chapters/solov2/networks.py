"""A small SOLOv2 for scenes of 128 x 128 pixels, with and without coordinates."""

import torch
from torch import Tensor, nn

from edulib.models.detection import solov2
from edulib.weights.checkpoint import load_checkpoint

CHANNELS, WIDTH, KERNEL, KINDS = 48, 64, 32, 10
STRIDES, GRIDS = (8, 8, 16), (16, 12, 8)
RANGES = ((1, 32), (20, 48), (36, 128))
START = "maskrcnn-boxes-scenes"
"""Whose backbone and pyramid it begins with, where the paper has ImageNet's."""


class Blanks(nn.Module):
    """Add two channels of zeros where coordinates would be: as many weights, no place.

    Shape:
        - Input: (B, C, H, W)
        - Output: (B, C + 2, H, W)
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the map with two empty channels behind its own."""
        return torch.cat([x, torch.zeros_like(x[:, :2])], dim=1)


def small_solov2(coordinates: bool = True) -> solov2.SOLOv2:
    """Build a small SOLOv2, in training mode.

    Three grids, on maps of strides 4, 8 and 16; mask features of 32 x 32 cells and 32
    channels. All of it learns; backbone and pyramid begin with the weights of a
    detector of boxes.

    Args:
        coordinates: whether kernels and mask features are told places; without them the
            two channels are zeros.
    """
    backbone = load_checkpoint(START).backbone
    head = solov2.GridHead(KINDS, CHANNELS, WIDTH, KERNEL, depth=2, groups=16)
    features = solov2.MaskFeatures(3, CHANNELS, WIDTH, KERNEL, groups=16)
    if not coordinates:
        head.coordinates, features.coordinates = Blanks(), Blanks()
    network = solov2.SOLOv2(backbone, head, features, STRIDES, GRIDS, RANGES)
    return network.requires_grad_(True).train()
