"""Time to an accuracy: our loop with its default recipe, against the textbook's.

Both train ResNet-18 on the same Scenes, in memory, from random weights, with batches
of 64. The textbook loop is what every introduction shows: torchvision's network as it
comes, a DataLoader, SGD with momentum 0.9 at a constant learning rate, evaluated after
each epoch until it is good enough; each of three rates is tried and the best counts.
Ours is ``fit`` with a recipe at its defaults but for the number of epochs, on the same
network of this package, every residual block of which starts as the identity.
"""

import time

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from edulib.classification.resnet import resnet18, start_as_identity
from edulib.training import Recipe, evaluate, fit
from edulib.training.sources import Source, scenes

TARGET = 0.9  # accuracy on the validation set that both have to reach
EPOCHS = 6  # of ours
PATIENCE = 15  # epochs after which the textbook loop gives up
RATES = (0.1, 0.03, 0.01)
LENGTH, SIZE = 3000, 48  # images to train on, and their pixels


def bench_training(device: torch.device) -> dict:
    """Train both ways.

    Returns:
        The conditions; ``ours`` and, for each rate, ``textbook``: lists of [seconds
        of training so far, validation accuracy]; ``ratio``: our seconds divided by
        those of the fastest rate that reached the target, None where none did.
    """
    data = scenes(LENGTH, SIZE)
    ours = train_ours(data, device)
    textbook = {str(rate): train_textbook(data, rate, device) for rate in RATES}
    reached = [curve[-1][0] for curve in textbook.values() if curve[-1][1] >= TARGET]
    good = ours[-1][1] >= TARGET and reached
    return {
        "target": TARGET,
        "images": LENGTH,
        "size": SIZE,
        "ours": ours,
        "textbook": textbook,
        "ratio": ours[-1][0] / min(reached) if good else None,
    }


def train_ours(data: Source, device: torch.device) -> list[list[float]]:
    """Train with ``fit``; only its end counts, when the rate has fallen to zero."""
    torch.manual_seed(0)
    model = resnet18(num_classes=data.num_classes)
    start_as_identity(model)
    start = time.perf_counter()
    fit(model, data.train, recipe=Recipe(epochs=EPOCHS), device=device, progress=False)
    seconds = time.perf_counter() - start
    accuracy = evaluate(model, data.val, device).accuracy
    print(f"ours: {accuracy:.1%} after {seconds:.0f} s", flush=True)
    return [[seconds, accuracy]]


def train_textbook(
    data: Source, rate: float, device: torch.device
) -> list[list[float]]:
    """Train with the loop of every introduction, until the target is reached."""
    from torchvision import models

    torch.manual_seed(0)
    model = models.resnet18(num_classes=data.num_classes).to(device)
    loader = DataLoader(TensorDataset(*data.train), batch_size=64, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    curve = []
    seconds = 0.0
    for _ in range(PATIENCE):
        start = time.perf_counter()
        textbook_epoch(model, loader, optimizer, device)
        seconds += time.perf_counter() - start
        accuracy = evaluate(model, data.val, device).accuracy
        curve.append([seconds, accuracy])
        if accuracy >= TARGET:
            break
    print(f"textbook, {rate}: {accuracy:.1%} after {seconds:.0f} s", flush=True)
    return curve


def textbook_epoch(
    model: nn.Module,
    loader: DataLoader,
    optimizer: torch.optim.Optimizer,
    device: torch.device,
) -> None:
    """One epoch as in every introduction."""
    model.train()
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
