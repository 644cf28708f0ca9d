"""Twins of one price, wide networks, and what they are measured by."""

import pytest
import torch
from torch import nn

from edulib.anatomy import count_macs, count_parameters
from edulib.chapters.inceptionv4.dying import (
    SEEDS,
    SETTINGS,
    dead_channels,
    find,
    last_maps,
)
from edulib.chapters.inceptionv4.experiments import EXPERIMENTS, TWINS
from edulib.chapters.inceptionv4.networks import SmallInception, WideInception, block
from edulib.models.classification.inception_v4 import ScaledResidual

IMAGE = (3, 32, 32)


def test_the_twins_have_one_price():
    residual, pure = (build() for build in TWINS.values())
    assert 0.97 < count_macs(pure, IMAGE) / count_macs(residual, IMAGE) < 1.03
    assert 0.97 < count_parameters(pure) / count_parameters(residual) < 1.03


def test_without_its_shortcut_a_network_has_the_same_layers():
    residual, plain = (SmallInception(k, 2) for k in ("residual", "no shortcut"))
    plain.load_state_dict(residual.state_dict())
    assert count_macs(residual, IMAGE) == count_macs(plain, IMAGE)
    x = torch.rand(2, *IMAGE)
    assert residual(x).shape == plain(x).shape == (2, 10)


@pytest.mark.parametrize("kind", ["residual", "no shortcut", "pure"])
def test_blocks_keep_the_shape(kind):
    x = torch.rand(2, 36, 8, 8)
    assert block(kind, 36, 0.2)(x).shape == x.shape


def test_only_the_shortcut_carries_the_input():
    x = torch.rand(2, 36, 8, 8)
    residual, plain = (block(kind, 36, 0.2) for kind in ("residual", "no shortcut"))
    for one in (residual, plain):
        nn.init.zeros_(one.mix.weight)
        nn.init.zeros_(one.mix.bias)
    assert torch.equal(residual(x), x)
    assert plain(x).abs().max() == 0


def test_wide_networks():
    network = WideInception(40, 0.3)
    scales = [m.scale for m in network.modules() if isinstance(m, ScaledResidual)]
    assert scales == [0.3] * 5
    assert network(torch.rand(2, *IMAGE)).shape == (2, 10)
    assert last_maps(network, torch.rand(2, *IMAGE)).shape == (2, 40, 2, 2)
    normed = WideInception(40, 1.0, norm_on_sum=True)
    assert isinstance(normed.blocks[-2], nn.BatchNorm2d)
    assert isinstance(normed.blocks[-3].activation, nn.Identity)
    assert last_maps(normed, torch.rand(2, *IMAGE)).min() == 0


def test_dead_channels_are_zero_everywhere():
    maps = torch.zeros(3, 4, 2, 2)
    maps[2, 1, 0, 1] = 0.5
    maps[:, 3] = 1
    assert dead_channels(maps) == 0.5


def test_all_is_measured_and_alike():
    twins = EXPERIMENTS["inceptionv4-twins"].variants.values()
    assert len({str(variant.recipe) for variant in twins}) == 1
    for setting in SETTINGS:
        assert tuple(row["seed"] for row in find(*setting)) == SEEDS
    assert len(SETTINGS) == len(set(SETTINGS))
