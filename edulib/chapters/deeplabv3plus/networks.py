"""Small networks with and without the decoder, at any output stride."""

from copy import deepcopy

from torch import Tensor, nn

from edulib.experiments.networks import small_backbone
from edulib.models.segmentation.deeplab import (
    ASPP,
    Decoder,
    DeepLabV3Plus,
    keep_fine,
    separable,
    spread,
)
from edulib.models.segmentation.deeplab.v3plus import enlarge

CLASSES = 23  # ten kinds of object, thirteen of scenery
WIDTH = 48  # of ASPP and decoder


class TwoMaps(nn.Module):
    """The finest and the coarsest map of the small backbone.

    Args:
        pretrained: whether it has the classifier's weights.

    Shape:
        - Input: (B, 3, H, W), in [0, 1]
        - Output: [(B, 32, H/4, W/4), (B, 128, H/16, W/16)], rounded up
    """

    def __init__(self, pretrained: bool = True) -> None:
        super().__init__()
        backbone = small_backbone(pretrained)
        self.stem, self.stage1 = backbone.stem, backbone.stage1
        self.stage2, self.stage3 = backbone.stage2, backbone.stage3

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the fine and the coarse map."""
        low = self.stage1(self.stem(images))
        return [low, self.stage3(self.stage2(low))]


class Coarse(nn.Module):
    """The same network without the decoder: scores are enlarged to the image at once.

    Args:
        backbone: from images to a list whose last map is read.
        aspp: reads this map.

    Shape:
        - Input: (B, 3, H, W), in [0, 1]
        - Output: (B, 23, H, W), logits
    """

    def __init__(self, backbone: nn.Module, aspp: nn.Module) -> None:
        super().__init__()
        self.backbone, self.aspp = backbone, aspp
        self.scores = nn.Conv2d(aspp.out_channels, CLASSES, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of each pixel."""
        return enlarge(self.scores(self.aspp(self.backbone(images)[-1])), images)


def small_deeplab(
    decoder: bool, output_stride: int, pretrained: bool = True
) -> nn.Module:
    """Build a small DeepLab for the classes of Scenes, scenery among them.

    Its 3x3 convolutions are separable, as in the paper's best network (table 5).

    Args:
        decoder: whether borders are refined by the fine map.
        output_stride: 4, 8 or 16; at 16 the backbone has all its strides.
        pretrained: whether the backbone has the classifier's weights.
    """
    backbone = TwoMaps(pretrained)
    aspp = ASPP(128, (1, 2, 3), WIDTH, layer=separable)
    if decoder:
        refine = Decoder(32, WIDTH, reduced=16, out_channels=WIDTH, layer=separable)
        network = DeepLabV3Plus(backbone, aspp, refine, CLASSES)
    else:
        network = Coarse(backbone, aspp)
    network.output_stride = 16
    return at_stride(network, output_stride)


def at_stride(network: nn.Module, output_stride: int) -> nn.Module:
    """Return a copy with the same weights and a smaller output stride.

    Args:
        network: of ``small_deeplab``.
        output_stride: 4, 8 or 16, at most the network's.

    Raises:
        ValueError: if it is larger than the network's.
    """
    if output_stride > network.output_stride:
        raise ValueError(
            f"expected an output stride of at most {network.output_stride}, "
            f"got {output_stride!r}"
        )
    finer = deepcopy(network)
    keep_fine(finer.backbone, output_stride)
    spread(finer.aspp, network.output_stride // output_stride)
    finer.output_stride = output_stride
    return finer
