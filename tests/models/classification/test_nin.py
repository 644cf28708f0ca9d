"""Network in Network: 1x1 convolutions are dense layers, the output an average."""

import torch
from model_helpers import layer_shapes
from torch import nn

from edulib.models.classification.nin import (
    MLPConv,
    nin_cifar,
    nin_imagenet,
    nin_small,
    nin_small_dense,
)


def test_stages_have_the_authors_shapes():
    with torch.device("meta"):
        assert layer_shapes(nin_cifar().stages, 32) == {
            "0": (96, 32, 32),
            "1": (96, 16, 16),
            "2": (96, 16, 16),
            "3": (192, 16, 16),
            "4": (192, 8, 8),
            "5": (192, 8, 8),
            "6": (10, 8, 8),
        }
        last = list(layer_shapes(nin_imagenet().stages, 227).values())[-1]
    assert last == (1000, 6, 6)


def test_a_1x1_convolution_is_one_dense_layer_at_every_pixel():
    torch.manual_seed(0)
    layer = MLPConv(3, (4, 5, 6), kernel_size=3)
    x = torch.randn(1, 3, 5, 5)
    output = layer(x)
    for row in range(3):
        for column in range(3):
            window = x[0, :, row : row + 3, column : column + 3].flatten()
            hidden = window
            for convolution in (layer[0], layer[2], layer[4]):
                matrix = convolution.weight.flatten(1)
                hidden = nn.functional.relu(matrix @ hidden + convolution.bias)
            torch.testing.assert_close(output[0, :, row, column], hidden)


def test_logits_are_the_averages_of_the_class_maps():
    torch.manual_seed(0)
    network = nin_cifar().eval()
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        maps, logits = network.class_maps(images), network(images)
    assert maps.shape == (2, 10, 8, 8)
    torch.testing.assert_close(maps.mean((2, 3)), logits)


def test_a_dense_layer_can_do_what_the_average_does():
    torch.manual_seed(0)
    averaged, dense = nin_small().eval(), nin_small_dense(image_size=32).eval()
    dense.stages.load_state_dict(averaged.stages.state_dict())
    layer = dense.average[1]
    layer.weight.data = torch.block_diag(*[torch.full((1, 64), 1 / 64)] * 10)
    layer.bias.data.zero_()
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(dense(images), averaged(images))


def test_the_small_network_takes_any_size_and_starts_with_living_maps():
    torch.manual_seed(0)
    network = nin_small(num_classes=4, in_channels=1).eval()
    for side in (16, 40):
        with torch.no_grad():
            maps = network.class_maps(torch.rand(8, 1, side, side))
        assert maps.shape == (8, 4, side // 4, side // 4)
        assert (maps.amax((0, 2, 3)) > 0).all()
