"""A small U-Net on the small backbone, whose skips can be cut."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.experiments.networks import small_backbone
from edulib.models.blocks.checks import check_num_classes


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
