"""The second stage: which kind of object a proposal shows, and its box, once more.

Girshick, "Fast R-CNN", 2015, https://arxiv.org/abs/1504.08083, which Faster R-CNN takes
over (section 3.2 of its paper).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.models.blocks.checks import check_num_classes
from edulib.models.detection.faster_rcnn.backbone import Features
from edulib.models.detection.faster_rcnn.selection import (
    Sampler,
    best_distinct,
    indices_of,
)
from edulib.models.losses.boxes import smooth_l1
from edulib.models.ops.boxes import clip_boxes
from edulib.models.ops.coding import decode_boxes, encode_boxes
from edulib.models.ops.iou import pairwise_iou
from edulib.models.ops.matching import match

WEIGHTS = (10.0, 10.0, 5.0, 5.0)  # bring the offsets' deviation near 1
BETA = 1 / 9  # where smooth L1 becomes straight, as in torchvision
MIN_SIZE = 1e-2  # pixels
SAMPLER = Sampler(512, 0.25)  # of the feature pyramid; Fast R-CNN draws 64 regions


class Samples(NamedTuple):
    """Regions that a loss is taken of; lists have an entry for each image.

    Args:
        boxes: (N, 4) each, xyxy in pixels.
        labels: (N,) each, 0 for background, else the number of the kind plus 1.
        matches: (N,) each, the index of the region's object, -1 for background.
    """

    boxes: list[Tensor]
    labels: list[Tensor]
    matches: list[Tensor]


class BoxHead(nn.Module):
    """Pool each region to one size, and read its kind and its box off it.

    Args:
        pooling: cuts regions out of the features.
        layers: from a region's map to a vector.
        width: length of the vector.
        num_classes: kinds of object, K; background is one more.
        sampler: draws the regions of an image that the loss is taken of.

    Shape:
        - Input: features, and proposals (N, 4) of each image
        - Output: logits (R, K + 1), background first, and offsets (R, K + 1, 4)

    Source: Girshick, 2015, sections 2.1 to 2.3.

    Differs from the paper: offsets are divided by (0.1, 0.1, 0.2, 0.2), not by the
    deviations of the training set; every region with an IoU below 0.5 is background,
    also below 0.1; smooth L1 is straight from 1 / 9 on. All as in torchvision.
    """

    def __init__(
        self,
        pooling: nn.Module,
        layers: nn.Module,
        width: int,
        num_classes: int,
        sampler: Sampler = SAMPLER,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.pooling, self.layers, self.sampler = pooling, layers, sampler
        self.num_classes = num_classes
        self.logits = nn.Linear(width, num_classes + 1)
        self.offsets = nn.Linear(width, 4 * (num_classes + 1))
        for layer, deviation in ((self.logits, 0.01), (self.offsets, 0.001)):
            nn.init.normal_(layer.weight, std=deviation)
            nn.init.zeros_(layer.bias)

    def forward(
        self, features: Features, proposals: Sequence[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Return logits and offsets of all regions, image by image."""
        x = self.layers(self.pooling(features, proposals))  # (R, width)
        return self.logits(x), self.offsets(x).unflatten(1, (-1, 4))

    def sample(
        self,
        proposals: Sequence[Tensor],
        targets: Sequence[dict[str, Tensor]],
    ) -> Samples:
        """Draw regions for the loss, from the proposals and the objects themselves.

        Args:
            proposals: (N, 4) of each image.
            targets: of each image, with ``boxes`` and ``labels``.
        """
        samples = Samples([], [], [])
        for regions, target in zip(proposals, targets, strict=True):
            regions = torch.cat([regions, target["boxes"].to(regions)])
            matches = match(pairwise_iou(target["boxes"], regions), 0.5, 0.5)
            drawn = torch.cat(self.sampler(matches))
            matches = matches[drawn]
            labels = torch.zeros_like(matches)
            labels[matches >= 0] = target["labels"][matches[matches >= 0]] + 1
            samples.boxes.append(regions[drawn])
            samples.labels.append(labels)
            samples.matches.append(matches)
        return samples

    def losses(
        self,
        logits: Tensor,
        offsets: Tensor,
        samples: Samples,
        targets: Sequence[dict[str, Tensor]],
    ) -> dict[str, Tensor]:
        """Return the two losses of Fast R-CNN's equation 1.

        Args:
            logits: (R, K + 1).
            offsets: (R, K + 1, 4).
            samples: the R regions.
            targets: of each image, with ``boxes``.

        Returns:
            ``class``, cross-entropy in nats, and ``box``, smooth L1 of the offsets of
            objects, those of their own kind; means over all regions.
        """
        labels = torch.cat(samples.labels)
        wanted = []
        for target, matches, regions in zip(
            targets, samples.matches, samples.boxes, strict=True
        ):
            matched = matches >= 0
            truths = target["boxes"][matches[matched]]
            wanted.append(encode_boxes(truths, regions[matched], WEIGHTS))
        objects = torch.where(labels > 0)[0]
        own = offsets[objects, labels[objects]]
        distance = smooth_l1(own, torch.cat(wanted), BETA).sum()
        entropy = F.cross_entropy(logits, labels, reduction="sum")
        count = max(len(labels), 1)
        return {"class": entropy / count, "box": distance / count}


class Detections(nn.Module):
    """Correct regions kind by kind, remove duplicates and keep the surest.

    Shape:
        - Input: what a :class:`BoxHead` says of regions, and the regions
        - Output: for each image ``boxes`` (N, 4), ``scores`` (N,) and ``labels`` (N,)

    Source: Girshick, 2015, section 2.4.

    Differs from the paper: all that is below the score is left out, and an image has a
    largest number of detections, as in torchvision.
    """

    def forward(
        self,
        logits: Tensor,
        offsets: Tensor,
        proposals: Sequence[Tensor],
        image_size: tuple[int, int],
        score_threshold: float,
        nms_threshold: float,
        max_detections: int,
    ) -> list[dict[str, Tensor]]:
        """Choose the detections of each image.

        Args:
            logits: (R, K + 1).
            offsets: (R, K + 1, 4).
            proposals: (N, 4) of each image.
            image_size: (height, width) that boxes are cut to.
            score_threshold: what a score has to exceed. One region may be a detection
                of several kinds.
            nms_threshold: IoU above which the less sure of two boxes of a kind goes.
            max_detections: how many boxes are kept of an image.

        Returns:
            For each image ``boxes`` (N, 4), xyxy in pixels, ``scores`` (N,), falling,
            and ``labels`` (N,), from 0.
        """
        counts = [len(regions) for regions in proposals]
        results = []
        for regions, scores, moves in zip(
            proposals,
            logits.softmax(1)[:, 1:].split(counts),
            offsets[:, 1:].split(counts),
            strict=True,
        ):
            chosen = indices_of(scores.flatten() > score_threshold)
            labels = chosen % scores.shape[1]
            boxes = regions[chosen // scores.shape[1]]
            boxes = decode_boxes(moves.flatten(0, 1)[chosen], boxes, WEIGHTS)
            boxes, scores = clip_boxes(boxes, image_size), scores.flatten()[chosen]
            kept = best_distinct(
                boxes, scores, labels, nms_threshold, max_detections, MIN_SIZE
            )
            results.append(
                {"boxes": boxes[kept], "scores": scores[kept], "labels": labels[kept]}
            )
        return results
