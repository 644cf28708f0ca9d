"""An objective that measures, besides the whole, the pixels near borders."""

from dataclasses import dataclass

from torch import Tensor

from edulib.training.measures import confusion_matrix, mean_iou, near_border
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
