"""Narrow forms of VGG have the configurations that they name."""

import torch
from torch import nn

from edulib.anatomy import count_parameters, receptive_field
from edulib.chapters.vgg import networks


def test_small_networks_have_the_configurations_they_name():
    depths = {
        networks.vgg_small: [1, 1, 2, 2, 2],
        networks.vgg_small_pairs: [2, 2, 2, 2, 2],
        networks.vgg_small_5x5: [1, 1, 1, 1, 1],
    }
    for build, expected in depths.items():
        network = build(num_classes=4)
        stages = [getattr(network, f"stage{k}") for k in range(1, 6)]
        kernels = [
            [layer.kernel_size for layer in stage if isinstance(layer, nn.Conv2d)]
            for stage in stages
        ]
        assert [len(stage) for stage in kernels] == expected
        side = 5 if build is networks.vgg_small_5x5 else 3
        assert {size for stage in kernels for size in stage} == {(side, side)}
        assert network(torch.rand(2, 3, 64, 64)).shape == (2, 4)


def test_one_5x5_sees_what_a_pair_sees():
    pairs, large = networks.vgg_small_pairs(), networks.vgg_small_5x5()
    for build in (pairs, large):
        assert receptive_field(build.stage1, (3, 64, 64)).size == (6, 6)
    assert count_parameters(large) > count_parameters(pairs)
