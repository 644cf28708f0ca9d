"""One small training of each kind: what to build, on what, for which objective."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset
from training_helpers import examples, network

from edulib.data.splits import Examples
from edulib.training import (
    GAN,
    AdversarialNetworks,
    Classification,
    Objective,
    Recipe,
    Segmentation,
)
from edulib.training.batches import Batch
from edulib.training.update import Update


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


class Spots(Dataset):
    """Images of one size or two, with 0 to 3 bright pixels, each in a box of its own.

    Args:
        count: how many.
        ragged: whether every third image is larger.
    """

    def __init__(self, count: int, ragged: bool = False) -> None:
        self.count, self.ragged = count, ragged

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Tensor]]:
        generator = torch.Generator().manual_seed(index)
        size = 8 if self.ragged and index % 3 == 0 else 6
        image = 0.2 * torch.randn(1, size, size, generator=generator)
        places = torch.randperm(36, generator=generator)[: index % 4]
        corners = torch.stack((places % 6, places // 6), 1)
        image[0, corners[:, 1], corners[:, 0]] += 2
        boxes = torch.cat((corners, corners + 1), 1).float()
        return image, {"boxes": boxes, "labels": torch.zeros_like(places)}


@dataclass(frozen=True)
class SpotDetection(Objective):
    """A detector's batch, a list of dicts, against a map of scores (B, 1, H, W)."""

    def step(self, model: nn.Module, batch: Batch, update: Update) -> dict:
        losses = self.losses(model, batch)
        update(losses.mean())
        return {"loss": losses.sum(), "count": len(losses)}

    def validate(self, model: nn.Module, batch: Batch) -> dict:
        scores = [model(image[None])[0, 0] for image in batch.inputs]
        found = [(s > 0) for s in scores]
        hits = sum(
            f[t["boxes"][:, 1].long(), t["boxes"][:, 0].long()].sum()
            for f, t in zip(found, batch.targets, strict=True)
        )
        return {
            "hits": hits,
            "found": sum(f.sum() for f in found),
            "boxes": sum(len(t["boxes"]) for t in batch.targets),
        }

    def measures(self, totals: dict) -> dict[str, float]:
        if "loss" in totals:
            return super().measures(totals)
        both = float(totals["found"] + totals["boxes"])
        return {"f1": 2 * float(totals["hits"]) / both}

    def losses(self, model: nn.Module, batch: Batch) -> Tensor:
        losses = []
        for image, target in zip(batch.inputs, batch.targets, strict=True):
            scores = model(image[None])[0, 0]
            wanted = torch.zeros_like(scores)
            x, y = target["boxes"][:, :2].long().unbind(1)
            wanted[y, x] = 1
            losses.append(F.binary_cross_entropy_with_logits(scores, wanted))
        return torch.stack(losses)


def spotter(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 4, 1), nn.ReLU(), nn.Conv2d(4, 1, 1))


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
    "detection": Task(SpotDetection(), spotter, Spots(64, True), Spots(20), _ADAMW),
    "gan": Task(GAN(), adversaries, ring(64), ring(32, seed=1), _ADAMW),
}
