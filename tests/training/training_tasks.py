"""One small training of each kind: what to build, on what, for which objective."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from tiny_detector import Rectangles, detector
from torch import Tensor, nn
from training_helpers import examples, network

from edulib.data.splits import Examples
from edulib.training import (
    GAN,
    AdversarialNetworks,
    Classification,
    Detection,
    Objective,
    Recipe,
    Segmentation,
)


def maps(count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Noise with a bright column, class 1, and a dark row, class 2, of five pixels."""
    generator = torch.Generator().manual_seed(seed)
    images = 0.2 * torch.randn(count, 1, 5, 5, generator=generator)
    targets = torch.zeros(count, 5, 5, dtype=torch.long)
    for k, target in enumerate(targets):
        target[:, k % 5], target[k % 3] = 1, 2
        target[4, : k % 4] = 255  # unlabelled
    images += (targets == 1).float()[:, None] - (targets == 2).float()[:, None]
    return images, targets


def pixelwise(seed: int = 0, classes: int = 3) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, classes, 1),
    )


def ring(count: int = 512, seed: int = 0) -> tuple[Tensor]:
    """Points around eight places on a circle of radius 2, as inputs alone."""
    generator = torch.Generator().manual_seed(seed)
    angles = 2 * math.pi * (torch.arange(count) % 8) / 8
    places = 2 * torch.stack((angles.cos(), angles.sin()), 1)
    return (places + 0.05 * torch.randn(count, 2, generator=generator),)


def perceptron(inputs: int, outputs: int, width: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(inputs, width),
        nn.ReLU(),
        nn.Linear(width, width),
        nn.ReLU(),
        nn.Linear(width, outputs),
    )


def adversaries(seed: int = 0, width: int = 16, decay: float = 0.9) -> nn.Module:
    torch.manual_seed(seed)
    generator, discriminator = perceptron(8, 2, width), perceptron(2, 1, width)
    return AdversarialNetworks(generator, discriminator, latent_dim=8, decay=decay)


@dataclass
class Task:
    """A training of one kind."""

    objective: Objective
    build: Callable[..., nn.Module]
    train_set: Examples
    val_set: Examples
    recipe: Recipe


_SGD = Recipe(epochs=3, batch_size=16, lr=0.05)
_ADAMW = Recipe(epochs=3, batch_size=16, lr=0.01, optimizer="adamw", clip_norm=1.0)
TASKS = {
    "classification": Task(Classification(), network, examples(), examples(30), _SGD),
    "segmentation": Task(Segmentation(), pixelwise, maps(64), maps(20, seed=1), _SGD),
    "detection": Task(Detection(), detector, Rectangles(64), Rectangles(20, 1), _ADAMW),
    "gan": Task(GAN(), adversaries, ring(64), ring(32, seed=1), _ADAMW),
}
