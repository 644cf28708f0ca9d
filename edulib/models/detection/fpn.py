"""The feature pyramid: maps of every scale, all of them with meaning.

Lin, Dollár, Girshick, He, Hariharan and Belongie, "Feature Pyramid Networks for Object
Detection", 2016. https://arxiv.org/abs/1612.03144

Notation: C2 to C5 the maps of a backbone, of strides 4 to 32; P2 to P6 those of the
pyramid.

Output of each part for an 800 x 800 image, ResNet-50:

    C2   (B, 256, 200, 200)      P2   (B, 256, 200, 200)
    C3   (B, 512, 100, 100)      P3   (B, 256, 100, 100)
    C4   (B, 1024, 50, 50)       P4   (B, 256, 50, 50)
    C5   (B, 2048, 25, 25)       P5   (B, 256, 25, 25)
                                 P6   (B, 256, 13, 13)

Differs from the paper: in the initial weights (see ``FeaturePyramid``).
"""

from collections import OrderedDict
from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from edulib.models.blocks.frozen_norm import freeze_batch_norm
from edulib.models.blocks.stages import Stages
from edulib.models.classification.resnet import resnet50

STAGES = ("stage1", "stage2", "stage3", "stage4")
CHANNELS = (256, 512, 1024, 2048)


class Subsample(nn.Module):
    """Every second pixel of every second row: P6 out of P5.

    Shape:
        - Input: (B, C, H, W)
        - Output: (B, C, H / 2, W / 2), rounded up

    Source: section 4.1, footnote. As in the paper.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return a coarser map."""
        return x[:, :, ::2, ::2]


class FeaturePyramid(nn.Module):
    """Carry the meaning of the coarse maps down to the fine ones.

    P5 = output5(lateral5(C5)); below it
    M_k = lateral_k(C_k) + upsample(M_k+1) and P_k = output_k(M_k).

    Args:
        in_channels: channels of each map of the backbone, the finest first.
        out_channels: channels of every map of the pyramid.
        further: layers that make one more level each, out of the coarsest so far.

    Shape:
        - Input: one (B, in_channels[k], H_k, W_k) for each map, the finest first
        - Output: one (B, out_channels, H_k, W_k) for each, then the further levels

    Raises:
        ValueError: if there are more or fewer maps than ``in_channels``.

    Source: section 3 and figure 3: a 1x1 convolution at the side of each map, nearest
    neighbour from above, a 3x3 convolution against aliasing, and no ReLU.

    Differs from the paper, which draws its new layers as detectors did, from a
    deviation of 0.01: weights are uniform with variance 1 / fan-in, as in torchvision.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int = 256,
        further: Sequence[nn.Module] = (),
    ) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(
            nn.Conv2d(channels, out_channels, 1) for channels in in_channels
        )
        self.outputs = nn.ModuleList(
            nn.Conv2d(out_channels, out_channels, 3, padding=1) for _ in in_channels
        )
        self.further = nn.ModuleList(further)
        for layer in (*self.laterals, *self.outputs):
            nn.init.kaiming_uniform_(layer.weight, a=1)
            nn.init.zeros_(layer.bias)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Return the pyramid, the finest map first."""
        if len(maps) != len(self.laterals):
            raise ValueError(f"expected {len(self.laterals)} maps, got {len(maps)}")
        levels = zip(maps, self.laterals, self.outputs, strict=True)
        pyramid, merged = [], None
        for features, lateral, output in reversed(list(levels)):
            side = lateral(features)
            merged = side if merged is None else side + enlarge(merged, side)
            pyramid.insert(0, output(merged))
        for layer in self.further:
            pyramid.append(layer(pyramid[-1]))
        return pyramid


def enlarge(coarse: Tensor, fine: Tensor) -> Tensor:
    """Repeat the pixels of a map until it is as large as another."""
    return F.interpolate(coarse, size=fine.shape[-2:], mode="nearest")


def resnet50_fpn(in_channels: int = 3) -> nn.Sequential:
    """Build ResNet-50 with its pyramid of five maps, strides 4 to 64.

    Its batch normalisation is frozen, so load weights before training.

    Args:
        in_channels: channels of the images.
    """
    body = freeze_batch_norm(Stages(resnet50(in_channels=in_channels), STAGES))
    pyramid = FeaturePyramid(CHANNELS, further=[Subsample()])
    return nn.Sequential(OrderedDict(body=body, pyramid=pyramid))
