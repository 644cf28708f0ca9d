"""An objective that measures, besides the whole, the pixels near borders."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from edulib.training.measures import confusion_matrix, mean_iou
from edulib.training.metrics import Statistics
from edulib.training.objectives import Segmentation


@dataclass(frozen=True)
class EdgeSegmentation(Segmentation):
    """Segmentation that is also measured near the borders, as ``edge_iou``.

    Args:
        ignore_index: target of pixels that do not count.
        width: pixels on either side of a border between two classes that are near it.
    """

    width: int = 2

    def statistics(
        self, loss: Tensor, count: Tensor, logits: Tensor, targets: Tensor
    ) -> Statistics:
        """Return the sums of a batch, and the confusions near borders."""
        found = super().statistics(loss, count, logits, targets)
        near = targets.where(near_border(targets, self.width), self.ignore_index)
        found["edge_confusion"] = confusion_matrix(
            logits.argmax(1), near, logits.shape[1], self.ignore_index
        )
        return found

    def measures(self, totals: dict[str, Tensor | list]) -> dict[str, float]:
        """Return the measures of segmentation, and the mean IoU near borders."""
        edge = mean_iou(totals["edge_confusion"])
        return {**super().measures(totals), "edge_iou": edge}


def near_border(targets: Tensor, width: int) -> Tensor:
    """Mark the pixels with another class at most ``width`` pixels away (B, H, W)."""
    numbers = targets.float()[:, None]
    side = 2 * width + 1
    highest = F.max_pool2d(numbers, side, 1, width)
    lowest = -F.max_pool2d(-numbers, side, 1, width)
    return (highest != lowest)[:, 0]
