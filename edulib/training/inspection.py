"""What can be known before the first epoch is said before it."""

from collections.abc import Iterable

import torch
from torch import nn

from edulib.checks import check_finite
from edulib.data.splits import Examples
from edulib.training.batches import Batches
from edulib.training.distributed import world_size
from edulib.training.fingerprint import AT_ONCE
from edulib.training.modes import evaluation_mode, mixed_precision
from edulib.training.objectives.objective import Objective
from edulib.training.random_state import fixed_random_state
from edulib.training.update import Update


@torch.no_grad()
def inspect_examples(
    model: nn.Module,
    objective: Objective,
    sets: Iterable[Batches | Examples | None],
    update: Update,
) -> None:
    """Read every example once, and refuse what would end a training later.

    A broken image among thousands, or a label that is no class, would cost the hours
    until it is met. This costs one reading of the sets and, of each batch, one
    example's way through the model. No random state is disturbed.

    Raises:
        ValueError: if an input is no finite number, or the objective refuses a batch.
        OSError: if an example cannot be read; says which.
    """
    device, recipe = update.device, update.recipe
    precision = mixed_precision(device, recipe)
    with evaluation_mode(model), fixed_random_state(), precision:
        for examples in sets:
            if examples is None:
                continue
            if not isinstance(examples, Batches):
                examples = Batches(examples, AT_ONCE, device, recipe.workers)
            first = 0
            for batch in examples.in_order():
                last = first + len(batch.inputs) * world_size() - 1  # or one less
                try:
                    check_finite(batch.inputs, first)
                    objective.check(model, batch)
                except ValueError as error:
                    raise ValueError(f"examples {first} to {last}: {error}") from error
                first = last + 1
