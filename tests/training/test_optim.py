import pytest
import torch
from torch import nn

from edulib.training import Recipe, learning_rate
from edulib.training.optim import make_optimizer


def rates(schedule: str, *moments: float, **fields: float) -> list[float]:
    recipe = Recipe(lr=1.0, schedule=schedule, **fields)
    return [learning_rate(recipe, moment) for moment in moments]


def test_onecycle_is_a_triangle():
    assert rates("onecycle", 0, 0.125, 0.25, 0.625, 1) == [0, 0.5, 1, 0.5, 0]


def test_cosine_falls_slowly_then_quickly_then_slowly():
    assert rates("cosine", 0, 0.5, 1) == pytest.approx([1, 0.5, 0])
    assert rates("cosine", 0.25) == pytest.approx([(1 + 0.5**0.5) / 2])


def test_step_divides_by_ten_at_half_and_three_quarters():
    values = rates("step", 0, 0.49, 0.5, 0.75, 1)
    assert values == pytest.approx([1, 1, 0.1, 0.01, 0.01])


def test_constant_is_constant():
    assert rates("constant", 0, 0.3, 1) == [1, 1, 1]


@pytest.mark.parametrize("schedule", ["onecycle", "cosine", "step", "constant"])
def test_warmup_rises_in_a_line_to_the_peak(schedule):
    values = rates(schedule, 0, 0.05, 0.1, warmup=0.1)
    assert values == pytest.approx([0, 0.5, 1])


@pytest.mark.parametrize("kind", ["sgd", "adamw"])
def test_biases_and_norms_do_not_decay_unless_told(kind):
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 2))
    decayed, kept = make_optimizer(model, Recipe(optimizer=kind)).param_groups
    assert [p.ndim for p in decayed["params"]] == [4, 2]
    assert [p.ndim for p in kept["params"]] == [1, 1, 1, 1]
    assert (decayed["weight_decay"], kept["weight_decay"]) == (5e-4, 0)
    (everything,) = make_optimizer(
        model, Recipe(optimizer=kind, decay_all=True)
    ).param_groups
    assert len(everything["params"]) == 6


def test_frozen_parameters_do_not_train():
    model = nn.Linear(2, 2)
    model.bias.requires_grad_(False)
    (group,) = make_optimizer(model, Recipe()).param_groups
    assert group["params"] == [model.weight]


def test_sgd_and_adamw_are_torchs():
    model = nn.Linear(2, 2)
    sgd = make_optimizer(model, Recipe(momentum=0.8))
    adamw = make_optimizer(model, Recipe(optimizer="adamw", momentum=0.8))
    assert isinstance(sgd, torch.optim.SGD)
    assert sgd.defaults["momentum"] == 0.8
    assert isinstance(adamw, torch.optim.AdamW)
    assert adamw.defaults["betas"] == (0.8, 0.999)
