"""A small U-Net whose skips can be cut; a small detector with and without a pyramid."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.experiments.networks import small_backbone
from edulib.models.blocks.checks import check_num_classes
from edulib.models.detection.fpn import FeaturePyramid
from edulib.models.detection.ssd import SSD, SSDHead
from edulib.models.ops.anchors import default_boxes


class SmallUNet(nn.Module):
    """The small backbone as the left side of a U, two steps up as its right side.

    Skips that are cut hand on zeros: all forms have the same layers and parameters.

    Args:
        backbone: gives maps of strides 4, 8 and 16, 32, 64 and 128 channels.
        num_classes: classes of a pixel, background among them.
        skips: how many finer maps are handed over, 0 to 2, the coarser first.

    Shape:
        - Input: (B, 3, H, W), in [0, 1], H and W multiples of 16
        - Output: (B, num_classes, H, W), logits
    """

    def __init__(
        self, backbone: nn.Module, num_classes: int = 11, skips: int = 2
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        if skips not in (0, 1, 2):
            raise ValueError(f"expected 0, 1 or 2 skips, got {skips!r}")
        self.backbone, self.skips = backbone, skips
        self.up1 = nn.ConvTranspose2d(128, 64, 2, stride=2)
        self.merge1 = conv3x3_norm_relu(64 + 64, 64)
        self.up2 = nn.ConvTranspose2d(64, 32, 2, stride=2)
        self.merge2 = conv3x3_norm_relu(32 + 32, 32)
        self.scores = nn.Conv2d(32, num_classes, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of each pixel."""
        c2, c3, c4 = self.backbone(image)
        if self.skips < 1:
            c3 = torch.zeros_like(c3)
        if self.skips < 2:
            c2 = torch.zeros_like(c2)
        x = self.merge1(torch.cat([c3, self.up1(c4)], dim=1))  # stride 8
        x = self.merge2(torch.cat([c2, self.up2(x)], dim=1))  # stride 4
        return F.interpolate(self.scores(x), scale_factor=4, mode="bilinear")


def conv3x3_norm_relu(in_channels: int, out_channels: int) -> nn.Sequential:
    """Return a 3x3 convolution, batch normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


def small_unet(skips: int = 2, pretrained: bool = True) -> SmallUNet:
    """Build the small U-Net for the ten kinds of Scenes and their background.

    Args:
        skips: how many finer maps are handed over.
        pretrained: whether the backbone has the classifier's weights.
    """
    return SmallUNet(small_backbone(pretrained), skips=skips)


CHANNELS = 64  # of each map that predicts
SIZE = (96, 96)
SIDES = (12, 6, 3)  # of the three maps
SCALES = (0.14, 0.24, 0.42, 0.73)  # of the squares of a map, and one more


class Levels(nn.Module):
    """Three maps for SSD's heads, out of the small backbone's two coarsest.

    Args:
        down: whether the coarser map is added to the finer one, as in a feature
            pyramid. The layers are the same with and without.

    Shape:
        - Input: (B, 3, 96, 96), in [0, 1]
        - Output: a list of (B, 64, 12, 12), (B, 64, 6, 6), (B, 64, 3, 3)
    """

    def __init__(self, down: bool = True) -> None:
        super().__init__()
        self.backbone = small_backbone()
        groups = [(64, 128)] if down else [(64,), (128,)]
        self.pyramids = nn.ModuleList(
            FeaturePyramid(channels, CHANNELS) for channels in groups
        )
        self.further = nn.Conv2d(CHANNELS, CHANNELS, 3, stride=2, padding=1)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the three maps, the finest first."""
        maps = iter(self.backbone(image)[1:])
        levels = [
            level
            for pyramid in self.pyramids
            for level in pyramid([next(maps) for _ in pyramid.laterals])
        ]
        return [*levels, self.further(levels[-1])]


def small_pyramid(down: bool = True) -> SSD:
    """Build a small detector for scenes of 96 pixels: SSD's heads on three maps.

    Args:
        down: whether they are the levels of a feature pyramid.
    """
    sizes = [(side, side) for side in SIDES]
    boxes = default_boxes(SIZE, sizes, SCALES, [(2,)] * len(SIDES))
    head = SSDHead([CHANNELS] * len(SIDES), [4] * len(SIDES), num_classes=10)
    return SSD(Levels(down), head, boxes)
