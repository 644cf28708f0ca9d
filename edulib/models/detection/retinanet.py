"""RetinaNet: one stage on a pyramid, and a loss that easy examples cannot flood.

Lin, Goyal, Girshick, He and Dollár, "Focal Loss for Dense Object Detection", ICCV 2017.
https://arxiv.org/abs/1708.02002

Notation: B images; H, W height and width in pixels; M anchors of a level; K kinds of
object.

Output of each part for an 800 x 800 image, nine anchors a place:

    P3   (B, 256, 100, 100)    90,000 anchors, squares of 32 to 50 pixels
    P4   (B, 256, 50, 50)      22,500          64 to 101
    P5   (B, 256, 25, 25)       5,625          128 to 203
    P6   (B, 256, 13, 13)       1,521          256 to 406
    P7   (B, 256, 7, 7)           441          512 to 812

Differs from the paper: as torchvision does (see ``RetinaNet``).
"""

from collections import OrderedDict
from math import log
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.models.blocks.checks import check_num_classes, check_targets
from edulib.models.blocks.frozen_norm import freeze_batch_norm
from edulib.models.blocks.stages import Stages
from edulib.models.classification.resnet import resnet50
from edulib.models.detection.duplicates import without_duplicates
from edulib.models.detection.faster_rcnn.backbone import Backbone
from edulib.models.detection.faster_rcnn.rpn import Anchors
from edulib.models.detection.fpn import CHANNELS, STAGES, FeaturePyramid
from edulib.models.losses.focal import focal_loss
from edulib.models.ops.boxes import clip_boxes
from edulib.models.ops.coding import decode_boxes, encode_boxes
from edulib.models.ops.iou import pairwise_iou
from edulib.models.ops.matching import IGNORED, match

PRIOR = 0.01  # the probability of an object that every anchor starts with
RATIOS = (0.5, 1.0, 2.0)
SIZES = tuple(
    tuple(int(side * 2 ** (k / 3)) for k in range(3))
    for side in (32, 64, 128, 256, 512)
)


class Predictions(NamedTuple):
    """What is said of each anchor, a tensor for each level, the finest first.

    Args:
        logits: (B, M, K) each.
        offsets: (B, M, 4) each, from the anchor to the object.
        anchors: (M, 4) each, xyxy in pixels.
    """

    logits: list[Tensor]
    offsets: list[Tensor]
    anchors: list[Tensor]


class Subnet(nn.Module):
    """Four 3x3 convolutions with ReLU, and a fifth; the same over every level.

    Args:
        channels: of each map.
        outputs: numbers that are said of an anchor.
        num_anchors: anchors at each place.
        bias: that the last convolution starts with.
        depth: convolutions before the last.

    Shape:
        - Input: (B, channels, H, W)
        - Output: (B, H W num_anchors, outputs)

    Source: section 4 and figure 3; weights from N(0, 0.01²): section 4.1.
    """

    def __init__(
        self,
        channels: int,
        outputs: int,
        num_anchors: int,
        bias: float = 0.0,
        depth: int = 4,
    ) -> None:
        super().__init__()
        self.outputs = outputs
        layers = []
        for _ in range(depth):
            layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.last = nn.Conv2d(channels, num_anchors * outputs, 3, padding=1)
        for layer in (*self.layers[::2], self.last):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
        nn.init.constant_(self.last.bias, bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return rows: place by place, anchor by anchor."""
        x = self.last(self.layers(x)).permute(0, 2, 3, 1)  # (B, H, W, A outputs)
        return x.unflatten(3, (-1, self.outputs)).flatten(1, 3)


class RetinaHead(nn.Module):
    """Two subnets that share nothing: one says what, one says where.

    Args:
        num_classes: K.
        channels: of each map.
        num_anchors: anchors at each place.
        depth: convolutions of a subnet before its last.

    Shape:
        - Input: (B, channels, H, W)
        - Output: logits (B, M, K) and offsets (B, M, 4)

    Source: section 4. The bias of the logits is -log((1 - π) / π), π = 0.01: otherwise
    all anchors together cry "object" in the first step (section 3.3).
    """

    def __init__(
        self,
        num_classes: int,
        channels: int = 256,
        num_anchors: int = 9,
        depth: int = 4,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.num_classes = num_classes
        rare = -log((1 - PRIOR) / PRIOR)
        self.logits = Subnet(channels, num_classes, num_anchors, rare, depth)
        self.offsets = Subnet(channels, 4, num_anchors, depth=depth)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return what one level says of its anchors."""
        return self.logits(x), self.offsets(x)


class RetinaNet(nn.Module):
    """Score every anchor of every level for every kind, and correct its box.

    Args:
        backbone: from images to the features of a pyramid.
        anchors: sizes and shapes at every place, sizes for each level.
        head: what is said of the anchors of a level.
        alpha: weight of an object in the focal loss; None for no weights.
        gamma: 0 for cross-entropy.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point
        - Output: `Predictions`

    Raises:
        ValueError: if the images or targets do not fit, or there are none.

    Source: section 4, figure 3.

    Differs from the paper, as torchvision does: P6 is made from P5, not C5; an object
    that overlaps no anchor by 0.5 has its best one nevertheless; the box's loss is the
    absolute difference, not smooth; both losses are divided by the objects' anchors
    image by image; anchors' sides are rounded.
    """

    def __init__(
        self,
        backbone: Backbone,
        anchors: Anchors,
        head: nn.Module,
        alpha: float | None = 0.25,
        gamma: float = 2.0,
    ) -> None:
        super().__init__()
        self.backbone, self.anchors, self.head = backbone, anchors, head
        self.alpha, self.gamma = alpha, gamma
        self.num_classes = head.num_classes

    def forward(self, images: Tensor) -> Predictions:
        """Say of every anchor what it shows, and where that is."""
        features = self.backbone(images)
        found = [self.head(one) for one in features.maps]
        logits, offsets = map(list, zip(*found, strict=True))
        return Predictions(logits, offsets, self.anchors(features))

    def losses(
        self, images: Tensor, targets: list[dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Return the focal loss and the boxes' loss.

        Args:
            images: (B, in_channels, H, W), B >= 1.
            targets: for each image ``boxes`` (N, 4), xyxy in pixels, and ``labels``
                (N,), int64 from 0 to K - 1; N may be 0.

        Returns:
            ``class`` and ``box``, each a sum over anchors divided by the number of
            those with an object; means over the images.
        """
        check_targets(targets, len(images), self.num_classes)
        found = self(images)
        logits, offsets = torch.cat(found.logits, 1), torch.cat(found.offsets, 1)
        anchors = torch.cat(found.anchors)
        entropies, distances = [], []
        for k, target in enumerate(targets):
            overlaps = pairwise_iou(target["boxes"], anchors)
            matches = match(overlaps, 0.5, 0.4, force_best=True)
            objects = torch.where(matches >= 0)[0]
            asked = matches != IGNORED
            wanted = torch.zeros_like(logits[k])
            wanted[objects, target["labels"][matches[objects]]] = 1
            truths = target["boxes"][matches[objects]]
            shifts = encode_boxes(truths, anchors[objects])
            losses = focal_loss(logits[k, asked], wanted[asked], self.alpha, self.gamma)
            count = max(len(objects), 1)
            entropies.append(losses.sum() / count)
            distance = F.l1_loss(offsets[k, objects], shifts, reduction="sum")
            distances.append(distance / count)
        return {
            "class": torch.stack(entropies).mean(),
            "box": torch.stack(distances).mean(),
        }

    @torch.no_grad()
    def detect(
        self,
        images: Tensor,
        score_threshold: float = 0.05,
        nms_threshold: float = 0.5,
        max_detections: int = 300,
        candidates: int = 1000,
    ) -> list[dict[str, Tensor]]:
        """Return the detections of each image, the surest first.

        Args:
            images: (B, in_channels, H, W).
            score_threshold: what a score has to exceed.
            nms_threshold: IoU above which the less sure of two boxes of a kind goes.
            max_detections: how many boxes are kept of an image.
            candidates: how many of the best of a level go into that.

        Returns:
            For each image ``boxes`` (N, 4), xyxy in pixels, ``scores`` (N,) and
            ``labels`` (N,). One anchor may stand under several labels.
        """
        if not len(images):
            return []
        found = self(images)
        limits, detections = (score_threshold, candidates), []
        for k in range(len(images)):
            levels = [
                best_of_level(of_kinds[k], offsets[k], anchors, *limits)
                for of_kinds, offsets, anchors in zip(*found, strict=True)
            ]
            boxes, scores, labels = map(torch.cat, zip(*levels, strict=True))
            boxes = clip_boxes(boxes, images.shape[-2:])
            detections.append(
                without_duplicates(boxes, scores, labels, nms_threshold, max_detections)
            )
        return detections


def best_of_level(
    logits: Tensor, offsets: Tensor, anchors: Tensor, threshold: float, most: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return boxes (N, 4), scores (N,) and labels (N,) of the best pairs of a level.

    Args:
        logits: (M, K).
        offsets: (M, 4).
        anchors: (M, 4).
        threshold: what a score has to exceed.
        most: pairs of an anchor and a kind, at most.
    """
    scores = logits.sigmoid().flatten()
    sure = torch.where(scores > threshold)[0]
    scores, order = scores[sure].topk(min(most, len(sure)))
    index = sure[order]
    kinds = logits.shape[1]
    chosen = index // kinds
    boxes = decode_boxes(offsets[chosen], anchors[chosen])
    return boxes, scores, index % kinds


def further_levels(channels: int) -> list[nn.Module]:
    """Return the layers of P6 and P7, 3x3 with stride 2, ReLU between them."""
    p6, p7 = (nn.Conv2d(channels, channels, 3, 2, 1) for _ in range(2))
    for layer in (p6, p7):
        nn.init.kaiming_uniform_(layer.weight, a=1)
        nn.init.zeros_(layer.bias)
    return [p6, nn.Sequential(nn.ReLU(), p7)]


def retinanet_resnet50_fpn(num_classes: int = 91, in_channels: int = 3) -> RetinaNet:
    """Build RetinaNet on ResNet-50: 34,014,999 parameters that learn.

    As torchvision's of this name, for images with ImageNet's mean and deviation taken
    off, their shorter side 800 pixels. Batch normalisation is frozen, so load weights
    before training.

    Args:
        num_classes: kinds of object; there is no background. 91 numbers of COCO's 80,
            of which 0 has no objects.
        in_channels: channels of the images.
    """
    body = freeze_batch_norm(Stages(resnet50(in_channels=in_channels), STAGES[1:]))
    pyramid = FeaturePyramid(CHANNELS[1:], further=further_levels(256))
    network = nn.Sequential(OrderedDict(body=body, pyramid=pyramid))
    backbone = Backbone(network, in_channels)
    return RetinaNet(backbone, Anchors(SIZES, RATIOS), RetinaHead(num_classes))
