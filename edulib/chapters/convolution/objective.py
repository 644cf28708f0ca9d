"""The error that the network of 1989 was trained with."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from edulib.training.batches import Batch
from edulib.training.metrics import Statistics
from edulib.training.objectives.classification import (
    Classification,
    check_labels,
    statistics,
)
from edulib.training.update import Update


@dataclass(frozen=True)
class SquaredError(Classification):
    """Mean squared error to targets of 1 for the right class and -1 for the others."""

    def step(self, model: nn.Module, batch: Batch, update: Update) -> Statistics:
        """Take one step down the squared error."""
        outputs = model(batch.inputs)
        if update.looks:
            check_labels(outputs, batch.targets)
        loss = squared_error(outputs, batch.targets)
        update(loss)
        return statistics(loss, outputs, batch.targets)

    def validate(self, model: nn.Module, batch: Batch) -> Statistics:
        """Measure the squared error."""
        outputs = model(batch.inputs)
        check_labels(outputs, batch.targets)
        return statistics(squared_error(outputs, batch.targets), outputs, batch.targets)


def squared_error(outputs: Tensor, labels: Tensor) -> Tensor:
    """Return the mean over examples and classes; labels are class numbers (B,)."""
    targets = 2 * F.one_hot(labels, outputs.shape[1]).to(outputs.dtype) - 1
    return F.mse_loss(outputs, targets)
