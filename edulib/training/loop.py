"""The training loop: one plain loop for every network of the book.

Read ``fit``, then ``train_epoch``: epochs, batches, a step of the objective (whose
``step`` is forward, loss, and ``update``: gradient and step). The rest is what keeps
hours of work from being lost: a checkpoint after each epoch, from which a training goes
on to exactly the result that it would have had without interruption. That holds for
what follows from weights, optimizers, recipe and the global random numbers of torch,
NumPy and Python, which every epoch seeds. It cannot hold for what changes elsewhere: a
random generator of a data set's own, a counter that a module keeps.
"""

import math
import os
import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from edulib.data.splits import Examples
from edulib.training import distributed
from edulib.training.arguments import check_arguments, checkpoint_path
from edulib.training.batches import Batches
from edulib.training.fingerprint import fingerprint
from edulib.training.inspection import inspect_examples
from edulib.training.metrics import History, Metrics, Totals
from edulib.training.modes import (
    evaluation_mode,
    frozen_modules,
    mixed_precision,
    training_mode,
)
from edulib.training.objectives import Classification, Objective
from edulib.training.random_state import kept_random_state, seed_python_and_numpy
from edulib.training.recipe import DEFAULT_RECIPE, Recipe
from edulib.training.resume import TrainingState, resume_hint, save_state, start_state
from edulib.training.update import Update

if TYPE_CHECKING:
    from tqdm import tqdm

CLASSIFICATION = Classification()


def fit(
    model: nn.Module,
    train_set: Examples,
    val_set: Examples | None = None,
    recipe: Recipe = DEFAULT_RECIPE,
    *,
    objective: Objective = CLASSIFICATION,
    device: str | torch.device = "cpu",
    checkpoint: str | Path | None = None,
    progress: bool = True,
) -> History:
    """Train a network.

    Under ``torchrun`` (see ``edulib.training.distributed``) all processes train one
    network together. The global random states of torch, NumPy and Python are left as
    they were found.

    Args:
        model: what the objective trains; for classification, images (B, C, H, W) to
            logits (B, classes). Trained in place, left in evaluation mode. Parts that
            were put in evaluation mode, unlike the whole, stay in it: frozen norms.
        train_set: dataset of (input, target) or tensors (inputs, targets); tensors are
            much faster.
        val_set: the same, measured after each epoch.
        recipe: learning rate, epochs and all other numbers.
        objective: loss, optimizers and measures.
        device: "cpu" or "cuda"; a GPU trains in bfloat16 and channels-last.
        checkpoint: file that is written after each epoch, and from which the training
            goes on if it is there already: to exactly the result of a training in one
            piece, where all that is random is drawn from the global generators of
            torch, NumPy and Python. Where a data set or module keeps a generator or a
            counter of its own, which no checkpoint holds, the result may differ; a
            warning tells of those of model and objective.
        progress: whether to show a bar with the measures, where tqdm is installed.

    Returns:
        The measures of each epoch.

    Raises:
        ValueError: if an argument is not of its kind; inputs, targets and outputs do
            not fit, said before the first epoch of all examples; or the checkpoint is
            damaged or of another training.
        FloatingPointError: if the loss is no longer a finite number.
        OSError: if an example cannot be read, or the checkpoint cannot be written; said
            before training begins where that can be known.
        KeyboardInterrupt: on Ctrl-C; says how to go on.
    """
    check_arguments(model, objective, recipe)
    device = distributed.resolve_device(device)
    train = Batches(train_set, recipe.batch_size, device, recipe.workers)
    channels_last = device.type == "cuda"
    model.to(device, memory_format=torch.channels_last if channels_last else None)
    distributed.broadcast_state(model)
    frozen = frozen_modules(model)
    state = TrainingState(model, objective, objective.make_optimizers(model, recipe))
    if checkpoint is not None:
        path, origin = (
            checkpoint_path(checkpoint),  # refused before the examples are read
            fingerprint(model, objective, recipe, train_set, val_set),
        )
        start_state(path, state, origin)
    history, update = state.history, Update(model, state.optimizers, recipe, device)
    own_random_numbers = kept_random_state([device] if channels_last else [])
    with own_random_numbers, progress_bar(train, history, recipe, progress) as bar:
        try:
            if not len(history):
                bar.set_description("reading each example once")
                inspect_examples(model, objective, (train, val_set), update)
            for epoch in range(len(history), recipe.epochs):
                bar.set_description(f"epoch {epoch + 1}/{recipe.epochs}")
                training_mode(model, frozen)
                trained = train_epoch(model, train, objective, update, epoch, bar)
                tested = (
                    None
                    if val_set is None
                    else evaluate(model, val_set, device, objective=objective)
                )
                history.append(trained, tested)
                if checkpoint is not None and distributed.rank() == 0:
                    save_state(path, state)
        except KeyboardInterrupt as stop:
            raise type(stop)(resume_hint(history, checkpoint)) from None
    distributed.barrier()
    model.eval()
    return history


def train_epoch(
    model: nn.Module,
    batches: Batches,
    objective: Objective,
    update: Update,
    epoch: int,
    bar: "tqdm | NoBar",
) -> Metrics:
    """Show the network every example once, and take a step after each batch."""
    recipe, device = update.recipe, batches.device
    seed = recipe.seed * 1_000_003 + epoch  # all that is random here follows from it
    own_seed = seed + 500_009 * distributed.rank()
    torch.manual_seed(own_seed)
    seed_python_and_numpy(own_seed)
    totals = Totals(device)
    for batch in batches.shuffled(seed):
        update.begin(epoch, batch, len(batches))
        with mixed_precision(device, recipe):
            statistics = objective.step(model, batch, update)
        totals.add(statistics)
        if update.looks:
            seen = Metrics(objective.measures(totals.values))
            bar.set_postfix_str(str(seen), refresh=False)
        bar.update()
    distributed.broadcast_buffers(model)
    return Metrics(objective.measures(totals.over_all_processes()))


@torch.no_grad()
def evaluate(
    model: nn.Module,
    dataset: Examples,
    device: str | torch.device = "cpu",
    batch_size: int = 256,
    *,
    objective: Objective = CLASSIFICATION,
) -> Metrics:
    """Measure a network, in evaluation mode; each module's mode is put back.

    A measure that is no finite number is returned, with a warning.

    Args:
        model: what the objective trains; for classification, images (B, C, H, W) to
            logits (B, classes).
        dataset: dataset of (input, target) or tensors (inputs, targets).
        device: "cpu" or "cuda".
        batch_size: examples at a time.
        objective: makes the measures.

    Raises:
        ValueError: if model or objective is none, the set is empty or none, or inputs,
            targets and outputs do not fit.
    """
    check_arguments(model, objective, DEFAULT_RECIPE)
    device = distributed.resolve_device(device)
    totals = Totals(device)
    with evaluation_mode(model.to(device)):
        for batch in Batches(dataset, batch_size, device).in_order():
            if batch.number == 0:
                objective.check(model, batch)
            totals.add(objective.validate(model, batch))
    metrics = Metrics(objective.measures(totals.over_all_processes()))
    if not all(math.isfinite(value) for value in metrics.values()):
        warnings.warn(
            f"not all measures are finite: {metrics}. Look for NaN in the images, or "
            "for weights that have grown too large",
            stacklevel=2,
        )
    return metrics


def progress_bar(
    batches: Batches, history: History, recipe: Recipe, wanted: bool
) -> "tqdm | NoBar":
    """Return one bar for the whole training, shown by process 0 if tqdm is there."""
    if os.environ.get("TQDM_DISABLE") or distributed.rank() > 0 or not wanted:
        return NoBar()
    try:
        from tqdm import tqdm
    except ImportError:
        return NoBar()
    done = len(history) * len(batches)
    total = recipe.epochs * len(batches)
    # Said, because tqdm reads TQDM_DISABLE once, when it is first imported.
    return tqdm(total=total, initial=done, unit="step", disable=False)


class NoBar(nullcontext):
    """A bar that is not shown."""

    def __enter__(self) -> "NoBar":
        return self

    def set_description(self, text: str) -> None:
        """Say nothing."""

    def set_postfix_str(self, text: str, refresh: bool) -> None:
        """Say nothing."""

    def update(self) -> None:
        """Say nothing."""
