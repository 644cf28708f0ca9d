"""A small Faster R-CNN for scenes of 128 x 128 pixels, and its first stage alone."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from edulib.experiments.networks import small_backbone
from edulib.models.detection.faster_rcnn import (
    RPN,
    Anchors,
    Backbone,
    BoxHead,
    FasterRCNN,
    Keep,
    RegionPooling,
    RoIAlign,
    RPNHead,
    Sampler,
    TwoClassScore,
)
from edulib.models.detection.fpn import enlarge

STRIDE = 8
CHANNELS = 64
WIDTH = 128  # of the second stage's dense layer
SCALES = (20, 34, 56)
"""Sides of the square anchors in pixels. Half of the objects lie between 23 and 50."""
RATIOS = (0.5, 1, 2)
KINDS = 10
KEEP, KEEP_ALL = Keep(300, 50), Keep(2304, 300)  # of the detector, of the stage alone


class OneMap(nn.Module):
    """One map for both stages: the backbone's third stage, added to its second.

    The map of stride 16 knows best what is seen, that of stride 8 where; the sum is as
    in a feature pyramid.

    Shape:
        - Input: (B, 3, H, W), in [0, 1]
        - Output: a list of one (B, 64, H/8, W/8)
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = small_backbone()
        self.fine = nn.Conv2d(64, CHANNELS, 1)
        self.coarse = nn.Conv2d(128, CHANNELS, 1)
        self.smooth = nn.Sequential(
            nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False),
            nn.BatchNorm2d(CHANNELS),
            nn.ReLU(),
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the map, in a list."""
        _, c3, c4 = self.backbone(image)
        fine = self.fine(c3)
        return [self.smooth(fine + enlarge(self.coarse(c4), fine))]


class Proposer(nn.Module):
    """The first stage alone, a detector that knows no kinds: all labels are 0.

    Args:
        backbone: from images to features.
        rpn: proposes regions.

    Shape:
        - Input: (B, 3, H, W), in [0, 1]
        - Output: for each image ``boxes`` (N, 4) and ``scores`` (N,)
    """

    def __init__(self, backbone: Backbone, rpn: RPN) -> None:
        super().__init__()
        self.backbone, self.rpn = backbone, rpn

    def forward(self, images: Tensor) -> list[dict[str, Tensor]]:
        """Propose regions of each image."""
        return self.rpn(self.backbone(images), images.shape[-2:])

    def losses(
        self, images: Tensor, targets: Sequence[dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Return the two losses of the first stage.

        Args:
            images: (B, 3, H, W).
            targets: of each image, with ``boxes``.
        """
        scored = self.rpn.score(self.backbone(images))
        return self.rpn.losses(scored, targets, images.shape[-2:])

    @torch.no_grad()
    def detect(self, images: Tensor) -> list[dict[str, Tensor]]:
        """Return the proposals of each image as detections.

        Args:
            images: (B, 3, H, W).
        """
        found = self(images)
        return [one | {"labels": one["scores"].long() * 0} for one in found]


def small_rpn(
    scales: Sequence[float] = SCALES,
    ratios: Sequence[float] = RATIOS,
    keep: Keep = KEEP,
) -> RPN:
    """Build the first stage on the one map, with the paper's two scores an anchor.

    Args:
        scales: of the anchors, square roots of their areas in pixels.
        ratios: height / width of the anchors.
        keep: how many proposals are made.
    """
    count = len(scales) * len(ratios)
    head = RPNHead(CHANNELS, TwoClassScore(CHANNELS, count), count)
    anchors = Anchors([scales], ratios)
    return RPN(anchors, head, Sampler(64, 0.5), keep, Keep(1000, 100))


def small_faster_rcnn() -> FasterRCNN:
    """Build a small Faster R-CNN for the ten kinds of Scenes."""
    layers = nn.Sequential(nn.Flatten(), nn.Linear(CHANNELS * 7 * 7, WIDTH), nn.ReLU())
    pooling = RegionPooling(RoIAlign(7), [STRIDE])
    head = BoxHead(pooling, layers, WIDTH, KINDS, Sampler(64, 0.25))
    return FasterRCNN(Backbone(OneMap(), divisor=16), small_rpn(), head)


def small_proposer(
    scales: Sequence[float] = SCALES, ratios: Sequence[float] = RATIOS
) -> Proposer:
    """Build the first stage alone, which proposes 300 regions.

    Args:
        scales: of the anchors, square roots of their areas in pixels.
        ratios: height / width of the anchors.
    """
    rpn = small_rpn(scales, ratios, keep=KEEP_ALL)
    return Proposer(Backbone(OneMap(), divisor=16), rpn)
