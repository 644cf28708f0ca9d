"""The training loop: one plain loop for every classifier of the book.

Read ``fit``, then ``train_epoch``: epochs, batches, loss, gradient, step. The rest is
what keeps hours of work from being lost: a checkpoint after each epoch, from which a
training goes on to exactly the result that it would have had without interruption.
"""

import os
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from edulib.files import check_writable
from edulib.training import distributed
from edulib.training.batches import Batches, Examples
from edulib.training.metrics import History, Meter, Metrics
from edulib.training.optim import learning_rate, make_optimizer, set_learning_rate
from edulib.training.recipe import DEFAULT_RECIPE, Recipe
from edulib.training.resume import load_state, save_state

LOOK_EVERY = 20  # steps between two looks at the loss on a GPU: each look waits for it


def fit(
    model: nn.Module,
    train_set: Examples,
    val_set: Examples | None = None,
    recipe: Recipe = DEFAULT_RECIPE,
    *,
    device: str | torch.device = "cpu",
    checkpoint: str | Path | None = None,
    progress: bool = True,
) -> History:
    """Train a classifier.

    Under ``torchrun`` (see ``edulib.training.distributed``) all processes train one
    network together. The global random state is left as it was found.

    Args:
        model: images (B, C, H, W) to logits (B, classes); trained in place, left in
            evaluation mode.
        train_set: dataset of (image, label) or tensors (images, labels); tensors are
            much faster.
        val_set: the same, measured after each epoch.
        recipe: learning rate, epochs and all other numbers.
        device: "cpu" or "cuda"; a GPU trains in bfloat16 and channels-last.
        checkpoint: file that is written after each epoch, and from which the training
            goes on if it is there already.
        progress: whether to show a bar with loss and accuracy.

    Returns:
        Loss and accuracy of each epoch.

    Raises:
        ValueError: if labels and classes, or checkpoint and recipe, do not fit.
        FloatingPointError: if the loss is no longer a finite number.
        OSError: if the checkpoint cannot be written; said before training begins
            where that can be known.
        KeyboardInterrupt: on Ctrl-C; says how to go on.
    """
    device = torch.device(device)
    train = Batches(train_set, recipe.batch_size, device, recipe.workers)
    channels_last = device.type == "cuda"
    model.to(device, memory_format=torch.channels_last if channels_last else None)
    optimizer = make_optimizer(model, recipe)
    history = History()
    if checkpoint is not None:
        checkpoint = Path(checkpoint)
        check_writable(checkpoint)
        if checkpoint.exists():
            history = load_state(checkpoint, model, optimizer, recipe)
    network = distributed.parallel(model, device)
    own_random_numbers = torch.random.fork_rng([device] if channels_last else [])
    with own_random_numbers, progress_bar(train, history, recipe, progress) as bar:
        try:
            for epoch in range(len(history), recipe.epochs):
                bar.set_description(f"epoch {epoch + 1}/{recipe.epochs}")
                trained = train_epoch(network, train, optimizer, recipe, epoch, bar)
                tested = None if val_set is None else evaluate(model, val_set, device)
                history.append(trained, tested)
                if checkpoint is not None and distributed.rank() == 0:
                    save_state(checkpoint, model, optimizer, history, recipe)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(how_to_go_on(history, checkpoint)) from None
    distributed.wait_for_all()
    model.eval()
    return history


def train_epoch(
    model: nn.Module,
    batches: Batches,
    optimizer: torch.optim.Optimizer,
    recipe: Recipe,
    epoch: int,
    bar: tqdm,
) -> Metrics:
    """Show the network every image once, and take a step after each batch."""
    seed = recipe.seed * 1_000_003 + epoch  # all that is random here follows from it
    torch.manual_seed(seed + 500_009 * distributed.rank())
    model.train()
    meter = Meter(batches.device)
    look_every = LOOK_EVERY if batches.device.type == "cuda" else 1
    losses = []
    for number, (images, labels, weight) in enumerate(batches.shuffled(seed)):
        done = (epoch + (number + 1) / (len(batches) + 1)) / recipe.epochs
        lr = learning_rate(recipe, done)
        set_learning_rate(optimizer, lr)

        with mixed_precision(batches.device, recipe):
            logits = model(images)
            if number == 0:
                check_labels(logits, labels)
            loss = F.cross_entropy(
                logits, labels, label_smoothing=recipe.label_smoothing
            )
        optimizer.zero_grad()
        (loss * weight).backward()
        if recipe.clip_norm is not None:
            nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)

        losses.append(loss.detach())
        if number % look_every == 0 or number == len(batches) - 1:
            check_finite(losses, epoch, number, lr)
            bar.set_postfix_str(str(meter.read()) if number else "", refresh=False)
        optimizer.step()
        meter.add(loss, logits, labels)
        bar.update()
    distributed.share_buffers(model)
    return meter.read_all()


@torch.no_grad()
def evaluate(
    model: nn.Module,
    dataset: Examples,
    device: str | torch.device = "cpu",
    batch_size: int = 256,
) -> Metrics:
    """Measure a classifier, in evaluation mode; its mode is put back afterwards.

    Args:
        model: images (B, C, H, W) to logits (B, classes).
        dataset: dataset of (image, label) or tensors (images, labels).
        device: "cpu" or "cuda".
        batch_size: images at a time.

    Raises:
        ValueError: if the set is empty, or a label is no class of the model.
    """
    device = torch.device(device)
    was_training = model.training
    model.to(device).eval()
    meter = Meter(device)
    for images, labels, _ in Batches(dataset, batch_size, device).in_order():
        logits = model(images)
        check_labels(logits, labels)
        meter.add(F.cross_entropy(logits, labels), logits, labels)
    model.train(was_training)
    return meter.read_all()


def mixed_precision(device: torch.device, recipe: Recipe) -> torch.autocast:
    """Layers in bfloat16 where that is safe, on a GPU; elsewhere nothing changes."""
    wanted = recipe.mixed_precision and device.type == "cuda"
    return torch.autocast(device.type, torch.bfloat16, enabled=wanted)


def progress_bar(
    batches: Batches, history: History, recipe: Recipe, wanted: bool
) -> tqdm:
    """One bar for the whole training, in process 0."""
    hidden = os.environ.get("TQDM_DISABLE") or distributed.rank() > 0 or not wanted
    return tqdm(
        total=recipe.epochs * len(batches),
        initial=len(history) * len(batches),
        disable=bool(hidden),
        unit="step",
    )


def check_labels(logits: Tensor, labels: Tensor) -> None:
    """Refuse labels that are no class of the network."""
    lowest, highest = labels.min().item(), labels.max().item()
    if logits.ndim != 2 or lowest < 0 or highest >= logits.shape[1]:
        raise ValueError(
            f"expected logits (B, classes) and labels below classes, got logits "
            f"{tuple(logits.shape)} and labels {lowest} to {highest}: build the model "
            f"with num_classes={highest + 1} or more"
        )


def check_finite(losses: list[Tensor], epoch: int, number: int, lr: float) -> None:
    """Stop a training whose loss has become NaN or infinite."""
    finite = torch.stack(losses).isfinite()
    losses.clear()
    if not finite.all():
        first = number + 1 - len(finite) + int(finite.int().argmin())
        raise FloatingPointError(
            f"the loss is no longer finite: epoch {epoch + 1}, batch {first + 1}, "
            f"learning rate {lr:.3g}. Lower lr, or set clip_norm=1.0 in the recipe; "
            "if it happens in the first batch, look for NaN or unscaled images"
        )


def how_to_go_on(history: History, checkpoint: Path | None) -> str:
    """What Ctrl-C leaves, and how to continue."""
    if checkpoint is None:
        return (
            f"training stopped after {len(history)} whole epoch(s); nothing is saved: "
            "next time give fit(..., checkpoint='run.safetensors')"
        )
    return (
        f"training stopped after {len(history)} whole epoch(s), saved in {checkpoint}: "
        "call fit again with the same arguments to go on"
    )
