"""VGG: equal to torchvision's in all eight forms, and as in table 1."""

import pytest
import torch
import torchvision
from model_helpers import assert_equal_outputs, layer_shapes
from torch import nn

from edulib.anatomy import count_parameters, receptive_field
from edulib.models.classification import vgg

NAMES = [f"vgg{depth}{form}" for depth in (11, 13, 16, 19) for form in ("", "_bn")]


@pytest.mark.parametrize("name", NAMES)
def test_equals_torchvision(name):
    torch.manual_seed(0)
    ours = getattr(vgg, name)(num_classes=11)
    reference = getattr(torchvision.models, name)(num_classes=11)
    for network in (ours, reference):  # a narrow head: the wide one costs gigabytes
        head = network.head if network is ours else network.classifier
        head[0], head[3] = nn.Linear(512 * 49, 16), nn.Linear(16, 16)
        head[6] = nn.Linear(16, 11)
    assert_equal_outputs(ours, reference, 32)


@pytest.mark.parametrize("name", ["vgg11", "vgg16_bn"])
def test_whole_head_equals_torchvision(name):
    with torch.device("meta"):
        ours = getattr(vgg, name)()
        reference = getattr(torchvision.models, name)()
    shapes = [value.shape for value in ours.state_dict().values()]
    assert shapes == [value.shape for value in reference.state_dict().values()]
    assert repr(ours.head) == repr(reference.classifier)


@pytest.mark.parametrize("name", NAMES)
def test_stages_are_those_of_table_1(name):
    with torch.device("meta"):
        network = getattr(vgg, name)()
        shapes = layer_shapes(network, 224)
    assert shapes == {
        "stage1": (64, 112, 112),
        "stage2": (128, 56, 56),
        "stage3": (256, 28, 28),
        "stage4": (512, 14, 14),
        "stage5": (512, 7, 7),
        "average": (512, 7, 7),
        "head": (1000,),
    }
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == int(name[3:5])


def test_small_networks_have_the_configurations_they_name():
    depths = {
        vgg.vgg_small: [1, 1, 2, 2, 2],
        vgg.vgg_small_pairs: [2, 2, 2, 2, 2],
        vgg.vgg_small_5x5: [1, 1, 1, 1, 1],
    }
    for build, expected in depths.items():
        network = build(num_classes=4)
        stages = [getattr(network, f"stage{k}") for k in range(1, 6)]
        kernels = [
            [layer.kernel_size for layer in stage if isinstance(layer, nn.Conv2d)]
            for stage in stages
        ]
        assert [len(stage) for stage in kernels] == expected
        side = 5 if build is vgg.vgg_small_5x5 else 3
        assert {size for stage in kernels for size in stage} == {(side, side)}
        assert network(torch.rand(2, 3, 64, 64)).shape == (2, 4)


def test_one_5x5_sees_what_a_pair_sees():
    pairs, large = vgg.vgg_small_pairs(), vgg.vgg_small_5x5()
    for build in (pairs, large):
        assert receptive_field(build.stage1, (3, 64, 64)).size == (6, 6)
    assert count_parameters(large) > count_parameters(pairs)
