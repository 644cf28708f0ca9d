"""Highway layers: equations, gradient by hand, gates at their ends."""

import pytest
import torch
from torch import nn

from edulib.models.classification.highway import (
    Highway,
    Plain,
    highway_conv,
    highway_dense,
    plain_dense,
)


@pytest.fixture
def layer():
    torch.manual_seed(0)
    return Highway(nn.Linear(6, 6), nn.Linear(6, 6), gate_bias=-1.0).double()


@pytest.fixture
def x():
    return torch.randn(3, 6, dtype=torch.double, requires_grad=True)


def test_output_is_equation_3(layer, x):
    h = torch.relu(x @ layer.transform.weight.T + layer.transform.bias)
    t = 1 / (1 + torch.exp(-(x @ layer.gate.weight.T + layer.gate.bias)))
    torch.testing.assert_close(layer(x), h * t + x * (1 - t))


def test_gradient_is_the_one_by_hand(layer, x):
    """dy/dx = T H' + 1 - T + (H - x) T (1 - T) W_T, times what comes from behind."""
    behind = torch.randn(3, 6, dtype=torch.double)
    (found,) = torch.autograd.grad(layer(x), x, behind)
    with torch.no_grad():
        before = layer.transform(x)
        t = torch.sigmoid(layer.gate(x))
        through_h = (behind * t * (before > 0)) @ layer.transform.weight
        through_t = behind * (before.relu() - x) * t * (1 - t)
        by_hand = through_h + behind * (1 - t) + through_t @ layer.gate.weight
    torch.testing.assert_close(found, by_hand)


@pytest.mark.parametrize(("bias", "carries"), [(-800.0, True), (800.0, False)])
def test_a_gate_is_shut_or_open(layer, x, bias, carries):
    """Equation 4: T = 0 gives the input, T = 1 the transform."""
    nn.init.zeros_(layer.gate.weight)
    nn.init.constant_(layer.gate.bias, bias)
    expected = x if carries else torch.relu(layer.transform(x))
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=0)


def test_only_the_gates_bias_starts_apart():
    for gate_bias in (-1.0, -4.0):
        layers = highway_dense(gate_bias=gate_bias).layers
        assert all((layer.gate.bias == gate_bias).all() for layer in layers)
        assert not any((layer.transform.bias == gate_bias).any() for layer in layers)


@pytest.mark.parametrize("depth", [10, 20, 50, 100])
def test_both_kinds_have_about_five_thousand_weights_a_layer(depth):
    highway, plain = highway_dense(depth=depth), plain_dense(depth=depth)
    assert len(highway.layers) == len(plain.layers) == depth - 1
    weights = [
        sum(p.numel() for p in n.layers[0].parameters()) for n in (highway, plain)
    ]
    assert weights == [5100, 5112]


def test_a_plain_layer_is_the_transform_alone(x):
    layer = Plain(nn.Linear(6, 6)).double()
    torch.testing.assert_close(layer(x), torch.relu(layer.transform(x)))


def test_the_convolutional_one_has_nineteen_layers_and_the_papers_size():
    network = highway_conv()
    convolutions = [
        key
        for key, module in network.named_modules()
        if isinstance(module, nn.Conv2d) and not key.endswith("gate")
    ]
    assert len(convolutions) == 19
    size = sum(p.numel() for p in network.parameters())
    assert round(size / 1e6, 1) == 2.3


def test_images_of_another_size_are_refused():
    with pytest.raises(ValueError, match="H, W >= 28"):
        highway_dense()(torch.zeros(1, 1, 27, 27))
    with pytest.raises(ValueError, match="H, W <= 28"):
        highway_dense()(torch.zeros(1, 1, 29, 29))
