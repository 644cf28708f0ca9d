"""Network in Network: 1x1 convolutions are dense layers, the output an average."""

import torch
from model_helpers import layer_shapes
from torch import nn

from edulib.models.classification.nin import MLPConv, nin_cifar, nin_imagenet


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
