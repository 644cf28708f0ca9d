"""A small YOLO on the small backbone, whose grid has a cell every 16 pixels."""

import torch
from torch import Tensor, nn

from edulib.experiments.networks import small_backbone
from edulib.models.detection.yolo_v1 import (
    LAMBDAS,
    ROOTS,
    GridHead,
    Lambdas,
    Sides,
    YOLOv1,
    dense_layers,
)

KINDS = 10
BOXES = 2  # a cell
STRIDE = 16
OUTPUTS = 5 * BOXES + KINDS
PLAIN = Sides(torch.positive, torch.relu)
"""The sides themselves, without roots."""


class LastMap(nn.Module):
    """The coarsest map of the small backbone.

    Shape:
        - Input: (B, 3, H, W), in [0, 1], H and W multiples of 16
        - Output: (B, 128, H/16, W/16)
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = small_backbone()

    def forward(self, image: Tensor) -> Tensor:
        """Return the map."""
        return self.backbone(image)[-1]


class ConvHead(nn.Module):
    """Convolutions in place of the paper's dense layers: the same for each cell.

    Shape:
        - Input: (B, 128, S, S)
        - Output: (B, S, S, 20)
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(128, 128, 3, padding=1, bias=False),
            nn.BatchNorm2d(128),
            nn.LeakyReLU(0.1),
            nn.Conv2d(128, OUTPUTS, 1),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return the numbers of all cells."""
        return self.layers(features).permute(0, 2, 3, 1)


def small_yolo(
    lambdas: Lambdas = LAMBDAS, roots: bool = True, dense: int = 0
) -> YOLOv1:
    """Build a small YOLO for the ten kinds of Scenes.

    Args:
        lambdas: the weights of the loss.
        roots: whether roots of the sides of a box are predicted, or the sides.
        dense: rows of the grid if the head has the paper's dense layers, which need
            images of one size; 0 for convolutions.
    """
    head = ConvHead()
    if dense:
        layers = dense_layers(128 * dense**2, 256, dense**2 * OUTPUTS)
        head = GridHead(layers, dense)
    sides = ROOTS if roots else PLAIN
    return YOLOv1(LastMap(), head, KINDS, BOXES, lambdas, sides)
