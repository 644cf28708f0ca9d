"""Narrow forms of VGG have the configurations and the factors that they name."""

from math import sqrt

import pytest
import torch
from torch import nn

from edulib.anatomy import count_parameters, receptive_field
from edulib.chapters.vgg import networks
from edulib.chapters.vgg.data import centred_scenes
from edulib.models.classification import vgg

DEPTHS = {
    "A": [1, 1, 2, 2, 2],
    "B": [2, 2, 2, 2, 2],
    "D": [2, 2, 3, 3, 3],
    "E": [2, 2, 4, 4, 4],
}


def kernels(network):
    stages = [getattr(network, f"stage{k}") for k in range(1, 6)]
    return [
        [layer.kernel_size for layer in stage if isinstance(layer, nn.Conv2d)]
        for stage in stages
    ]


def weighted(network):
    kinds = (nn.Conv2d, nn.Linear)
    return [layer for layer in network.modules() if isinstance(layer, kinds)]


@pytest.mark.parametrize("share", [4, 8])
@pytest.mark.parametrize(("form", "depths"), DEPTHS.items())
def test_narrow_forms_are_the_paper_s_configurations(form, depths, share):
    network = networks.vgg_narrow(form, num_classes=4, share=share)
    found = kernels(network)
    assert [len(stage) for stage in found] == depths
    assert {size for stage in found for size in stage} == {(3, 3)}
    builder = {"A": vgg.vgg11, "B": vgg.vgg13, "D": vgg.vgg16, "E": vgg.vgg19}[form]
    with torch.device("meta"):
        full = builder()
    for narrow, wide in zip(weighted(network)[:-3], weighted(full)[:-3], strict=True):
        assert share * narrow.out_channels == wide.out_channels
    assert network(torch.rand(2, 3, 32, 32)).shape == (2, 4)


def test_small_networks_have_the_depths_that_are_asked_for():
    for depths in DEPTHS.values():
        network = networks.vgg_small(num_classes=4, depths=depths)
        assert [len(stage) for stage in kernels(network)] == depths
        assert network(torch.rand(2, 3, 64, 64)).shape == (2, 4)


def test_one_5x5_sees_what_a_pair_sees():
    pairs, large = networks.vgg_narrow("B"), networks.vgg_narrow_5x5()
    assert kernels(large) == [[(5, 5)]] * 5
    for build in (pairs, large):
        assert receptive_field(build.stage1, (3, 64, 64)).size == (6, 6)
    assert count_parameters(large) > count_parameters(pairs)


@pytest.mark.parametrize("share", [4, 8])
@pytest.mark.parametrize("start", [0.1, 0.01, "he", "glorot"])
def test_each_layer_multiplies_the_signal_as_the_paper_s_layer_does(start, share):
    torch.manual_seed(0)
    network = networks.vgg_narrow("D", start, share=share)
    with torch.device("meta"):
        full = vgg.vgg16()
    for narrow, wide in zip(weighted(network), weighted(full), strict=True):
        inputs = wide.weight[0].numel()
        outputs = wide.weight[:, 0].numel()
        std = {"he": sqrt(2 / inputs), "glorot": sqrt(2 / (inputs + outputs))}
        factor = narrow.weight.std().item() * sqrt(narrow.weight[0].numel() / 2)
        paper = std.get(start, start) * sqrt(inputs / 2)
        assert factor == pytest.approx(paper, rel=0.12)
        assert not narrow.bias.any()


def test_an_unknown_start_is_refused():
    with pytest.raises(ValueError, match="'he' or 'glorot', got 'xavier'"):
        networks.vgg_narrow("A", "xavier")


def test_centred_scenes_lose_the_mean_colour_of_the_training_set():
    (images, labels), (new, new_labels) = centred_scenes(255, train=40, val=10)
    assert images.shape == (40, 3, 32, 32)
    assert new.shape == (10, 3, 32, 32)
    assert len(labels) == 40
    assert len(new_labels) == 10
    torch.testing.assert_close(
        images.mean((0, 2, 3)), torch.zeros(3), atol=1e-3, rtol=0
    )
    assert new.mean((0, 2, 3)).abs().max() > 0.1  # its own mean is another
    spread = images.amax() - images.amin()
    assert 200 < spread <= 255 * 1.001
    unit = centred_scenes(1, train=40, val=10)[0][0]
    torch.testing.assert_close(255 * unit, images)
