"""Blocks taken out of a network: which, how, and what is stored of it."""

import pytest
import torch

from edulib.chapters.resnet.deletion import NETWORKS, load_deletions, removable, without
from edulib.experiments import get_experiment
from edulib.models.classification.resnet import (
    plain20,
    resnet20_cifar,
    zero_init_residual,
)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return resnet20_cifar(in_channels=1, width=4).eval()


def test_blocks_that_keep_the_shape_can_be_removed(network):
    images = torch.rand(2, 1, 8, 8)
    names = removable(network)
    assert len(names) == 7
    for name in names:
        assert without(network, [name])(images).shape == (2, 10)
    with pytest.raises(RuntimeError):
        without(network, ["stage2.0"])(images)


def test_the_others_go_on_with_what_the_missing_block_received(network):
    images = torch.rand(2, 1, 8, 8)
    stem, first, *rest = network.stem, *network.stage1
    x = first(stem(images))
    for block in (rest[1], *network.stage2, *network.stage3):
        x = block(x)
    with torch.no_grad():
        damaged = without(network, ["stage1.1"])(images)
    torch.testing.assert_close(damaged, network.head(x))


def test_a_residual_block_that_gives_nothing_is_not_missed(network):
    images = torch.rand(2, 1, 8, 8)
    whole = network(images)
    assert not torch.equal(without(network, ["stage3.1"])(images), whole)
    zero_init_residual(network)
    whole = network(images)
    assert torch.equal(without(network, removable(network))(images), whole)


def test_both_networks_are_stored_with_each_seed_and_each_block():
    stored, seeds = load_deletions(), get_experiment("resnet-degradation").seeds
    assert tuple(stored) == NETWORKS
    for runs in stored.values():
        assert tuple(run["seed"] for run in runs) == seeds
        for run in runs:
            assert list(run["without"]) == removable(plain20())
            assert all(0 <= error <= 100 for error in run["without"].values())
            assert run["whole"] < 5  # trained
