"""From the predictions for an image to its objects: choose, crop, enlarge."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from edulib.models.detection.ssd.loss import WEIGHTS
from edulib.models.detection.yolact.assembly import Crop, Size, cells_inside, mix
from edulib.models.detection.yolact.layers import Predictions
from edulib.models.detection.yolact.suppression import fast_nms
from edulib.models.ops.boxes import clip_boxes
from edulib.models.ops.coding import decode_boxes

Suppression = Callable[[Tensor, Tensor, float, int], tuple[Tensor, Tensor]]
"""As `fast_nms`."""


@dataclass(frozen=True)
class Detections:
    """Keep the best boxes, and mix a mask for each.

    Args:
        suppress: removes duplicates.
        crop: which cells of a mask are kept, given the predicted box.

    Source: sections 3.3 and 5, figure 2. As in the released code, a mask is cropped on
    the grid of the prototypes, and then enlarged to the image.
    """

    suppress: Suppression = fast_nms
    crop: Crop = cells_inside

    def __call__(
        self,
        found: Predictions,
        anchors: Tensor,
        size: Size,
        score_threshold: float,
        nms_threshold: float,
        candidates: int,
        max_detections: int,
    ) -> dict[str, Tensor]:
        """Return the objects of an image, the surest first.

        Args:
            found: for one image, without the axis of the batch.
            anchors: (A, 4), xyxy in pixels.
            size: height and width of the image.
            score_threshold: what the highest score of an anchor has to exceed.
            nms_threshold: IoU above which the less sure of two boxes of a kind goes.
            candidates: how many boxes of a kind come to that.
            max_detections: how many boxes are kept.

        Returns:
            ``boxes`` (N, 4), xyxy in pixels, ``scores`` (N,), ``labels`` (N,),
            ``coefficients`` (N, k) and ``probabilities`` (N, H, W).
        """
        scores = found.logits.softmax(-1)[:, 1:]  # (A, K)
        sure = torch.where(scores.amax(1) > score_threshold)[0]
        boxes = decode_boxes(found.offsets[sure], anchors[sure], WEIGHTS)
        kept, labels = self.suppress(boxes, scores[sure], nms_threshold, candidates)
        kept, labels = kept[:max_detections], labels[:max_detections]
        boxes, index = clip_boxes(boxes[kept], size), sure[kept]
        coefficients = found.coefficients[index]
        return {
            "boxes": boxes,
            "scores": scores[index, labels],
            "labels": labels,
            "coefficients": coefficients,
            "probabilities": self.draw(found.prototypes, coefficients, boxes, size),
        }

    def draw(
        self, prototypes: Tensor, coefficients: Tensor, boxes: Tensor, size: Size
    ) -> Tensor:
        """Return the masks (N, H, W) of objects of an image, as probabilities.

        Args:
            prototypes: (k, h, w).
            coefficients: (N, k).
            boxes: (N, 4), xyxy in pixels, beyond which a mask ends.
            size: height and width of the image.
        """
        masks = mix(prototypes, coefficients).sigmoid()
        masks = masks * self.crop(boxes, masks.shape[-2:], size)
        return F.interpolate(masks[:, None], size, mode="bilinear")[:, 0]


PAPER_DETECTIONS = Detections()
