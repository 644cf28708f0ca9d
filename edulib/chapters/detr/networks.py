"""Small DETRs for scenes of 128 x 128 pixels, on the small backbone."""

import math

import torch
from torch import Tensor, nn

from edulib.experiments.networks import SmallBackbone, small_backbone
from edulib.models.detection.detr import DETR, Transformer
from edulib.models.losses.set_matching import SetLoss
from edulib.weights.checkpoint import load_checkpoint

GRID = (8, 8)
"""Places of the last map, each 16 pixels wide."""
WIDTH = 96
"""D, numbers of a token."""
DECODER_DEPTH = 3
NUM_QUERIES = 16
OCTAVES = 3.5
"""Between the longest wave of a position's code and the shortest."""
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
    """Add the encoding of its place to each cell of a map, so that values have it, too.

    Shape:
        - Input, output: (B, D, H, W)

    Source: table 3 of the paper, "sine at input", there in place of the attentions.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Add the code of row and column."""
        return features + short_waves(features)


class ShortWaves(nn.Module):
    """Encode the places of a map by `short_waves`, in place of the paper's sines.

    Shape:
        - Input: cells (B, H, W), all of them in the image; and a map (B, D, H, W)
        - Output: (B, H W, D)
    """

    def forward(self, cells: Tensor, features: Tensor) -> Tensor:
        """Return the encoding of each place."""
        return short_waves(features).flatten(2).mT


def short_waves(features: Tensor) -> Tensor:
    """Return sines of row and column with waves from twice the image to a sixth of it.

    The shortest wave of the paper's sines is as long as the image, the longest nearly
    10,000 times so.

    Args:
        features: (B, D, H, W), D a multiple of 4.

    Returns:
        (B, D, H, W).
    """
    batch, width, *sides = features.shape
    places = torch.cartesian_prod(*((torch.arange(n) + 0.5) / n for n in sides))
    code = code_of(places.flip(1).to(features), width)  # (H W, D)
    return code.T.view(width, *sides).expand(batch, -1, -1, -1)


def code_of(points: Tensor, width: int) -> Tensor:
    """Return the code of points.

    Args:
        points: (..., 2), x and y from 0 to 1.
        width: D.

    Returns:
        (..., D).
    """
    turns = math.pi * 2 ** torch.linspace(0, OCTAVES, width // 4).to(points)
    angles = points[..., None] * turns
    return torch.cat([angles.sin(), angles.cos()], -1).flatten(-2)


def small_detr(helped: bool = True, features: str = "classifier") -> DETR:
    """Build a small DETR for the ten kinds of Scenes.

    Args:
        helped: whether it learns quickly, by five changes, see `help_to_learn`;
            without, it is the paper's form.
        features: what its backbone was trained for before: "classifier", as in the
            paper, or "detector", with the small SSD.
    """
    transformer = Transformer(WIDTH, 4, 192, 2, DECODER_DEPTH, dropout=0.0)
    backbone = small_backbone() if features == "classifier" else detectors_backbone()
    network = DETR(backbone, transformer, 128, 10, NUM_QUERIES, loss=LOSS)
    if helped:
        help_to_learn(network)
    return network


def help_to_learn(network: DETR) -> None:
    """Give a small DETR what the paper's has not, in place.

    Each slot owns a box, which is learned and to which the box head adds; positions
    have short waves; cells begin with their position, so that values have it, too; the
    queries begin as the code of the middles of these boxes; and query and key of each
    cross-attention begin with one matrix, so that a slot looks at its box.
    """
    network.positions = ShortWaves()
    network.project = nn.Sequential(network.project, AddPositions())
    network.box_head = ReferenceBoxes(network.box_head, NUM_QUERIES)
    middles = network.box_head.reference[:, :2].detach().sigmoid()
    network.queries.data.copy_(code_of(middles, WIDTH))
    for layer in network.transformer.decoder:
        looking = layer.cross_attention
        nn.init.orthogonal_(looking.query.weight, gain=1.5)
        looking.key.weight.data.copy_(looking.query.weight)


def detectors_backbone() -> SmallBackbone:
    """Return the backbone of the SSD that comes with the package, in training mode."""
    return load_checkpoint("ssd-small-scenes").backbone.backbone.train()
