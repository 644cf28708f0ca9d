"""A narrow Network in Network, its plain twin, and either end."""

import pytest
import torch
from torch import nn

from edulib.anatomy import count_parameters
from edulib.chapters.nin.networks import (
    nin_small,
    nin_small_dense,
    plain_small,
    plain_small_dense,
)


@pytest.mark.parametrize(
    ("build", "build_dense"),
    [(nin_small, nin_small_dense), (plain_small, plain_small_dense)],
)
def test_a_dense_layer_can_do_what_the_average_does(build, build_dense):
    torch.manual_seed(0)
    averaged, dense = build().eval(), build_dense(image_size=32, dropout=0.5).eval()
    dense.stages.load_state_dict(averaged.stages.state_dict())
    layer = dense.average[2]
    layer.weight.data = torch.block_diag(*[torch.full((1, 64), 1 / 64)] * 10)
    layer.bias.data.zero_()
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(dense(images), averaged(images))


def test_dropout_stands_before_the_dense_layer():
    for dropout in (0.0, 0.5):
        end = list(nin_small_dense(dropout=dropout).average)
        assert [type(layer) for layer in end] == [nn.Flatten, nn.Dropout, nn.Linear]
        assert end[1].p == dropout


def test_plain_layers_have_as_many_parameters_and_look_as_far():
    counts = [count_parameters(build()) for build in (nin_small, plain_small)]
    assert 0.98 < counts[1] / counts[0] < 1
    kernels = [
        [m.kernel_size for m in build().modules() if isinstance(m, nn.Conv2d)]
        for build in (nin_small, plain_small)
    ]
    assert [size for size in kernels[0] if size != (1, 1)] == kernels[1]


@pytest.mark.parametrize("build", [nin_small, plain_small])
def test_it_takes_any_size_and_starts_with_living_maps(build):
    torch.manual_seed(0)
    network = build(num_classes=4, in_channels=1).eval()
    for side in (16, 40):
        with torch.no_grad():
            maps = network.class_maps(torch.rand(8, 1, side, side))
        assert maps.shape == (8, 4, side // 4, side // 4)
        assert (maps.amax((0, 2, 3)) > 0).all()
