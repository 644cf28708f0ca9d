"""A small Faster R-CNN for scenes of 96 x 96 pixels, and mask branches for it."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.experiments.networks import small_backbone
from edulib.models.detection import faster_rcnn as rcnn
from edulib.models.detection.fpn import FeaturePyramid
from edulib.models.detection.mask_rcnn import MaskHead, MaskRCNN
from edulib.weights.checkpoint import load_checkpoint

CHANNELS = 48  # of each of three maps, of strides 4, 8 and 16
WIDTH = 128  # of the box head's dense layer
MASK_WIDTH = 48
KINDS = 10
BOXES = "maskrcnn-boxes-scenes"


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
        """Return (R, S, S), the own kind's share against its strongest rival.

        It exceeds 0.5 where the own kind is the most probable of all.

        Args:
            logits: (R, K + 1, S, S).
            labels: (R,), number of the kind plus 1.
        """
        rows = torch.arange(len(labels), device=labels.device)
        rivals = logits.clone()
        rivals[rows, labels] = -torch.inf
        return (logits[rows, labels] - rivals.amax(1)).sigmoid()


def small_boxes() -> rcnn.FasterRCNN:
    """Build the detector of boxes, without masks, on a pyramid of three maps.

    The RPN reads the maps of strides 8 and 16, the box head that of stride 4.
    """
    body = small_backbone()
    pyramid = FeaturePyramid(body.out_channels, CHANNELS)
    anchors = rcnn.Anchors([(18,), (33,)], (0.5, 1, 2))
    head = rcnn.RPNHead(CHANNELS, nn.Conv2d(CHANNELS, 3, 1), 3)
    layers = nn.Sequential(nn.Flatten(), nn.Linear(CHANNELS * 7 * 7, WIDTH), nn.ReLU())
    return rcnn.FasterRCNN(
        rcnn.Backbone(nn.Sequential(body, pyramid), divisor=16),
        rcnn.RPN(
            anchors, head, rcnn.Sampler(64, 0.5), rcnn.Keep(150, 40), rcnn.Keep(150, 60)
        ),
        rcnn.BoxHead(
            rcnn.RegionPooling(rcnn.RoIAlign(7), [4]),
            layers,
            WIDTH,
            KINDS,
            rcnn.Sampler(32, 0.25),
        ),
    )


def small_mask_rcnn(
    pooling: str = "align",
    stride: int = 4,
    side: int = 28,
    competing: bool = False,
    boxes: str | None = BOXES,
) -> MaskRCNN:
    """Build a small Mask R-CNN of which only the mask branch learns.

    Args:
        pooling: ``align`` or ``pool``, how the mask branch cuts regions out.
        stride: of the map that it reads: 4, 8 or 16.
        side: cells along a side of a mask, an even number.
        competing: whether kinds compete for a cell: a softmax, not a sigmoid a kind.
        boxes: checkpoint of the detector of boxes; None for initial weights.
    """
    detector = load_checkpoint(boxes) if boxes else small_boxes().eval()
    detector.requires_grad_(False)
    pool = {"align": rcnn.RoIAlign, "pool": rcnn.RoIPool}[pooling]
    branch = (SoftmaxMaskHead if competing else MaskHead)(
        rcnn.RegionPooling(pool(side // 2), [stride]),
        CHANNELS,
        KINDS,
        width=MASK_WIDTH,
        depth=2,
    )
    parts = detector.backbone, detector.rpn, detector.box_head
    network = MaskRCNN(*parts, branch).train()
    for part in parts:
        part.eval()  # batch norms, too, stay as they are
    return network
