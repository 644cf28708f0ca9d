"""AlexNet: the towers of 2012 and the tower of 2014."""

import torch
import torchvision
from model_helpers import assert_equal_outputs, layer_shapes
from torch import nn

from edulib.models.classification.alexnet import (
    alexnet,
    alexnet_one_tower,
    response_norm,
)


def test_one_tower_equals_torchvisions():
    torch.manual_seed(0)
    reference = torchvision.models.alexnet(num_classes=11)
    assert_equal_outputs(alexnet_one_tower(num_classes=11), reference, 67)


def test_layers_have_the_shapes_of_section_3_5():
    with torch.device("meta"):
        shapes = layer_shapes(alexnet(), 227)
    convolutions = {name: shapes[name] for name in shapes if name.startswith("conv")}
    assert convolutions == {
        "conv1": (96, 55, 55),
        "conv2": (256, 27, 27),
        "conv3": (384, 13, 13),
        "conv4": (384, 13, 13),
        "conv5": (256, 13, 13),
    }


def test_response_norm_is_the_formula_of_section_3_3():
    maps = torch.randn(2, 7, 3, 3, dtype=torch.double)
    expected = torch.empty_like(maps)
    for i in range(7):
        near = maps[:, max(0, i - 2) : min(6, i + 2) + 1]
        scale = 2 + 1e-4 * near.square().sum(1)
        expected[:, i] = maps[:, i] / scale**0.75
    torch.testing.assert_close(response_norm()(maps), expected)


def test_the_towers_of_layers_2_4_and_5_do_not_see_each_other():
    torch.manual_seed(0)
    network = alexnet()
    for layer, crosses in (("conv2", False), ("conv3", True), ("conv5", False)):
        convolution = getattr(network, layer)
        x = torch.randn(1, convolution.in_channels, 5, 5, requires_grad=True)
        first_tower = convolution(x)[:, : convolution.out_channels // 2]
        (gradient,) = torch.autograd.grad(first_tower.sum(), x)
        second_tower = gradient[:, convolution.in_channels // 2 :]
        assert bool(second_tower.any()) == crosses


def test_starts_as_section_5_says():
    torch.manual_seed(0)
    network = alexnet()
    ones = {"conv2", "conv4", "conv5", "head.1", "head.4"}
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            assert abs(layer.weight.std().item() - 0.01) < 5e-4
            assert layer.bias.eq(1 if name in ones else 0).all(), name


def test_dropout_switches_off_units_of_the_first_two_dense_layers():
    kinds = [type(layer).__name__ for layer in alexnet(7).head]
    dense = ["Linear", "ReLU", "Dropout"]
    assert kinds == ["Flatten", *dense, *dense, "Linear"]
