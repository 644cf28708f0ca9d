"""Detection with two sets of weights: those of the moment, and their average."""

from dataclasses import dataclass

from torch import Tensor

from edulib.chapters.yolov5.networks import Averaged
from edulib.training import Detection
from edulib.training.batches import Batch
from edulib.training.metrics import Statistics
from edulib.training.update import Update


@dataclass(frozen=True)
class AveragedDetection(Detection):
    """Train a detector in `Averaged`, and measure both.

    The measures of the average stand beside the others, as ``mean_AP`` and so on.
    """

    def step(self, model: Averaged, batch: Batch, update: Update) -> Statistics:
        """Take a step, and let the average follow."""
        statistics = super().step(model, batch, update)
        model.follow()
        return statistics

    def validate(self, model: Averaged, batch: Batch) -> Statistics:
        """Compare the detections of both with the objects of each image."""
        now = super().validate(model.network, batch)
        average = super().validate(model.average.module, batch)
        return {**now, "average": average["boxes"]}

    def measures(self, totals: dict[str, Tensor | list]) -> dict[str, float]:
        """Return the losses of an epoch, or the average precisions of both."""
        found = super().measures(totals)
        if "average" in totals:
            of_mean = self.summary(totals["average"])
            found |= {f"mean_{name}": value for name, value in of_mean.items()}
        return found
