"""What YOLACT learns from: SSD's two terms, masks, and a map of kinds.

``CLASS``, ``BOX``, ``MASK`` and ``SEMANTIC`` are the weights of the four, sections 3.3
and 5.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from edulib.models.detection.ssd.loss import WEIGHTS, hardest
from edulib.models.detection.yolact.assembly import (
    Crop,
    Size,
    cells_inside,
    mix,
    shrink,
)
from edulib.models.detection.yolact.layers import Predictions
from edulib.models.losses.boxes import smooth_l1
from edulib.models.ops.boxes import box_area
from edulib.models.ops.coding import encode_boxes
from edulib.models.ops.iou import pairwise_iou
from edulib.models.ops.matching import IGNORED, match

CLASS, BOX, MASK, SEMANTIC = 1.0, 1.5, 6.125, 1.0

Target = dict[str, Tensor]
"""``boxes`` (N, 4), ``labels`` (N,) and ``masks`` (N, H, W) of an image."""


@dataclass(frozen=True)
class YolactLoss:
    """The four terms, over matched anchors, some of the others, and pixels.

    Args:
        high: IoU from which an anchor is matched with an object, besides the one that
            each object has for itself.
        low: IoU below which it shows background; in between it is not asked.
        negatives: how many anchors on background are asked for each that is matched,
            in each image: those with the highest loss.
        crop: which cells of a mask are asked, given the true box.

    Source: sections 3.3, 4 and 5.
    """

    high: float = 0.5
    low: float = 0.4
    negatives: float = 3.0
    crop: Crop = cells_inside

    def __call__(
        self,
        found: Predictions,
        semantic: Tensor,
        targets: list[Target],
        anchors: Tensor,
        image_size: Size,
    ) -> dict[str, Tensor]:
        """Return the four terms, with their weights.

        Args:
            found: for a batch.
            semantic: (B, K, h', w') logits.
            targets: of each image.
            anchors: (A, 4), xyxy in pixels.
            image_size: height and width.

        Returns:
            ``class``, ``box`` and ``mask``, sums over anchors divided by the number of
            matches in the batch; ``semantic``, a sum over kinds, mean over pixels.
        """
        matches = torch.stack([self.assign(target, anchors) for target in targets])
        matched = matches >= 0  # (B, A)
        masks = [
            self.of_masks(prototypes, one[kept], target, to[kept], image_size)
            for prototypes, one, target, to, kept in zip(
                found.prototypes,
                found.coefficients,
                targets,
                matches,
                matched,
                strict=True,
            )
        ]
        wanted = [
            encode_boxes(target["boxes"][to[to >= 0]], anchors[to >= 0], WEIGHTS)
            for target, to in zip(targets, matches, strict=True)
        ]
        distance = smooth_l1(found.offsets[matched], torch.cat(wanted).to(anchors))
        count = matched.sum().clamp(min=1)
        return {
            "class": CLASS * self.of_classes(found.logits, targets, matches) / count,
            "box": BOX * distance.sum() / count,
            "mask": MASK * torch.stack(masks).sum() / count,
            "semantic": SEMANTIC * self.of_kinds(semantic, targets),
        }

    def assign(self, target: Target, anchors: Tensor) -> Tensor:
        """Return (A,), each anchor's object, -1 for background or -2 for not asked."""
        overlaps = pairwise_iou(target["boxes"].to(anchors), anchors)
        matches = match(overlaps, self.high, self.low)
        for _ in target["boxes"]:  # of all pairs that are left, the one that fits best
            one, anchor = divmod(int(overlaps.argmax()), len(anchors))
            if overlaps[one, anchor] <= 0:
                break
            matches[anchor] = one
            overlaps[one], overlaps[:, anchor] = -1, -1
        return matches

    def of_classes(
        self, logits: Tensor, targets: list[Target], matches: Tensor
    ) -> Tensor:
        """Return the cross-entropy of matched anchors and of the hardest others."""
        labels = torch.zeros_like(matches)
        for row, target, to in zip(labels, targets, matches, strict=True):
            row[to >= 0] = target["labels"][to[to >= 0]] + 1
        rows = logits.flatten(0, 1), labels.flatten()
        entropy = F.cross_entropy(*rows, reduction="none").view_as(labels)  # (B, A)
        background = entropy.masked_fill(matches == IGNORED, -torch.inf)
        hard = hardest(background, labels > 0, self.negatives) & (matches != IGNORED)
        return entropy[(labels > 0) | hard].sum()

    def of_masks(
        self,
        prototypes: Tensor,
        coefficients: Tensor,
        target: Target,
        objects: Tensor,
        image_size: Size,
    ) -> Tensor:
        """Return the sum of the masks' cross-entropies, each divided by its box's area.

        Args:
            prototypes: (k, h, w), of an image.
            coefficients: (M, k), of its matched anchors.
            target: its objects.
            objects: (M,), the object of each anchor.
            image_size: height and width.
        """
        cells = prototypes.shape[-2:]
        logits = mix(prototypes, coefficients)
        wanted = shrink(target["masks"], cells)[objects].to(logits)
        boxes = target["boxes"][objects].to(logits)
        entropy = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
        asked = self.crop(boxes, cells, image_size)
        area = box_area(boxes) * (cells.numel() / (image_size[0] * image_size[1]))
        return ((entropy * asked).sum((1, 2)) / area).sum()

    def of_kinds(self, semantic: Tensor, targets: list[Target]) -> Tensor:
        """Return the cross-entropy of a map for each kind, which may overlap."""
        wanted = torch.zeros_like(semantic)
        for maps, target in zip(wanted, targets, strict=True):
            masks = shrink(target["masks"], semantic.shape[-2:]).to(maps)
            for mask, kind in zip(masks, target["labels"], strict=True):
                maps[kind] = torch.maximum(maps[kind], mask)
        entropy = F.binary_cross_entropy_with_logits(semantic, wanted, reduction="none")
        return entropy.sum(1).mean()


PAPER_LOSS = YolactLoss()
