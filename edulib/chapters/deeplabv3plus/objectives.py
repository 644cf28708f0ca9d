"""An objective that measures in bands around borders, and at a finer output stride."""

from dataclasses import dataclass

from torch import Tensor, nn

from edulib.chapters.deeplabv3plus.networks import at_stride
from edulib.training.batches import Batch
from edulib.training.measures import confusion_matrix, mean_iou, near_border
from edulib.training.metrics import Statistics
from edulib.training.objectives import Segmentation


@dataclass(frozen=True)
class TrimapSegmentation(Segmentation):
    """Segmentation, measured near borders too, and at half the output stride.

    Measures of validation besides the usual: ``band_W``, the mean IoU of the pixels at
    most W from a border, and ``finer``, that of all pixels at half the stride.

    Args:
        ignore_index: target of pixels that do not count.
        widths: of the bands, in pixels on either side.
    """

    widths: tuple[int, ...] = (1, 2, 4, 8)

    def validate(self, model: nn.Module, batch: Batch) -> Statistics:
        """Measure as it is, in bands, and once more at half the stride."""
        logits = model(batch.inputs)
        loss, count = self.summed_loss(logits, batch.targets)
        found = self.statistics(loss, count, logits, batch.targets)
        for width in self.widths:
            near = near_border(batch.targets, width)
            targets = batch.targets.where(near, self.ignore_index)
            found[f"band_{width}"] = self._confusions(logits, targets)
        finer = at_stride(model, model.output_stride // 2)(batch.inputs)
        found["finer"] = self._confusions(finer, batch.targets)
        return found

    def measures(self, totals: dict[str, Tensor | list]) -> dict[str, float]:
        """Return the measures of segmentation, and those of validation."""
        more = {
            name: mean_iou(total)
            for name, total in totals.items()
            if name == "finer" or name.startswith("band_")
        }
        return {**super().measures(totals), **more}

    def _confusions(self, logits: Tensor, targets: Tensor) -> Tensor:
        return confusion_matrix(
            logits.argmax(1), targets, logits.shape[1], self.ignore_index
        )
