"""A small SOLOv2 for scenes of 96 x 96 pixels, with and without coordinates."""

import torch
from torch import Tensor, nn

from edulib.experiments.networks import small_backbone
from edulib.models.detection import solov2
from edulib.models.detection.faster_rcnn import Backbone
from edulib.models.detection.fpn import FeaturePyramid

CHANNELS, WIDTH, KERNEL, KINDS = 48, 64, 32, 10
STRIDES, GRIDS = (8, 8, 16), (14, 10, 6)
RANGES = ((1, 24), (16, 36), (28, 96))


class Blanks(nn.Module):
    """Add two channels of zeros where coordinates would be: as many weights, no place.

    Shape:
        - Input: (B, C, H, W)
        - Output: (B, C + 2, H, W)
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the map with two empty channels behind its own."""
        return torch.cat([x, torch.zeros_like(x[:, :2])], dim=1)


def small_solov2(coordinates: bool = True, pretrained: bool = True) -> solov2.SOLOv2:
    """Build a small SOLOv2, in training mode.

    Three grids, on maps of strides 4, 8 and 16; mask features of 24 x 24 cells and 32
    channels. All of it learns.

    Args:
        coordinates: whether kernels and mask features are told places; without them the
            two channels are zeros.
        pretrained: whether the backbone has the weights of a classifier of scenes.
    """
    body = small_backbone(pretrained)
    pyramid = FeaturePyramid(body.out_channels, CHANNELS)
    head = solov2.GridHead(KINDS, CHANNELS, WIDTH, KERNEL, depth=2, groups=16)
    features = solov2.MaskFeatures(3, CHANNELS, WIDTH, KERNEL, groups=16)
    if not coordinates:
        head.coordinates, features.coordinates = Blanks(), Blanks()
    backbone = Backbone(nn.Sequential(body, pyramid), divisor=16)
    return solov2.SOLOv2(backbone, head, features, STRIDES, GRIDS, RANGES).train()
