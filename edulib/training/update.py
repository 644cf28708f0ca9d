"""Update: a step down a loss, made in the same way for every objective."""

import warnings
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from edulib.checks import describe
from edulib.training.batches import Batch
from edulib.training.distributed import average_gradients, rank
from edulib.training.optim import learning_rate, set_learning_rate
from edulib.training.recipe import Recipe

LOOK_EVERY = 20  # steps between two looks at the loss on a GPU: each look waits for it
SHOWN = 4  # names of parameters in a warning


class Update:
    """Gradient, clipping, look at the loss, step: ``update(loss)``.

    Args:
        model: holds the parameters.
        optimizers: by name; each holds some of the parameters.
        recipe: gives the learning rate and the greatest norm of the gradient.
        device: where the model is.

    Attributes:
        looks: whether values are looked at in this batch: always on a CPU, now and then
            on a GPU, which every look makes wait.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizers: Mapping[str, Optimizer],
        recipe: Recipe,
        device: torch.device,
    ) -> None:
        self.optimizers, self.recipe, self.device = optimizers, recipe, device
        self.parameters = {
            name: owned_parameters(model, optimizer)
            for name, optimizer in optimizers.items()
        }
        self.names = {id(p): name for name, p in model.named_parameters()}
        self.looks = True
        self._stepped: set[str] = set()
        self._losses: list[tuple[int, Tensor]] = []

    def begin(self, epoch: int, batch: Batch, batches: int) -> None:
        """Set the learning rate for a batch, one of ``batches`` of the epoch."""
        self.epoch, self.batch = epoch, batch
        done = (epoch + (batch.number + 1) / (batches + 1)) / self.recipe.epochs
        self.lr = learning_rate(self.recipe, done)
        for optimizer in self.optimizers.values():
            set_learning_rate(optimizer, self.lr)
        every = LOOK_EVERY if self.device.type == "cuda" else 1
        self.looks = batch.number % every == 0 or batch.number == batches - 1

    def __call__(
        self,
        loss: Tensor,
        optimizer: str = "model",
        weight: Tensor | float | None = None,
    ) -> None:
        """Take a step that makes a loss smaller.

        Args:
            loss: mean over this process's share of the batch, shape ().
            optimizer: name of the one that takes the step.
            weight: what the share counts for, where that is not its number of examples.

        Raises:
            ValueError: if the loss is no single number, or no parameter has a part in
                it.
            FloatingPointError: if the loss is no finite number.
        """
        if loss.ndim or not loss.requires_grad:
            what = describe(loss) if loss.ndim else "one without a gradient"
            raise ValueError(
                "expected a loss of one number, computed from parameters that train, "
                f"got {what}: see that forward neither detaches nor works under no_grad"
            )
        chosen, parameters = self.optimizers[optimizer], self.parameters[optimizer]
        with torch.autocast(self.device.type, enabled=False):
            chosen.zero_grad()
            (loss * (self.batch.weight if weight is None else weight)).backward()
            average_gradients(parameters)
            self._warn_of_unused(optimizer)
            if self.recipe.clip_norm is not None:
                nn.utils.clip_grad_norm_(parameters, self.recipe.clip_norm)
            self._losses.append((self.batch.number, loss.detach()))
            if self.looks:
                self.check_finite()
            chosen.step()
        torch.clear_autocast_cache()  # of the weights before the step

    def _warn_of_unused(self, optimizer: str) -> None:
        """Say in an optimizer's first step which of its parameters it cannot move."""
        if optimizer in self._stepped:
            return
        self._stepped.add(optimizer)
        parameters = self.parameters[optimizer]
        unused = [self.names[id(p)] for p in parameters if p.grad is None]
        if unused and rank() == 0:
            more = ", ..." if len(unused) > SHOWN else ""
            warnings.warn(
                f"the loss of the first batch gives no gradient to {len(unused)} of "
                f"{len(parameters)} parameters, which keep their values: "
                f"{', '.join(unused[:SHOWN])}{more}",
                stacklevel=2,
            )

    def check_finite(self) -> None:
        """Stop a training whose loss has become NaN or infinite."""
        finite = torch.stack([loss for _, loss in self._losses]).isfinite()
        if not finite.all():
            number, _ = self._losses[int(finite.int().argmin())]
            raise FloatingPointError(
                f"the loss is no longer finite: epoch {self.epoch + 1}, batch "
                f"{number + 1}, learning rate {self.lr:.3g}. Lower lr, or set "
                "clip_norm=1.0 in the recipe; if it happens in the first batch, look "
                "for NaN or unscaled images"
            )
        self._losses.clear()


def owned_parameters(model: nn.Module, optimizer: Optimizer) -> list[nn.Parameter]:
    """Return the parameters of an optimizer, in the model's order."""
    owned = {id(p) for group in optimizer.param_groups for p in group["params"]}
    return [p for p in model.parameters() if id(p) in owned]
