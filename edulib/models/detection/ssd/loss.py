"""What SSD learns from: matched boxes, and the negatives it finds hardest."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from edulib.models.losses.boxes import smooth_l1
from edulib.models.ops.coding import encode_boxes
from edulib.models.ops.iou import pairwise_iou
from edulib.models.ops.matching import match_each_first

WEIGHTS = (10.0, 10.0, 5.0, 5.0)  # of the offsets; only the code has them


@dataclass(frozen=True)
class MultiBoxLoss:
    """The sum of equation 1, over matched default boxes and some of the others.

    Args:
        threshold: IoU from which a default box is matched with an object, besides the
            one that fits each object best.
        negatives: how many of the others are asked for each that is matched, in each
            image: those that the network takes most for an object. `math.inf` asks
            all of them, but none in an image without objects.
        alpha: weight of the offsets.

    Source: section 2.2.

    As in the paper, which leaves open that N, the number of matches, is that of the
    batch, and that negatives are ranked in each image by itself.
    """

    threshold: float = 0.5
    negatives: float = 3.0
    alpha: float = 1.0

    def __call__(
        self,
        logits: Tensor,
        offsets: Tensor,
        targets: list[dict[str, Tensor]],
        default_boxes: Tensor,
    ) -> dict[str, Tensor]:
        """Return the two terms of equation 1.

        Args:
            logits: (B, A, K + 1), background first.
            offsets: (B, A, 4).
            targets: for each image ``boxes`` (N, 4) and ``labels`` (N,).
            default_boxes: (A, 4), xyxy in pixels.

        Returns:
            ``class``, the cross-entropy, and ``box``, the smooth L1 distance of the
            offsets, each divided by the number of matches; 0 if there are none.
        """
        pairs = [self.assign(target, default_boxes) for target in targets]
        labels, wanted = map(torch.stack, zip(*pairs, strict=True))
        matched = labels > 0  # (B, A)
        rows = logits.flatten(0, 1), labels.flatten()
        entropy = F.cross_entropy(*rows, reduction="none").view_as(labels)  # (B, A)
        asked = matched | hardest(entropy, matched, self.negatives)
        distance = smooth_l1(offsets[matched], wanted[matched])
        count = matched.sum().clamp(min=1)
        return {
            "class": entropy[asked].sum() / count,
            "box": self.alpha * distance.sum() / count,
        }

    def assign(
        self, target: dict[str, Tensor], default_boxes: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return, for each default box, its label and the offsets to its object.

        Args:
            target: ``boxes`` (N, 4) and ``labels`` (N,) of an image.
            default_boxes: (A, 4), xyxy in pixels.

        Returns:
            (A,) labels, 0 for background and 1 to K for objects; (A, 4) offsets, 0
            where there is no object.
        """
        boxes = target["boxes"].to(default_boxes)
        found = match_each_first(pairwise_iou(boxes, default_boxes), self.threshold)
        matched = found >= 0
        found = found[matched]
        labels = torch.zeros_like(matched, dtype=torch.int64)
        labels[matched] = target["labels"][found] + 1
        offsets = torch.zeros_like(default_boxes)
        offsets[matched] = encode_boxes(boxes[found], default_boxes[matched], WEIGHTS)
        return labels, offsets


PAPER_LOSS = MultiBoxLoss()


def hardest(entropy: Tensor, matched: Tensor, ratio: float) -> Tensor:
    """Mark the negatives with the highest loss (section 2.2, hard negative mining).

    Args:
        entropy: (B, A), the loss of each default box.
        matched: (B, A), whether it has an object.
        ratio: how many negatives for each that is matched, in each image.

    Returns:
        (B, A), bool.
    """
    losses = entropy.detach().masked_fill(matched, -torch.inf)
    rank = losses.argsort(1, descending=True).argsort(1)
    return (rank < ratio * matched.sum(1, keepdim=True)) & ~matched
