"""The loop against a loop of the test's own: rate of every step, smoothed targets."""

import math

import pytest
import torch
from torch import nn

from edulib.training import Recipe, fit

EPOCHS, STEPS, HIGHEST, WARMUP = 3, 4, 0.3, 0.4
RATES = {  # of the part of the training that is done
    "onecycle": lambda done: HIGHEST * min(done / WARMUP, (1 - done) / (1 - WARMUP)),
    "cosine": lambda done: (
        HIGHEST
        * (
            done / WARMUP
            if done < WARMUP
            else 0.5 + 0.5 * math.cos(math.pi * (done - WARMUP) / (1 - WARMUP))
        )
    ),
}


def by_hand(model: nn.Module, batch: tuple, schedule: str, smoothing: float) -> None:
    """SGD with momentum 0.9; every step sees the same batch."""
    images, labels = batch
    target = torch.full((len(labels), 3), smoothing / 3)
    target[range(len(labels)), labels] += 1 - smoothing
    speed = [torch.zeros_like(p) for p in model.parameters()]
    for step in range(EPOCHS * STEPS):
        epoch, k = divmod(step, STEPS)
        rate = RATES[schedule]((epoch + (k + 1) / (STEPS + 1)) / EPOCHS)
        loss = -(target * model(images).log_softmax(1)).sum(1).mean()
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for p, v, g in zip(model.parameters(), speed, gradients, strict=True):
                v.mul_(0.9).add_(g + 0.01 * p * (p.ndim > 1))
                p.sub_(rate * v)


@pytest.mark.parametrize("schedule", RATES)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_fit_takes_the_steps_of_a_loop_by_hand(schedule, smoothing):
    torch.manual_seed(0)
    batch = torch.randn(1, 1, 4, 4).expand(2, -1, -1, -1), torch.tensor([1, 1])
    models = [nn.Sequential(nn.Flatten(), nn.Linear(16, 3)) for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    images, labels = (part.repeat(STEPS, *[1] * (part.ndim - 1)) for part in batch)
    recipe = Recipe(
        epochs=EPOCHS,
        batch_size=2,
        lr=HIGHEST,
        weight_decay=0.01,
        schedule=schedule,
        warmup=WARMUP,
        label_smoothing=smoothing,
    )
    fit(models[0], (images, labels), recipe=recipe, progress=False)
    by_hand(models[1], batch, schedule, smoothing)
    for ours, wanted in zip(
        models[0].parameters(), models[1].parameters(), strict=True
    ):
        torch.testing.assert_close(ours, wanted, rtol=1e-5, atol=1e-6)
