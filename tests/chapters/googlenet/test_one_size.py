"""Several sizes of kernel and one: the same price, the same training."""

import pytest
import torch
from torch import nn

from edulib.anatomy import count_macs, count_parameters
from edulib.chapters.googlenet.experiments import LARGER
from edulib.chapters.googlenet.networks import (
    googlenet_small,
    inception,
    one_size_small,
    single_branch,
)


@pytest.mark.parametrize("channels", [16, 64])
@pytest.mark.parametrize("kernel", [3, 5])
def test_a_single_branch_uses_the_budget_to_within_one_channel(channels, kernel):
    budget = count_parameters(inception(channels))
    block = single_branch(channels, kernel, budget)
    step = channels + 2 + 64 * kernel**2
    assert budget - step < count_parameters(block) <= budget
    assert block(torch.rand(2, channels, 6, 5)).shape == (2, 64, 6, 5)


def test_one_size_costs_what_several_cost():
    several, one = googlenet_small(), one_size_small(3)
    assert count_parameters(one) == pytest.approx(count_parameters(several), rel=0.03)
    shape = (3, 64, 64)
    assert count_macs(one, shape) == pytest.approx(count_macs(several, shape), rel=0.05)


def test_the_rival_has_kernels_of_one_size_behind_its_reductions():
    blocks = [m for n, m in one_size_small(3).named_modules() if "inception" in n]
    sides = {m.kernel_size for m in blocks if isinstance(m, nn.Conv2d)}
    assert sides == {(1, 1), (3, 3)}


def test_all_sizes_are_trained_alike():
    variants = LARGER["googlenet-sizes"].variants.values()
    assert len({(v.recipe, v.data) for v in variants}) == 1
