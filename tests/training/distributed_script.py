"""Run by test_distributed.py, alone and under torchrun: trains and saves."""

import sys
from dataclasses import asdict

import torch
from torch import nn

from edulib.training import Recipe, distributed, fit


def train(output: str) -> None:
    with distributed.init_distributed("cpu") as device:
        generator = torch.Generator().manual_seed(0)
        images = torch.rand(45, 1, 6, 6, dtype=torch.float64, generator=generator)
        labels = torch.arange(45) % 3
        torch.manual_seed(distributed.rank())  # process 0's weights must win
        model = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.GELU(), nn.Flatten(), nn.Linear(64, 3)
        ).double()
        recipe = Recipe(epochs=3, batch_size=10, lr=0.1, clip_norm=0.5)
        history = fit(
            model,
            (images, labels),
            (images[:7], labels[:7]),
            recipe,
            device=device,
            checkpoint=f"{output}.checkpoint",
        )
        torch.save(
            {"weights": model.state_dict(), "history": asdict(history)},
            f"{output}.{distributed.rank()}",
        )


if __name__ == "__main__":
    torch.set_num_threads(1)
    train(sys.argv[1])
