"""Small DETRs for scenes of 128 x 128 pixels, on the small backbone."""

import torch
from torch import Tensor, nn

from edulib.experiments.networks import SmallBackbone, small_backbone
from edulib.models.blocks.positions import sine_positions_2d
from edulib.models.detection.detr import DETR, Transformer
from edulib.models.losses.set_matching import SetLoss
from edulib.weights.checkpoint import load_checkpoint

GRID = (8, 8)
"""Places of the last map, each 16 pixels wide."""
DECODER_DEPTH = 3
NUM_QUERIES = 16
LOSS = SetLoss(no_object=0.4)
"""An image of COCO leaves 93 of 100 slots empty, a scene 12.6 of 16. With 0.4 instead
of 0.1 the empty ones together weigh 1.5 times as much as the others, in COCO 1.3."""


class ReferenceBoxes(nn.Module):
    """A box head to which each slot adds a box of its own, which is learned.

    The boxes begin as a square grid over the image, a quarter of its sides large.

    Args:
        head: from slots to four numbers.
        num_queries: N, a square number.

    Shape:
        - Input: (..., N, D)
        - Output: (..., N, 4), before the sigmoid

    Source: none; the paper's box head has no such numbers. Anchor DETR (Wang et al.,
    2021) and DAB-DETR (Liu et al., 2022) give each query a point or a box.
    """

    def __init__(self, head: nn.Module, num_queries: int) -> None:
        super().__init__()
        self.head = head
        side = round(num_queries**0.5)
        middles = (torch.arange(side) + 0.5) / side
        y, x = torch.meshgrid(middles, middles, indexing="ij")
        shares = torch.full((side * side,), 0.25)
        boxes = torch.stack([x.flatten(), y.flatten(), shares, shares], 1)
        self.reference = nn.Parameter(boxes.logit())

    def forward(self, slots: Tensor) -> Tensor:
        """Return what a sigmoid makes a box of."""
        return self.head(slots) + self.reference


class AddPositions(nn.Module):
    """Add the encoding of its place to each cell of a map, as values have it, too.

    Shape:
        - Input, output: (B, D, H, W)

    Source: table 3 of the paper, "sine at input", there in place of the attentions.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Add row and column."""
        batch, width, *size = features.shape
        cells = torch.ones(batch, *size, dtype=torch.bool, device=features.device)
        return features + sine_positions_2d(cells, width).permute(0, 3, 1, 2)


def small_detr(helped: bool = True, features: str = "classifier") -> DETR:
    """Build a small DETR for the ten kinds of Scenes.

    Args:
        helped: whether slots own a box, and cells begin with their place; without, it
            is the paper's form.
        features: what its backbone was trained for before: "classifier", as in the
            paper, or "detector", with the small SSD.
    """
    width = 96
    transformer = Transformer(width, 4, 192, 2, DECODER_DEPTH, dropout=0.0)
    backbone = small_backbone() if features == "classifier" else detectors_backbone()
    network = DETR(backbone, transformer, 128, 10, NUM_QUERIES, loss=LOSS)
    if helped:
        network.project = nn.Sequential(network.project, AddPositions())
        network.box_head = ReferenceBoxes(network.box_head, NUM_QUERIES)
    return network


def detectors_backbone() -> SmallBackbone:
    """Return the backbone of the SSD that comes with the package, in training mode."""
    return load_checkpoint("ssd-small-scenes").backbone.backbone.train()
