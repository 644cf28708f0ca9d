"""Recall of proposals: which share of the objects do they cover, and how well?"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from edulib.models.ops.iou import pairwise_iou
from edulib.training import Detection
from edulib.training.metrics import Statistics

COUNTS = (10, 50, 300)  # of proposals, the surest
THRESHOLDS = tuple(k / 100 for k in range(50, 100, 5))


@dataclass(frozen=True)
class Proposals(Detection):
    """Train a :class:`Detector`; measure how well its boxes cover objects of any kind.

    Measures of validation: ``AR10``, ``AR50`` and ``AR300``, the average recall of so
    many boxes an image, and ``recall50``, that of 50 boxes at an IoU of 0.5.
    """

    def compare(
        self, detections: list[dict[str, Tensor]], targets: list[dict[str, Tensor]]
    ) -> dict[str, list]:
        """Return the best IoU of each object among the surest boxes."""
        pairs = zip(detections, targets, strict=True)
        return {"best": [best_of(d["boxes"], t["boxes"], COUNTS) for d, t in pairs]}

    def measures(self, totals: Statistics) -> dict[str, float]:
        """Return the losses of an epoch, or the recall of a set."""
        if "count" in totals:
            return super().measures(totals)
        best = torch.cat(totals["best"], dim=1)
        rows = dict(zip(COUNTS, best, strict=True))
        found = {f"AR{count}": average_recall(row) for count, row in rows.items()}
        return found | {"recall50": recall(rows[50], 0.5)}


def best_of(proposals: Tensor, boxes: Tensor, counts: Sequence[int]) -> Tensor:
    """Return the IoU of each object with the best of the first proposals.

    Args:
        proposals: (N, 4), xyxy in pixels, the surest first.
        boxes: (M, 4), of the objects.
        counts: how many of the proposals are looked at.

    Returns:
        (len(counts), M); 0 where there are no proposals.
    """
    overlaps = pairwise_iou(boxes, proposals)
    nothing = overlaps.new_zeros(len(boxes), 1)
    return torch.stack(
        [torch.cat([nothing, overlaps[:, :n]], 1).max(1).values for n in counts]
    )


def recall(best: Tensor, threshold: float) -> float:
    """Return the share of objects that are covered.

    Args:
        best: (M,), the best IoU of each object.
        threshold: least IoU that counts.
    """
    return (best >= threshold).float().mean().item()


def average_recall(best: Tensor) -> float:
    """Return the mean recall over ten thresholds of IoU from 0.5 to 0.95.

    Args:
        best: (M,), the best IoU of each object.
    """
    return sum(recall(best, one) for one in THRESHOLDS) / len(THRESHOLDS)
