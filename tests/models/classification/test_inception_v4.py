"""Inception-v4 and Inception-ResNet: equal to timm's, and as drawn in the paper."""

import pytest
import timm
import torch
from model_helpers import assert_equal_outputs, copy_in_order, layer_shapes
from torch import nn

from edulib.models.classification import inception_v4 as models
from edulib.models.classification.inception_v4 import ScaledResidual

GRIDS = {
    "inception_v4": (384, 1024, 1536, 1536),
    "inception_resnet_v1": (256, 896, 1792, 1792),
    "inception_resnet_v2": (320, 1088, 2080, 1536),
    "inception_resnet_v2_paper": (384, 1152, 2144, 2144),
}
"""Channels on the grids of 35, 17 and 8 pixels, and in front of the head."""


@pytest.mark.parametrize("name", ["inception_v4", "inception_resnet_v2"])
def test_equals_timm(name):
    torch.manual_seed(0)
    reference = timm.create_model(name, num_classes=11)
    assert_equal_outputs(getattr(models, name)(num_classes=11), reference, 75)


@pytest.mark.parametrize("name", ["inception_v4", "inception_resnet_v2"])
def test_equals_timm_in_training(name):
    torch.manual_seed(0)
    reference = timm.create_model(name, num_classes=11).double().train()
    ours = getattr(models, name)(num_classes=11).double().train()
    copy_in_order(reference, ours)
    ours.head[1].p = 0.0
    images = torch.randn(2, 3, 107, 107, dtype=torch.double)
    expected, logits = reference(images), ours(images)
    torch.testing.assert_close(logits, expected, rtol=1e-9, atol=1e-9)
    for theirs, own in zip(reference.buffers(), ours.buffers(), strict=True):
        torch.testing.assert_close(own, theirs, rtol=1e-9, atol=1e-9)
    expected.square().mean().backward()
    logits.square().mean().backward()
    for theirs, own in zip(reference.parameters(), ours.parameters(), strict=True):
        torch.testing.assert_close(own.grad, theirs.grad, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", GRIDS)
def test_grids_are_those_of_the_figures(name):
    grid35, grid17, grid8, last = GRIDS[name]
    with torch.device("meta"):
        shapes = layer_shapes(getattr(models, name)(), 299)
    assert shapes == {
        "stem": (grid35, 35, 35),
        "grid35": (grid35, 35, 35),
        "reduction17": (grid17, 17, 17),
        "grid17": (grid17, 17, 17),
        "reduction8": (grid8, 8, 8),
        "grid8": (last, 8, 8),
        "head": (1000,),
    }


@pytest.mark.parametrize(
    ("name", "depths"),
    [
        ("inception_resnet_v1", (5, 10, 5)),
        ("inception_resnet_v2", (10, 20, 10)),
        ("inception_resnet_v2_paper", (5, 10, 5)),
    ],
)
def test_has_as_many_blocks_as_drawn_or_released(name, depths):
    with torch.device("meta"):
        network = getattr(models, name)()
    grids = (network.grid35, network.grid17, network.grid8)
    assert tuple(len(residuals(grid)) for grid in grids) == depths


def residuals(network):
    return [m for m in network.modules() if isinstance(m, ScaledResidual)]


def block(scale=0.3, activation=True):
    branches = nn.Conv2d(4, 2, 3, padding=1)
    return ScaledResidual(4, 2, branches, scale, activation).double()


@pytest.mark.parametrize("activation", [True, False])
def test_a_zeroed_mixture_is_the_identity_behind_its_activation(activation):
    torch.manual_seed(0)
    layer = block(activation=activation)
    nn.init.zeros_(layer.mix.weight)
    nn.init.zeros_(layer.mix.bias)
    x = torch.randn(2, 4, 5, 5, dtype=torch.double)
    assert torch.equal(layer(x), x.relu() if activation else x)


def test_a_scale_of_zero_is_the_identity_behind_its_activation():
    torch.manual_seed(0)
    x = torch.randn(2, 4, 5, 5, dtype=torch.double)
    assert torch.equal(block(scale=0.0)(x), x.relu())


def test_the_scale_is_that_of_the_correction():
    torch.manual_seed(0)
    layer = block(scale=1.0, activation=False)
    x = torch.randn(2, 4, 5, 5, dtype=torch.double)
    correction = layer(x) - x
    layer.scale = 0.3
    torch.testing.assert_close(layer(x), x + 0.3 * correction)


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("inception_resnet_v1", []),
        ("inception_resnet_v2", [(1.0, nn.Identity)]),
        ("inception_resnet_v2_paper", []),
    ],
)
def test_each_grid_has_its_scale(name, last):
    with torch.device("meta"):
        network = getattr(models, name)(scales=(0.3, 0.5, 0.7))
    grids = (network.grid35, network.grid17, network.grid8)
    found = [(b.scale, type(b.activation)) for grid in grids for b in residuals(grid)]
    counts = [len(residuals(grid)) for grid in grids]
    counts[2] -= len(last)
    expected = []
    for scale, count in zip((0.3, 0.5, 0.7), counts, strict=True):
        expected += [(scale, nn.ReLU)] * count
    assert found == expected + last


def test_scales_are_one_for_a_grid():
    with pytest.raises(ValueError, match=r"three scales.*got \(0.1, 0.2\)"):
        models.inception_resnet_v1(scales=(0.1, 0.2))
