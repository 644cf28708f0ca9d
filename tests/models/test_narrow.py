"""Narrow copies: an even fraction of every width, and nothing else changed."""

import pytest
from torch import nn

from edulib.models.classification.efficientnet import SameConv2d
from edulib.models.narrow import narrow


def test_channels_of_the_images_and_classes_stay():
    layers = nn.Sequential(
        nn.Conv2d(5, 16, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(16, eps=1e-3),
        nn.Conv2d(16, 32, 3, groups=2),
        nn.Linear(32, 7),
    )
    first, norm, second, last = narrow(layers, 8, num_classes=7, in_channels=5)
    assert (first.in_channels, first.out_channels, first.bias) == (5, 2, None)
    assert (first.stride, first.padding) == ((2, 2), (1, 1))
    assert (norm.num_features, norm.eps) == (2, 1e-3)
    assert (second.in_channels, second.out_channels, second.groups) == (2, 4, 2)
    assert (last.in_features, last.out_features) == (4, 7)


def test_a_convolution_that_pads_by_itself_still_does():
    layer = narrow(nn.Sequential(SameConv2d(16, 16, 3, 2)), 8)[0]
    assert isinstance(layer, SameConv2d)
    assert (layer.in_channels, layer.out_channels) == (2, 2)


def test_weights_start_from_he():
    layer = narrow(nn.Sequential(nn.Conv2d(64, 800, 3)), 8)[0]
    assert layer.weight.std().item() == pytest.approx((2 / 72) ** 0.5, rel=0.05)
    assert not layer.bias.any()


def test_width_that_cannot_be_divided_is_said():
    with pytest.raises(ValueError, match="expected widths that 8 divides, got 20"):
        narrow(nn.Sequential(nn.Conv2d(3, 20, 3)), 8)
