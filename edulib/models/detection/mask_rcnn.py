"""Mask R-CNN: a third branch says which pixels of a box belong to the object.

He, Gkioxari, Dollár and Girshick, "Mask R-CNN", 2017. https://arxiv.org/abs/1703.06870

Notation: B images; C channels; H, W height and width in pixels; R regions, D detections
of all images of a batch; K kinds of object; S side of a mask in cells, 28.

Differs from the paper: in what Faster R-CNN does differently, see there.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import roi_align

from edulib.models.blocks.checks import check_masks, check_targets
from edulib.models.detection import faster_rcnn
from edulib.models.detection.faster_rcnn import builders
from edulib.models.detection.fpn import resnet50_fpn

Box = tuple[int, int, int, int]
"""Left, upper, right and lower edge, whole pixels."""


class MaskHead(nn.Module):
    """Pool each region to a larger grid; say cell by cell, kind by kind: object or not.

    Args:
        pooling: cuts regions out of the features.
        in_channels: channels of the features.
        num_classes: kinds of object, K. Background has a mask too, that nobody reads.
        width: channels of all layers.
        depth: convolutions before the grid is made twice as fine.

    Shape:
        - Input: features, and boxes (N, 4) of each image
        - Output: logits (R, K + 1, S, S), S twice the side of the pooled grid

    Source: figure 4 (right); the loss, section 3: one sigmoid a kind, so that kinds do
    not compete. As in the paper.
    """

    def __init__(
        self,
        pooling: nn.Module,
        in_channels: int,
        num_classes: int,
        width: int = 256,
        depth: int = 4,
    ) -> None:
        super().__init__()
        self.pooling = pooling
        layers = []
        for k in range(depth):
            inputs = width if k else in_channels
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers)
        self.enlarge = nn.ConvTranspose2d(width, width, 2, stride=2)
        self.relu = nn.ReLU(inplace=True)
        self.logits = nn.Conv2d(width, num_classes + 1, 1)
        self.apply(init_weights)

    def forward(
        self, features: faster_rcnn.Features, boxes: Sequence[Tensor]
    ) -> Tensor:
        """Return the masks' logits of all boxes, image by image."""
        x = self.layers(self.pooling(features, boxes))  # (R, width, S/2, S/2)
        x = self.relu(self.enlarge(x))  # (R, width, S, S)
        return self.logits(x)

    def loss(self, logits: Tensor, labels: Tensor, wanted: Tensor) -> Tensor:
        """Return the mean cross-entropy over the cells of each object's own mask.

        Args:
            logits: (R, K + 1, S, S).
            labels: (R,), number of the kind plus 1.
            wanted: (R, S, S), share of the cell that the object covers.

        Returns:
            A number, in nats; 0 without objects.
        """
        own = of_own_kind(logits, labels)
        entropy = F.binary_cross_entropy_with_logits(own, wanted, reduction="sum")
        return entropy / max(wanted.numel(), 1)

    def probabilities(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return (R, S, S), the probability of each cell to belong to the object.

        Args:
            logits: (R, K + 1, S, S).
            labels: (R,), number of the kind plus 1.
        """
        return of_own_kind(logits, labels).sigmoid()


class Predictions(NamedTuple):
    """What the three branches say of a batch; R regions, D detections, image by image.

    Args:
        logits: (R, K + 1), background first.
        offsets: (R, K + 1, 4), from the proposal to the object, one for each kind.
        detections: for each image ``boxes``, ``scores`` and ``labels``.
        mask_logits: (D, K + 1, S, S), background first.
    """

    logits: Tensor
    offsets: Tensor
    detections: list[dict[str, Tensor]]
    mask_logits: Tensor


class MaskRCNN(nn.Module):
    """Faster R-CNN, and a mask for each of its detections.

    Args:
        backbone: from images to features.
        rpn: proposes regions.
        box_head: classifies them.
        mask_head: says which of their cells are object.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point
        - Output: `Predictions` of the box head for R regions, of the mask head for D

    Raises:
        ValueError: if the images or targets do not fit, or there are none.

    Source: section 3 and figure 1.

    Differs from the paper: in what :class:`FasterRCNN` does differently; the share of a
    cell that an object covers may be a fraction in training, as in torchvision, where
    the paper's code rounds it.
    """

    def __init__(
        self,
        backbone: faster_rcnn.Backbone,
        rpn: faster_rcnn.RPN,
        box_head: faster_rcnn.BoxHead,
        mask_head: MaskHead,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.rpn = rpn
        self.box_head = box_head
        self.mask_head = mask_head
        self.detections = faster_rcnn.Detections()
        self.num_classes = box_head.num_classes

    def forward(
        self,
        images: Tensor,
        score_threshold: float = 0.05,
        nms_threshold: float = 0.5,
        max_detections: int = 100,
    ) -> Predictions:
        """Find objects, and give each a mask; the thresholds are those of `detect`."""
        size = images.shape[-2:]
        features = self.backbone(images)
        proposals = [one["boxes"] for one in self.rpn(features, size)]
        logits, offsets = self.box_head(features, proposals)
        detections = self.detections(
            logits,
            offsets,
            proposals,
            size,
            score_threshold,
            nms_threshold,
            max_detections,
        )
        mask_logits = self.mask_head(features, [one["boxes"] for one in detections])
        return Predictions(logits, offsets, detections, mask_logits)

    def losses(
        self, images: Tensor, targets: list[dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Return the losses of Faster R-CNN and that of the masks.

        Args:
            images: (B, in_channels, H, W), B >= 1.
            targets: for each image ``boxes`` (N, 4), xyxy in pixels, ``labels`` (N,),
                int64 from 0 to K - 1, and ``masks`` (N, H, W), bool; N may be 0.

        Returns:
            ``objectness``, ``proposal``, ``class``, ``box`` and ``mask``, the last the
            mean over the sampled regions that show an object.
        """
        check_targets(targets, len(images), self.num_classes)
        size = images.shape[-2:]
        check_masks(targets, size)
        features = self.backbone(images)
        losses, samples = faster_rcnn.region_losses(
            self.rpn, self.box_head, features, targets, size
        )
        return losses | {"mask": self.mask_loss(features, samples, targets)}

    def mask_loss(
        self,
        features: faster_rcnn.Features,
        samples: faster_rcnn.Samples,
        targets: Sequence[dict[str, Tensor]],
    ) -> Tensor:
        """Return the loss of the masks of those samples that show an object.

        Args:
            features: of the images.
            samples: the regions.
            targets: of each image, with ``masks``.
        """
        matched = [matches >= 0 for matches in samples.matches]
        boxes = [one[kept] for one, kept in zip(samples.boxes, matched, strict=True)]
        labels = [one[kept] for one, kept in zip(samples.labels, matched, strict=True)]
        objects = [
            one[kept] for one, kept in zip(samples.matches, matched, strict=True)
        ]
        logits = self.mask_head(features, boxes)
        wanted = [
            cut_masks(target["masks"], own, regions, logits.shape[-1])
            for target, own, regions in zip(targets, objects, boxes, strict=True)
        ]
        return self.mask_head.loss(logits, torch.cat(labels), torch.cat(wanted))

    @torch.no_grad()
    def detect(
        self,
        images: Tensor,
        score_threshold: float = 0.05,
        nms_threshold: float = 0.5,
        max_detections: int = 100,
        mask_threshold: float = 0.5,
    ) -> list[dict[str, Tensor]]:
        """Return the detections of each image, the surest first.

        Args:
            images: (B, in_channels, H, W).
            score_threshold: what a score has to exceed.
            nms_threshold: IoU above which the less sure of two boxes of a kind goes.
            max_detections: how many boxes are kept of an image.
            mask_threshold: what the probability of a pixel has to exceed.

        Returns:
            For each image ``boxes`` (N, 4), xyxy in pixels, ``scores`` (N,), ``labels``
            (N,) and ``masks`` (N, H, W), bool.
        """
        if not len(images):
            return []
        found = self(images, score_threshold, nms_threshold, max_detections)
        labels = torch.cat([one["labels"] for one in found.detections]) + 1
        masks = self.mask_head.probabilities(found.mask_logits, labels)
        counts = [len(one["boxes"]) for one in found.detections]
        return [
            one
            | {
                "masks": paste_masks(cells, one["boxes"], images.shape[-2:])
                > mask_threshold
            }
            for one, cells in zip(found.detections, masks.split(counts), strict=True)
        ]


def of_own_kind(logits: Tensor, labels: Tensor) -> Tensor:
    """Return of the masks (R, K + 1, S, S) of each region that of its label."""
    return logits[torch.arange(len(labels), device=labels.device), labels]


def cut_masks(masks: Tensor, objects: Tensor, boxes: Tensor, side: int) -> Tensor:
    """Return the masks' parts in boxes, on a grid: the share of each cell covered.

    Args:
        masks: (N, H, W), bool, of an image.
        objects: (R,), the index of each box's mask.
        boxes: (R, 4), xyxy in pixels.
        side: cells along a side, S.

    Returns:
        (R, S, S), from 0 to 1.
    """
    regions = torch.cat([objects[:, None].to(boxes), boxes], dim=1)
    return roi_align(masks[:, None].to(boxes), regions, side)[:, 0]


def paste_masks(cells: Tensor, boxes: Tensor, image_size: tuple[int, int]) -> Tensor:
    """Return masks of the size of the image, each resized to its box, 0 outside.

    Args:
        cells: (N, S, S), probabilities.
        boxes: (N, 4), xyxy in pixels.
        image_size: (height, width).

    Returns:
        (N, H, W).

    Source: as torchvision's: a border of zeros, one cell wide, is added first, since a
    cell's value stands at its middle; the edges are whole pixels.
    """
    side = cells.shape[-1]
    cells = F.pad(cells, (1, 1, 1, 1))
    first, last = boxes[:, :2], boxes[:, 2:]
    half = (last - first) * 0.5 * ((side + 2) / side)
    middle = (first + last) * 0.5
    edges = torch.cat([middle - half, middle + half], dim=1).long().tolist()
    canvas = cells.new_zeros(len(cells), *image_size)
    for one, box, mask in zip(canvas, edges, cells, strict=True):
        paste(one, box, mask)
    return canvas


def paste(canvas: Tensor, box: Box, mask: Tensor) -> None:
    """Write a mask (S, S), resized to a box, into a canvas (H, W)."""
    left, top, right, bottom = box
    size = (max(bottom - top + 1, 1), max(right - left + 1, 1))
    mask = F.interpolate(mask[None, None], size, mode="bilinear")[0, 0]
    rows = slice(max(top, 0), min(bottom + 1, canvas.shape[0]))
    columns = slice(max(left, 0), min(right + 1, canvas.shape[1]))
    canvas[rows, columns] = mask[
        rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
    ]


def init_weights(module: nn.Module) -> None:
    """Draw filters after He et al., 2015, by outputs."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(module.bias)


def maskrcnn_resnet50_fpn(num_classes: int = 90, in_channels: int = 3) -> MaskRCNN:
    """Build Mask R-CNN on ResNet-50 with a feature pyramid: 44,401,393 parameters.

    As torchvision's of this name, which has 91 classes, background being one. It was
    trained on images with ImageNet's mean and deviation taken off, their shorter side
    800 pixels. Batch normalisation is frozen, so load weights before training.

    Args:
        num_classes: kinds of object, background not counted: 90 numbers of COCO's 80.
        in_channels: channels of the images.
    """
    backbone = faster_rcnn.Backbone(resnet50_fpn(in_channels), in_channels)
    pooling = faster_rcnn.RegionPooling(faster_rcnn.RoIAlign(14), builders.STRIDES)
    mask_head = MaskHead(pooling, 256, num_classes)
    rpn, box_head = builders.fpn_rpn(), builders.fpn_box_head(num_classes)
    return MaskRCNN(backbone, rpn, box_head, mask_head)
