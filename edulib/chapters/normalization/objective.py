"""Cross-entropy for trainings that may diverge: what became infinite stays so."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import nn

from edulib.training import Classification
from edulib.training.batches import Batch
from edulib.training.metrics import Statistics
from edulib.training.objectives.classification import check_labels, statistics
from edulib.training.update import Update


@dataclass(frozen=True)
class MayDiverge(Classification):
    """Classification that takes no step once its loss is no finite number.

    Usually such a training stops with an error. Here that it diverged is the result: it
    goes on with the weights that it has, and its accuracy says so.
    """

    def step(self, model: nn.Module, batch: Batch, update: Update) -> Statistics:
        """Take a step where there is one to take."""
        logits = model(batch.inputs)
        check_labels(logits, batch.targets)
        loss = F.cross_entropy(logits, batch.targets)
        if loss.isfinite():
            update(loss)
        return statistics(loss, logits, batch.targets)
