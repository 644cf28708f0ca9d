"""The networks of the chapter on normalisation, its objective and its data."""

import pytest
import torch
from torch import nn

from edulib.anatomy import count_parameters
from edulib.chapters.normalization.data import few_digits
from edulib.chapters.normalization.experiments import EXPERIMENTS, RATES
from edulib.chapters.normalization.networks import (
    NoisyBatchNorm,
    SplitBatchNorm,
    batch_norm_stack,
    deep_stack,
    group_norm_stack,
    noisy_stack,
    split_stack,
)
from edulib.chapters.normalization.objective import MayDiverge
from edulib.training import Recipe, fit


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def test_each_part_is_normalised_by_itself():
    x = torch.randn(5, 3, 4, 4)
    norm = SplitBatchNorm(3, images=2)
    parts = [nn.BatchNorm2d(3)(part) for part in (x[:2], x[2:4], x[4:])]
    assert torch.allclose(norm(x), torch.cat(parts), atol=1e-6)
    assert norm.num_batches_tracked == 3


def test_one_part_and_evaluation_are_ordinary_batch_norm():
    x = torch.randn(4, 3, 4, 4)
    split, usual = SplitBatchNorm(3, images=4), nn.BatchNorm2d(3)
    assert torch.equal(split(x), usual(x))
    split.eval(), usual.eval()
    assert torch.equal(split(x[:1]), usual(x[:1]))
    with pytest.raises(ValueError, match="at least 1 image in a part, got 0"):
        SplitBatchNorm(3, images=0)


def test_noise_moves_each_channel_in_each_step_and_nothing_in_evaluation():
    x = torch.randn(64, 3, 8, 8)
    noisy, usual = NoisyBatchNorm(3), nn.BatchNorm2d(3)
    means = torch.stack([noisy(x).mean((0, 2, 3)) for _ in range(50)])
    assert 0.2 < means.std() < 0.35  # uniform between -0.5 and 0.5: 0.29
    assert 1 < noisy(x).std() < 1.4
    for _ in range(51):
        usual(x)
    noisy.eval(), usual.eval()
    assert torch.equal(noisy(x), usual(x))


def test_stacks_differ_in_their_normalisation_only():
    plain, norm = deep_stack(), deep_stack(nn.BatchNorm2d)
    convs = [m for m in norm if isinstance(m, nn.Conv2d)]
    assert len(convs) == 12
    assert all(conv.bias is None for conv in convs)
    assert count_parameters(norm) - count_parameters(plain) == 4 * (8 + 16 + 32)
    assert count_parameters(group_norm_stack()) == count_parameters(norm)
    for stack in (plain, norm):
        assert stack(torch.rand(2, 1, 16, 16)).shape == (2, 10)
    kinds = (noisy_stack(), NoisyBatchNorm), (split_stack(2), SplitBatchNorm)
    for stack, kind in kinds:
        assert isinstance(stack[1], kind)
    assert split_stack(2)[1].images == 2
    with pytest.raises(ValueError, match="multiple of 3, got 4"):
        deep_stack(depth=4)


def test_he_start_keeps_the_signal_of_a_wide_batch():
    stack = deep_stack()
    x = torch.randn(64, 1, 16, 16)
    assert 0.02 < stack[:-3](x).std() < 5


def test_a_training_that_diverges_goes_on_to_its_end():
    images, labels = torch.rand(64, 1, 16, 16), torch.arange(64) % 10
    network = deep_stack()
    recipe = Recipe(epochs=3, batch_size=16, lr=1e6, schedule="constant")
    history = fit(network, (images, labels), recipe=recipe, objective=MayDiverge())
    assert len(history.train_accuracy) == 3
    with pytest.raises(FloatingPointError, match="no longer finite"):
        fit(deep_stack(), (images, labels), recipe=recipe)


def test_may_diverge_trains_as_usual_where_the_loss_is_finite():
    images, labels = torch.rand(32, 1, 16, 16), torch.arange(32) % 10
    weights = []
    for objective in ({}, {"objective": MayDiverge()}):
        torch.manual_seed(0)
        network = deep_stack(nn.BatchNorm2d)
        fit(network, (images, labels), recipe=Recipe(epochs=1), **objective)
        weights.append(network[0].weight)
    assert torch.equal(*weights)


def test_few_digits_are_learned_and_many_tested():
    few, many = few_digits()
    assert (len(few[1]), len(many[1])) == (355, 1442)


def test_variants_are_alike_but_for_what_is_compared():
    small = EXPERIMENTS["normalization-batches"].variants.values()
    assert len({v.recipe for v in small}) == 1
    assert len({v.data for v in small}) == 1
    rates = EXPERIMENTS["normalization-rates"].variants
    for rate in RATES:
        plain, norm = rates[f"plain {rate:g}"], rates[f"batch norm {rate:g}"]
        assert plain.recipe.lr == norm.recipe.lr == rate
        assert plain.recipe.epochs == (40 if rate <= 0.01 else 20)
        assert norm.recipe.epochs == 20
        assert (plain.build, norm.build) == (deep_stack, batch_norm_stack)


def test_results_name_their_networks_the_same_in_each_process():
    for experiment in EXPERIMENTS.values():
        for variant in experiment.variants.values():
            assert "<" not in variant.describe()["network"]
