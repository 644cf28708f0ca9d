"""The twins of the chapter on Inception-v3: their windows, their price, their ReLUs."""

import pytest
import torch
from torch import nn

from edulib.anatomy import count_macs, receptive_field
from edulib.chapters.inceptionv3.networks import (
    KERNELS,
    WIDTHS,
    factorised_layer,
    three_layers,
    window5_narrow,
    window5_small,
)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("equal_cost", [False, True])
def test_each_layer_sees_five_by_five(kernels, equal_cost):
    layer = factorised_layer(18, 18, kernels, equal_cost)
    assert receptive_field(layer, (18, 16, 16)).size == (5, 5)
    assert layer(torch.rand(2, 18, 9, 7)).shape == (2, 18, 9, 7)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("width", WIDTHS)
def test_at_equal_cost_the_multiply_adds_are_equal(kernels, width):
    layer = factorised_layer(width, width, kernels, equal_cost=True)
    assert count_macs(layer, (width, 8, 8)) == 25 * width**2 * 64


@pytest.mark.parametrize(("kernels", "weights"), [("3x3, 3x3", 18), ("1x5, 5x1", 10)])
def test_at_equal_width_two_convolutions_are_cheaper(kernels, weights):
    layer = factorised_layer(18, 18, kernels)
    assert count_macs(layer, (18, 8, 8)) == weights * 18**2 * 64


def test_without_a_relu_between_nothing_else_is_missing():
    whole = window5_small("3x3, 3x3")
    linear = window5_small("3x3, 3x3", relu_between=False)
    kinds = [
        [type(m) for m in network.modules() if not list(m.children())]
        for network in (whole, linear)
    ]
    assert kinds[0].count(nn.ReLU) - kinds[1].count(nn.ReLU) == 4
    without = [[k for k in row if k is not nn.ReLU] for row in kinds]
    assert without[0] == without[1]
    assert linear(torch.rand(2, 3, 32, 32)).shape == (2, 10)


def test_unknown_kernels_are_refused():
    with pytest.raises(ValueError, match="4x4"):
        factorised_layer(18, 18, "4x4")


@pytest.mark.parametrize("kernels", KERNELS)
def test_the_narrow_network_costs_a_fifth(kernels):
    small, narrow = (
        count_macs(build(kernels, equal_cost=True), (3, 32, 32))
        for build in (window5_small, window5_narrow)
    )
    assert narrow / small == pytest.approx(0.2, abs=0.01)


def test_the_network_for_smoothing_classifies():
    assert three_layers(num_classes=7)(torch.rand(2, 3, 32, 32)).shape == (2, 7)
