"""Run by test_distributed.py, alone and under torchrun: trains and saves."""

import sys
from dataclasses import asdict, replace

import torch
from torch import nn
from training_tasks import TASKS

from edulib.training import Recipe, distributed, fit


class Branched(nn.Module):
    """A network with a part that forward leaves out."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(1, 4, 3), nn.Linear(64, 3)
        self.unused = nn.Linear(64, 3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(nn.functional.gelu(self.conv(images)).flatten(1))


def classify(device: torch.device, checkpoint: str) -> dict:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(45, 1, 6, 6, dtype=torch.float64, generator=generator)
    labels = torch.arange(45) % 3
    torch.manual_seed(distributed.rank())  # process 0's weights must win
    model = Branched().double()
    recipe = Recipe(epochs=3, batch_size=10, lr=0.1, clip_norm=0.5)
    history = fit(
        model,
        (images, labels),
        (images[:7], labels[:7]),
        recipe,
        device=device,
        checkpoint=checkpoint,
    )
    return {"weights": model.state_dict(), "history": asdict(history)}


def train_task(name: str, device: torch.device, checkpoint: str) -> dict:
    """Train one of the kinds; what normalises over a batch is left out."""
    task = TASKS[name]
    model = task.build()
    if name == "segmentation":
        model[1] = nn.Identity()
    history = fit(
        model,
        task.train_set,
        task.val_set,
        replace(task.recipe, batch_size=15),
        objective=task.objective,
        device=device,
        checkpoint=checkpoint,
    )
    return {"weights": model.state_dict(), "history": asdict(history)}


def train(output: str) -> None:
    with distributed.init_distributed("cpu") as device:
        results = {"classification": classify(device, f"{output}.checkpoint")}
        for name in ("segmentation", "detection", "gan"):
            results[name] = train_task(name, device, f"{output}.{name}")
        torch.save(results, f"{output}.{distributed.rank()}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    train(sys.argv[1])
