"""Layers whose gates are shut, what gates do, and what is stored of both."""

import pytest
import torch
from torch import nn

from edulib.chapters.highway.lesions import (
    BEHIND,
    class_means,
    gate_activity,
    load_lesions,
    without_layers,
)
from edulib.chapters.highway.networks import GeneralHighway
from edulib.experiments import get_experiment
from edulib.models.classification.highway import Highway, highway_dense


@pytest.fixture
def network():
    torch.manual_seed(0)
    return highway_dense(depth=5, width=6, gate_bias=-1.0).eval()


@pytest.fixture
def images():
    torch.manual_seed(1)
    return torch.rand(8, 1, 28, 28)


def shut(layer):
    nn.init.zeros_(layer.gate.weight)
    nn.init.constant_(layer.gate.bias, -200.0)


def test_a_lesion_is_a_layer_whose_gates_are_zero(network, images):
    lesioned = without_layers(network, [1, 3])
    assert not torch.equal(lesioned(images), network(images))
    shut(network.layers[1])
    shut(network.layers[3])
    torch.testing.assert_close(lesioned(images), network(images), rtol=0, atol=0)


def test_the_activity_is_that_of_the_gates_on_the_way(network, images):
    seen = []
    for layer in network.layers:
        layer.gate.register_forward_hook(lambda _, __, z: seen.append(z.sigmoid()))
    with torch.no_grad():
        network(images)
    wanted = torch.stack(seen)
    assert wanted.shape == (4, 8, 6)
    torch.testing.assert_close(gate_activity(network, images), wanted)


def test_means_are_taken_over_the_images_of_each_class():
    gates = torch.arange(12.0).reshape(1, 4, 3)
    means = class_means(gates, torch.tensor([1, 0, 1, 0]))
    assert means.tolist() == [[[6, 7, 8]], [[3, 4, 5]]]


def test_lesions_are_stored_with_each_seed_and_each_layer():
    runs, experiment = load_lesions(), get_experiment("highway-depth")
    assert tuple(run["seed"] for run in runs) == experiment.seeds
    assert (BEHIND[0] + 1, BEHIND[-1] + 1) == (15, 45)  # layers count from 1
    for run in runs:
        assert {len(run[k]) for k in ("without", "opening", "apart", "bias")} == {49}
        assert all(0 <= error <= 100 for error in run["without"])
        assert run["whole"] < 1  # trained


def test_the_general_layer_holds_the_tied_one_and_the_residual_one():
    torch.manual_seed(0)
    general, x = GeneralHighway(5), torch.randn(3, 5)
    tied = Highway(general.transform[0], general.gate[0])
    with torch.no_grad():
        general.carry[0].weight.copy_(-general.gate[0].weight)
        general.carry[0].bias.copy_(-general.gate[0].bias)
        torch.testing.assert_close(general(x), tied(x))
        for gate in (general.gate[0], general.carry[0]):
            nn.init.zeros_(gate.weight)
            nn.init.constant_(gate.bias, 99.0)
        torch.testing.assert_close(general(x), x + general.transform(x))
