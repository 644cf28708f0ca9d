"""Objective: what a training is for, apart from how its loop runs."""

from abc import ABC, abstractmethod

from torch import Tensor, nn
from torch.optim import Optimizer

from edulib.training.batches import Batch
from edulib.training.metrics import Statistics
from edulib.training.optim import make_optimizer
from edulib.training.recipe import Recipe
from edulib.training.update import Update


class Objective(ABC):
    """Optimizers, one step on a batch, what is accumulated, the measures made of it.

    An objective keeps no state, so that one serves any number of trainings: what
    changes is in the model (averaged weights are a part of it) and in the optimizers,
    both of which a checkpoint holds. Write it as a frozen dataclass: the checkpoint
    knows it by its ``repr``, and by its attributes that are numbers, text, tensors,
    functions or made of them; not by its code. Random numbers come from the global
    states of torch, NumPy and Python, which the loop sets at the start of each epoch.

    Statistics are named numbers, tensors or lists of one batch. The loop sums the first
    two and joins the lists, over all batches and processes; lists should hold tensors
    on the CPU. Only ``measures`` turns the totals into what is shown: a mean, or what
    is none, such as the mean IoU of a confusion matrix.
    """

    def make_optimizers(self, model: nn.Module, recipe: Recipe) -> dict[str, Optimizer]:
        """Return the optimizers by name; one, called "model", unless overridden."""
        return {"model": make_optimizer(model, recipe)}

    def check(self, model: nn.Module, batch: Batch) -> None:  # noqa: B027
        """Refuse a batch that cannot be trained on, in a line that says why.

        Called with all of them before the first epoch, in evaluation mode and without
        gradients; unless overridden, nothing is refused.

        Raises:
            ValueError: if inputs, targets and model do not fit.
        """

    @abstractmethod
    def step(self, model: nn.Module, batch: Batch, update: Update) -> Statistics:
        """Train on a batch: compute losses and call ``update(loss)`` with each.

        Returns:
            Statistics of the batch; no lists, of which a whole epoch's would be kept.
        """

    @abstractmethod
    def validate(self, model: nn.Module, batch: Batch) -> Statistics:
        """Return the statistics of a validation batch; called without gradients."""

    def measures(self, totals: dict[str, Tensor | list]) -> dict[str, float]:
        """Return the measures of an epoch or a set, by name.

        Unless overridden: each total divided by the total of ``"count"``.
        """
        count = float(totals["count"])
        return {
            name: float(total) / count
            for name, total in totals.items()
            if name != "count"
        }
