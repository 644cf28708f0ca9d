"""Segmentation: one class for each pixel."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from edulib.checks import check_class_numbers, check_output, describe, output_of_one
from edulib.training.batches import Batch
from edulib.training.distributed import mean_weight
from edulib.training.measures import confusion_matrix, mean_iou
from edulib.training.metrics import Statistics
from edulib.training.objectives.objective import Objective
from edulib.training.update import Update


@dataclass(frozen=True)
class Segmentation(Objective):
    """Cross-entropy of logits (B, K, H, W) against class numbers (B, H, W), int64.

    Measures: ``loss``, the mean over the labelled pixels in nats; ``pixel_accuracy``;
    and ``mean_iou``, the mean over the classes of intersection / union, both counted
    over the whole set. A class that occurs neither in the targets nor in the
    predictions is left out of the mean.

    Args:
        ignore_index: target of pixels that do not count, such as the borders of VOC.
    """

    ignore_index: int = 255

    def check(self, model: nn.Module, batch: Batch) -> None:
        """Refuse targets that do not fit the logits of the first example."""
        logits = output_of_one(model, batch.inputs)
        check_output(logits, "logits (B, classes, H, W)", ndim=4)
        self.check_targets(logits.expand(len(batch.inputs), -1, -1, -1), batch.targets)

    def step(self, model: nn.Module, batch: Batch, update: Update) -> Statistics:
        """Take one step down the mean cross-entropy of the labelled pixels."""
        logits = model(batch.inputs)
        if update.looks:
            self.check_targets(logits, batch.targets)
        smoothing = update.recipe.label_smoothing
        loss, count = self.summed_loss(logits, batch.targets, smoothing)
        update(loss / count.clamp(min=1), weight=mean_weight(count))
        return self.statistics(loss, count, logits, batch.targets)

    def validate(self, model: nn.Module, batch: Batch) -> Statistics:
        """Measure without label smoothing."""
        logits = model(batch.inputs)
        self.check_targets(logits, batch.targets)
        loss, count = self.summed_loss(logits, batch.targets)
        return self.statistics(loss, count, logits, batch.targets)

    def measures(self, totals: dict[str, Tensor | list]) -> dict[str, float]:
        """Return loss, pixel accuracy and mean IoU."""
        count = max(float(totals["count"]), 1.0)
        confusion = totals["confusion"]
        return {
            "loss": float(totals["loss"]) / count,
            "pixel_accuracy": float(confusion.diag().sum()) / count,
            "mean_iou": mean_iou(confusion),
        }

    def summed_loss(
        self, logits: Tensor, targets: Tensor, label_smoothing: float = 0.0
    ) -> tuple[Tensor, Tensor]:
        """Return the cross-entropy summed over the labelled pixels, and their number.

        A mean would be 0 / 0 in a batch without any.
        """
        loss = F.cross_entropy(
            logits,
            targets,
            ignore_index=self.ignore_index,
            reduction="sum",
            label_smoothing=label_smoothing,
        )
        return loss, (targets != self.ignore_index).sum()

    def statistics(
        self, loss: Tensor, count: Tensor, logits: Tensor, targets: Tensor
    ) -> Statistics:
        """Return the sums of a batch: loss, pixels and confusion matrix."""
        confusion = confusion_matrix(
            logits.argmax(1), targets, logits.shape[1], self.ignore_index
        )
        return {"loss": loss, "count": count, "confusion": confusion}

    def check_targets(self, logits: Tensor, targets: Tensor) -> None:
        """Refuse outputs that are no logits, and targets that do not fit them."""
        check_output(logits, "logits (B, classes, H, W)", ndim=4)
        shape = tuple(targets.shape) if isinstance(targets, Tensor) else None
        if shape != (len(logits), *logits.shape[2:]):
            raise ValueError(
                f"expected class numbers (B, H, W) for logits {tuple(logits.shape)}, "
                f"got {describe(targets)}"
            )
        check_class_numbers(targets, logits, self.ignore_index)
