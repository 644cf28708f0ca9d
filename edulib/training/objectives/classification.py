"""Classification: one class, or a distribution over the classes, for each image."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from edulib.checks import (
    check_class_numbers,
    check_output,
    check_probabilities,
    describe,
    output_of_one,
)
from edulib.training.batches import Batch
from edulib.training.metrics import Statistics
from edulib.training.objectives.objective import Objective
from edulib.training.update import Update


@dataclass(frozen=True)
class Classification(Objective):
    """Cross-entropy of logits (B, K), with K classes, against labels.

    Labels are class numbers (B,), int64, or probabilities (B, K), as mixup makes them.
    Measures: ``loss``, the mean in nats; ``accuracy``, the share of the examples whose
    greatest logit is at the (most probable) label.
    """

    def check(self, model: nn.Module, batch: Batch) -> None:
        """Refuse labels that do not fit the logits of the first example."""
        logits = check_logits(output_of_one(model, batch.inputs))
        check_labels(logits.expand(len(batch.inputs), -1), batch.targets)

    def step(self, model: nn.Module, batch: Batch, update: Update) -> Statistics:
        """Take one step down the cross-entropy."""
        logits = model(batch.inputs)
        if update.looks:
            check_labels(logits, batch.targets)
        smoothing = update.recipe.label_smoothing
        loss = F.cross_entropy(logits, batch.targets, label_smoothing=smoothing)
        update(loss)
        return statistics(loss, logits, batch.targets)

    def validate(self, model: nn.Module, batch: Batch) -> Statistics:
        """Measure without label smoothing."""
        logits = model(batch.inputs)
        check_labels(logits, batch.targets)
        loss = F.cross_entropy(logits, batch.targets)
        return statistics(loss, logits, batch.targets)


def statistics(loss: Tensor, logits: Tensor, labels: Tensor) -> Statistics:
    """Return the sums of a batch, for means over the examples."""
    classes = labels if labels.ndim == 1 else labels.argmax(1)
    return {
        "loss": loss.detach() * len(labels),
        "accuracy": (logits.argmax(1) == classes).sum(),
        "count": len(labels),
    }


def check_logits(logits: Tensor) -> Tensor:
    """Return a model's output, unless it is no logits (B, K) of several classes."""
    check_output(logits, "logits (B, classes)", ndim=2)
    if logits.shape[1] < 2:
        raise ValueError(
            f"expected logits of at least 2 classes, got {tuple(logits.shape)}"
        )
    return logits


def check_labels(logits: Tensor, labels: Tensor) -> None:
    """Refuse outputs that are no logits, and labels that do not fit them."""
    check_logits(logits)
    shape = tuple(labels.shape) if isinstance(labels, Tensor) else None
    if shape not in (logits.shape[:1], logits.shape):
        raise ValueError(
            "expected labels (B,), or probabilities (B, classes), for logits "
            f"{tuple(logits.shape)}, got {describe(labels)}"
        )
    if labels.ndim == 1:
        check_class_numbers(labels, logits)
    else:
        check_probabilities(labels)
