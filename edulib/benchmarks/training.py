"""Time to an accuracy: our loop with its default recipe, against the textbook's.

Both train ResNet-18 on the same Scenes, in memory, from random weights, with batches
of 64. The textbook loop is what every introduction shows: torchvision's network as it
comes, a DataLoader, SGD with momentum 0.9 at a constant learning rate. It is given two
rates (0.03 was tried too, and slower), may stop as soon as it is good enough, and the
better one counts. Ours is ``fit`` with a recipe at its defaults but for the number of
epochs, on the same network of this package; it counts to its end, when the rate has
fallen to zero. Both are evaluated after each epoch, and the seconds include that.
"""

import time

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from edulib.data.sources import Source, scenes
from edulib.models.classification.resnet import resnet18
from edulib.training import Recipe, evaluate, fit

TARGET = 0.8  # accuracy on the validation set that both have to reach
EPOCHS = 10  # of ours
PATIENCE = 20  # epochs after which the textbook loop gives up
RATES = (0.01, 0.003)
LENGTH, SIZE = 2000, 32  # images to train on, and their pixels


def bench_training(device: torch.device) -> dict:
    """Train both ways.

    Returns:
        The conditions; ``ours`` and, for each rate, ``textbook``: lists of [seconds so
        far, validation accuracy]; ``textbook_reached``: whether one of them reached
        the target; ``ratio``: our seconds divided by those of the fastest that did,
        or, if none did, by those after which the last of them gave up.
    """
    data = scenes(LENGTH, SIZE)
    ours = train_ours(data, device)
    textbook = {str(rate): train_textbook(data, rate, device) for rate in RATES}
    ends = [curve[-1] for curve in textbook.values()]
    reached = [seconds for seconds, accuracy in ends if accuracy >= TARGET]
    theirs = min(reached) if reached else max(seconds for seconds, _ in ends)
    return {
        "target": TARGET,
        "images": LENGTH,
        "size": SIZE,
        "lr": Recipe().lr,
        "ours": ours,
        "textbook": textbook,
        "textbook_reached": bool(reached),
        "ratio": ours[-1][0] / theirs,
    }


def train_ours(data: Source, device: torch.device) -> list[list[float]]:
    """Train with ``fit``; its epochs share the seconds equally."""
    torch.manual_seed(0)
    model = resnet18(num_classes=data.num_classes)
    recipe = Recipe(epochs=EPOCHS)
    start = time.perf_counter()
    history = fit(model, data.train, data.val, recipe, device=device, progress=False)
    seconds = time.perf_counter() - start
    print(f"ours: {history.val_accuracy[-1]:.1%} after {seconds:.0f} s", flush=True)
    return [
        [seconds * (k + 1) / EPOCHS, accuracy]
        for k, accuracy in enumerate(history.val_accuracy)
    ]


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
    start = time.perf_counter()
    for _ in range(PATIENCE):
        textbook_epoch(model, loader, optimizer, device)
        accuracy = evaluate(model, data.val, device).accuracy
        seconds = time.perf_counter() - start
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
