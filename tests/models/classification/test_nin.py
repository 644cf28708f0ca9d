"""Network in Network: 1x1 convolutions are dense layers, the output an average."""

import pytest
import torch
from model_helpers import copy_in_order, layer_shapes
from torch import nn

from edulib.models.classification.nin import MLPConv, nin_cifar, nin_imagenet
from edulib.registry import get_reference


def with_padded_pools() -> tuple[nn.Module, nn.Module]:
    """Ours and pytorchcv's, equal weights, in float64, ours with pytorchcv's pools.

    Its windows start one pixel further to the left and above, on padding; ours are
    those of the authors' Caffe configuration, the last one reaching over the edge.
    """
    reference, ours = get_reference("nin_cifar")().double(), nin_cifar().double()
    copy_in_order(reference, ours)
    ours.stages.stage1[1] = nn.MaxPool2d(3, stride=2, padding=1)
    ours.stages.stage2[1] = nn.AvgPool2d(3, stride=2, padding=1)
    return ours, reference


@pytest.mark.parametrize("training", [False, True])
def test_equals_pytorchcv(training):
    torch.manual_seed(0)
    ours, reference = (net.train(training) for net in with_padded_pools())
    images = torch.randn(2, 3, 32, 32, dtype=torch.double, requires_grad=True)
    found = []
    for network in (ours, reference):
        torch.manual_seed(1)  # the same values are dropped
        logits = network(images)
        (gradient,) = torch.autograd.grad(logits.square().sum(), images)
        found.append((logits, gradient))
    torch.testing.assert_close(*(logits for logits, _ in found), rtol=0, atol=1e-12)
    torch.testing.assert_close(*(slope for _, slope in found), rtol=0, atol=1e-12)
    assert found[0][1].abs().max() > 1e-6


def test_pooling_windows_start_at_the_edge_and_the_last_reaches_over_it():
    pool_1, pool_2 = nin_cifar().stages.stage1[1], nin_cifar().stages.stage2[1]
    x = torch.arange(36.0).view(1, 1, 6, 6)
    rows = [(0, 3), (2, 5), (4, 6)]
    for pool, reduce in ((pool_1, torch.amax), (pool_2, torch.mean)):
        expected = [
            [reduce(x[0, 0, a:b, c:d], dim=(0, 1)).item() for c, d in rows]
            for a, b in rows
        ]
        torch.testing.assert_close(pool(x)[0, 0], torch.tensor(expected))


def test_stages_have_the_authors_shapes():
    with torch.device("meta"):
        assert layer_shapes(nin_cifar().stages, 32) == {
            "stage1": (96, 16, 16),
            "stage2": (192, 8, 8),
            "stage3": (10, 8, 8),
        }
        assert layer_shapes(nin_imagenet().stages, 227) == {
            "stage1": (96, 27, 27),
            "stage2": (256, 13, 13),
            "stage3": (384, 6, 6),
            "stage4": (1000, 6, 6),
        }


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
