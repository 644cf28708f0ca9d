"""The detector: on each map a 3x3 convolution for classes and one for boxes."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from edulib.models.blocks.checks import check_num_classes, check_targets
from edulib.models.detection.duplicates import without_duplicates
from edulib.models.detection.ssd.backbone import VGGBackbone, init_new
from edulib.models.detection.ssd.loss import PAPER_LOSS, WEIGHTS, MultiBoxLoss
from edulib.models.ops.anchors import default_boxes
from edulib.models.ops.boxes import clip_boxes
from edulib.models.ops.coding import decode_boxes

SIZE = (300, 300)
MAPS = ((38, 38), (19, 19), (10, 10), (5, 5), (3, 3), (1, 1))
STRIDES = (8, 16, 32, 64, 100, 300)
SCALES = (0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05)  # COCO's, one more than maps
RATIOS = ((2,), (2, 3), (2, 3), (2, 3), (2,), (2,))


class Predictions(NamedTuple):
    """What is predicted for each default box.

    Attributes:
        logits: (B, A, K + 1), background first.
        offsets: (B, A, 4), from the default box to the object's.
    """

    logits: Tensor
    offsets: Tensor


class SSDHead(nn.Module):
    """The predictors, two convolutions for each map.

    Args:
        in_channels: channels of each map.
        boxes_per_cell: default boxes in a cell of each map.
        num_classes: K.

    Shape:
        - Input: maps (B, C, H, W), each with its C, H and W
        - Output: `Predictions`, map by map, row by row, cell by cell
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        boxes_per_cell: Sequence[int],
        num_classes: int,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        sizes = list(zip(in_channels, boxes_per_cell, strict=True))
        self.logits = nn.ModuleList(
            nn.Conv2d(channels, boxes * (num_classes + 1), 3, padding=1)
            for channels, boxes in sizes
        )
        self.offsets = nn.ModuleList(
            nn.Conv2d(channels, boxes * 4, 3, padding=1) for channels, boxes in sizes
        )
        self.num_classes = num_classes
        self.apply(init_new)

    def forward(self, maps: list[Tensor]) -> Predictions:
        """Predict for the default boxes of all maps."""
        found = [
            (in_rows(logits(x), self.num_classes + 1), in_rows(offsets(x), 4))
            for logits, offsets, x in zip(self.logits, self.offsets, maps, strict=True)
        ]
        return Predictions(*(torch.cat(rows, 1) for rows in zip(*found, strict=True)))


def in_rows(x: Tensor, numbers: int) -> Tensor:
    """Lay a map out as rows: (B, A * numbers, H, W) to (B, H * W * A, numbers)."""
    return x.permute(0, 2, 3, 1).unflatten(3, (-1, numbers)).flatten(1, 3)


class SSD(nn.Module):
    """Corrects a fixed set of boxes, and says what each of them shows.

    Args:
        backbone: from images to a list of maps.
        head: from the maps to `Predictions`; its ``num_classes`` is K.
        boxes: the default boxes (A, 4), xyxy in pixels, in the predictions' order.
        loss: what `losses` returns for predictions, targets and default boxes.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point
        - Output: (B, A, K + 1) logits, background first, and (B, A, 4) offsets

    Raises:
        ValueError: if the images or targets do not fit.

    Source: section 2.1 and figure 2.

    As in the paper, but for the numbers told in ``__init__.py``.
    """

    def __init__(
        self,
        backbone: nn.Module,
        head: nn.Module,
        boxes: Tensor,
        loss: MultiBoxLoss = PAPER_LOSS,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.num_classes = head.num_classes
        self.loss = loss
        self.register_buffer("boxes", boxes, persistent=False)

    def forward(self, images: Tensor) -> Predictions:
        """Predict logits and offsets for all default boxes."""
        found = self.head(self.backbone(images))
        if found.offsets.shape[1] != len(self.boxes):
            raise ValueError(
                f"expected images that give {len(self.boxes)} default boxes, got "
                f"{found.offsets.shape[1]} for {tuple(images.shape)}: resize the images"
            )
        return found

    def losses(
        self, images: Tensor, targets: list[dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Return the two terms of equation 1.

        Args:
            images: (B, in_channels, H, W), B >= 1.
            targets: for each image ``boxes`` (N, 4), xyxy in pixels, and ``labels``
                (N,), int64 from 0 to K - 1; N may be 0.

        Returns:
            ``class`` and ``box``, see `MultiBoxLoss`.
        """
        logits, offsets = self(images)
        check_targets(targets, len(images), self.num_classes)
        return self.loss(logits, offsets, targets, self.boxes)

    @torch.no_grad()
    def detect(
        self,
        images: Tensor,
        score_threshold: float = 0.01,
        nms_threshold: float = 0.45,
        candidates: int = 400,
        max_detections: int = 200,
    ) -> list[dict[str, Tensor]]:
        """Return the detections of each image, the surest first.

        Args:
            images: (B, in_channels, H, W).
            score_threshold: what a score has to exceed.
            nms_threshold: IoU above which the less sure of two boxes of a class goes.
            candidates: how many boxes of a class come to that.
            max_detections: how many boxes are kept of an image.

        Returns:
            For each image ``boxes`` (N, 4), xyxy in pixels, ``scores`` (N,) and
            ``labels`` (N,). One box may stand under several labels.

        Source: section 3.7; the number of candidates is torchvision's.
        """
        logits, offsets = self(images)
        boxes = decode_boxes(offsets, self.boxes, WEIGHTS)
        boxes = clip_boxes(boxes, images.shape[-2:])
        scores = logits.softmax(-1)[..., 1:]  # (B, A, K)
        scores, found = scores.topk(min(candidates, len(self.boxes)), dim=1)
        limits, detections = (nms_threshold, max_detections), []
        for i in range(len(images)):
            rank, labels = (scores[i] > score_threshold).nonzero(as_tuple=True)
            sure, some = scores[i, rank, labels], boxes[i, found[i, rank, labels]]
            detections.append(without_duplicates(some, sure, labels, *limits))
        return detections


def ssd300_vgg16(num_classes: int = 90, in_channels: int = 3, width: int = 64) -> SSD:
    """Build SSD300 with the default boxes for COCO, as torchvision's.

    Images are 300 x 300 pixels, with values from 0 to 255 less the mean of ImageNet's
    channels (123, 117, 104).

    Args:
        num_classes: kinds of object; 90 is the highest number of COCO's 80 kinds.
        in_channels: channels of the images.
        width: channels of the first stage; all others are multiples of it.
    """
    backbone = VGGBackbone(in_channels, width)
    shapes = [2 + 2 * len(ratios) for ratios in RATIOS]
    head = SSDHead(backbone.out_channels, shapes, num_classes)
    return SSD(backbone, head, default_boxes(SIZE, MAPS, SCALES, RATIOS, STRIDES))
