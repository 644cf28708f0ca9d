"""The whole of figure 2: one backbone, proposals, and what they show."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from edulib.models.blocks.checks import check_targets
from edulib.models.detection.faster_rcnn.backbone import Backbone, Features
from edulib.models.detection.faster_rcnn.box_head import (
    BoxHead,
    Detections,
    Samples,
)
from edulib.models.detection.faster_rcnn.rpn import RPN


class Predictions(NamedTuple):
    """What both stages say of a batch; R regions, image by image.

    Args:
        proposals: for each image (N, 4), xyxy in pixels.
        logits: (R, K + 1), background first.
        offsets: (R, K + 1, 4), from the proposal to the object, one for each kind.
    """

    proposals: list[Tensor]
    logits: Tensor
    offsets: Tensor


class FasterRCNN(nn.Module):
    """Propose regions, classify each and correct its box, from one set of features.

    Args:
        backbone: from images to features.
        rpn: proposes regions.
        box_head: classifies them.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point
        - Output: `Predictions`: the proposals of each image, their logits and offsets

    Raises:
        ValueError: if the images or targets do not fit, or there are none.

    Source: figure 2, section 3.

    Differs from the paper: all parts learn at once ("approximate joint training",
    section 3.2), where its numbers come from four steps in turns; no gradient flows
    through the proposals' corners. See also :class:`RPN` and :class:`BoxHead`.
    """

    def __init__(self, backbone: Backbone, rpn: RPN, box_head: BoxHead) -> None:
        super().__init__()
        self.backbone = backbone
        self.rpn = rpn
        self.box_head = box_head
        self.detections = Detections()
        self.num_classes = box_head.num_classes

    def forward(self, images: Tensor) -> Predictions:
        """Propose regions, and say of each what it may be, and where."""
        features = self.backbone(images)
        found = self.rpn(features, images.shape[-2:])
        proposals = [one["boxes"] for one in found]
        logits, offsets = self.box_head(features, proposals)
        return Predictions(proposals, logits, offsets)

    def losses(
        self, images: Tensor, targets: list[dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Return the two losses of each stage.

        Args:
            images: (B, in_channels, H, W), B >= 1.
            targets: for each image ``boxes`` (N, 4), xyxy in pixels, and ``labels``
                (N,), int64 from 0 to K - 1; N may be 0.

        Returns:
            ``objectness`` and ``proposal`` of the first stage, see `RPN.losses`;
            ``class`` and ``box`` of the second, see `BoxHead.losses`.
        """
        check_targets(targets, len(images), self.num_classes)
        features, size = self.backbone(images), images.shape[-2:]
        losses, _ = region_losses(self.rpn, self.box_head, features, targets, size)
        return losses

    @torch.no_grad()
    def detect(
        self,
        images: Tensor,
        score_threshold: float = 0.05,
        nms_threshold: float = 0.5,
        max_detections: int = 100,
    ) -> list[dict[str, Tensor]]:
        """Return the detections of each image, the surest first.

        Args:
            images: (B, in_channels, H, W).
            score_threshold: what a score has to exceed.
            nms_threshold: IoU above which the less sure of two boxes of a kind goes.
            max_detections: how many boxes are kept of an image.

        Returns:
            For each image ``boxes`` (N, 4), xyxy in pixels, ``scores`` (N,) and
            ``labels`` (N,). One region may stand under several labels.
        """
        if not len(images):
            return []
        proposals, logits, offsets = self(images)
        return self.detections(
            logits,
            offsets,
            proposals,
            images.shape[-2:],
            score_threshold,
            nms_threshold,
            max_detections,
        )

    @torch.no_grad()
    def proposals(self, images: Tensor) -> list[dict[str, Tensor]]:
        """Return what the first stage alone finds, the surest first.

        Args:
            images: (B, in_channels, H, W).

        Returns:
            For each image ``boxes`` (N, 4), xyxy in pixels, and ``scores`` (N,), the
            probability of any object. The first n are what n proposals would be.
        """
        if not len(images):
            return []
        return self.rpn(self.backbone(images), images.shape[-2:])


def region_losses(
    rpn: RPN,
    box_head: BoxHead,
    features: Features,
    targets: Sequence[dict[str, Tensor]],
    image_size: tuple[int, int],
) -> tuple[dict[str, Tensor], Samples]:
    """Return the losses of both stages, and the regions that the second was asked.

    Args:
        rpn: proposes regions.
        box_head: classifies them.
        features: of the images.
        targets: of each image, with ``boxes`` and ``labels``.
        image_size: (height, width) of the images.
    """
    scored = rpn.score(features)
    first = rpn.losses(scored, targets, image_size)
    found = rpn.propose(scored, image_size, rpn.keep_training)
    samples = box_head.sample([one["boxes"] for one in found], targets)
    logits, offsets = box_head(features, samples.boxes)
    return first | box_head.losses(logits, offsets, samples, targets), samples
