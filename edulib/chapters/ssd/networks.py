"""Small SSDs for scenes of 128 x 128 pixels, on the small backbone."""

from collections.abc import Sequence

from torch import Tensor, nn

from edulib.experiments.networks import small_backbone
from edulib.models.detection.ssd import SSD, MultiBoxLoss, SSDHead
from edulib.models.detection.ssd.backbone import extra_layers, init_new
from edulib.models.ops.anchors import default_boxes

SIZE = (128, 128)
STRIDES = (8, 16, 32)
SCALES = (0.14, 0.24, 0.42, 0.73)
"""Sides of the maps' squares as shares of the image's, and one more, as in the paper:
each 1.7 times the one before. Half of the objects lie between 0.18 and 0.39."""
FIVE_SCALES = (0.14, 0.183, 0.24, 0.317, 0.42, 0.554)
"""The scales of one map: those of the three, and those between."""


class Maps(nn.Module):
    """The small backbone and one more pair of layers; the chosen maps.

    Args:
        chosen: positions among the maps of stride 8, 16 and 32; one may come again.

    Attributes:
        out_channels: of each chosen map.

    Shape:
        - Input: (B, 3, 128, 128), in [0, 1]
        - Output: a list of (B, 64, 16, 16), (B, 128, 8, 8), (B, 128, 4, 4), as chosen
    """

    def __init__(self, chosen: Sequence[int] = (0, 1, 2)) -> None:
        super().__init__()
        self.backbone = small_backbone()
        self.extra = extra_layers(128, 64, 128, stride=2, padding=1)
        self.extra.apply(init_new)
        self.chosen = chosen
        self.out_channels = [(64, 128, 128)[k] for k in chosen]

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the chosen maps."""
        _, c3, c4 = self.backbone(image)
        maps = [c3, c4, self.extra(c4)]
        return [maps[k] for k in self.chosen]


def small_ssd(
    chosen: Sequence[int] = (0, 1, 2),
    scales: Sequence[float] = SCALES,
    ratios: Sequence[float] = (2,),
    negatives: float = 3.0,
) -> SSD:
    """Build a small SSD for the ten kinds of Scenes.

    Args:
        chosen: the maps that predict, as in `Maps`.
        scales: of the squares in a cell of each map, and one more.
        ratios: of the boxes that are no squares, the same on all maps.
        negatives: how many negatives are asked for each matched box.
    """
    maps = Maps(chosen)
    sizes = [tuple(side // STRIDES[k] for side in SIZE) for k in chosen]
    boxes = default_boxes(SIZE, sizes, scales, [ratios] * len(chosen))
    shapes = [2 + 2 * len(ratios)] * len(chosen)
    head = SSDHead(maps.out_channels, shapes, num_classes=10)
    return SSD(maps, head, boxes, MultiBoxLoss(negatives=negatives))
