"""A small Mask R-CNN for scenes of 128 x 128 pixels, whose parts can be exchanged."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.experiments.networks import small_backbone
from edulib.models.detection import faster_rcnn as rcnn
from edulib.models.detection.fpn import FeaturePyramid
from edulib.models.detection.mask_rcnn import MaskHead, MaskRCNN

CHANNELS = 64
WIDTH = 96  # of the box head's dense layer
MASK_WIDTH = 48
KINDS = 10


class SoftmaxMaskHead(MaskHead):
    """A mask head whose kinds, and the background, compete for each cell.

    Source: table 2b, "softmax". As there, the cells of all kinds are in one loss.
    """

    def loss(self, logits: Tensor, labels: Tensor, wanted: Tensor) -> Tensor:
        """Return the mean cross-entropy over cells: the kind where there is object.

        Args:
            logits: (R, K + 1, S, S).
            labels: (R,), number of the kind plus 1.
            wanted: (R, S, S), share of the cell that the object covers.

        Returns:
            A number, in nats; 0 without objects.
        """
        truth = labels[:, None, None] * (wanted > 0.5)
        entropy = F.cross_entropy(logits, truth, reduction="sum")
        return entropy / max(wanted.numel(), 1)

    def probabilities(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return (R, S, S), the share of each cell that the own kind won.

        Args:
            logits: (R, K + 1, S, S).
            labels: (R,), number of the kind plus 1.
        """
        rows = torch.arange(len(labels), device=labels.device)
        return logits.softmax(1)[rows, labels]


def small_mask_rcnn(
    pooling: str = "align",
    box_stride: int = 8,
    mask_stride: int = 4,
    mask_side: int = 28,
    competing: bool = False,
) -> MaskRCNN:
    """Build a small Mask R-CNN for the ten kinds of Scenes.

    Args:
        pooling: ``align`` or ``pool``, how both heads cut regions out.
        box_stride: of the map that the box head reads: 4, 8 or 16.
        mask_stride: of the map that the mask head reads: 4, 8 or 16.
        mask_side: cells along a side of a mask, an even number.
        competing: whether kinds compete for a cell: a softmax, not a sigmoid a kind.
    """
    pool = {"align": rcnn.RoIAlign, "pool": rcnn.RoIPool}[pooling]
    body = small_backbone()
    pyramid = FeaturePyramid(body.out_channels, CHANNELS)
    anchors = rcnn.Anchors([(24,), (44,)], (0.5, 1, 2))  # of strides 8 and 16
    head = rcnn.RPNHead(CHANNELS, nn.Conv2d(CHANNELS, 3, 1), 3)
    layers = nn.Sequential(nn.Flatten(), nn.Linear(CHANNELS * 7 * 7, WIDTH), nn.ReLU())
    mask_head = SoftmaxMaskHead if competing else MaskHead
    return MaskRCNN(
        rcnn.Backbone(nn.Sequential(body, pyramid), divisor=16),
        rcnn.RPN(
            anchors, head, rcnn.Sampler(64, 0.5), rcnn.Keep(200, 50), rcnn.Keep(200, 60)
        ),
        rcnn.BoxHead(
            rcnn.RegionPooling(pool(7), [box_stride]),
            layers,
            WIDTH,
            KINDS,
            rcnn.Sampler(24, 0.33),
        ),
        mask_head(
            rcnn.RegionPooling(pool(mask_side // 2), [mask_stride]),
            CHANNELS,
            KINDS,
            width=MASK_WIDTH,
            depth=2,
        ),
    )
