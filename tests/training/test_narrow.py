"""Narrow copies of networks."""

import pytest
import torch
from torch import nn

from edulib.anatomy import count_parameters
from edulib.registry import get_builder
from edulib.training.narrow import narrow, narrow_model


@pytest.mark.parametrize("name", ["alexnet", "nin_imagenet", "vgg11_bn", "googlenet"])
def test_narrow_networks_keep_their_layers_and_run(name):
    model = narrow_model(name, 8)
    with torch.device("meta"):
        wide = get_builder(name)(num_classes=10)
    assert [type(m) for m in model.modules()] == [type(m) for m in wide.modules()]
    assert 40 < count_parameters(wide) / count_parameters(model) < 70
    assert model.eval()(torch.rand(2, 3, 72, 72)).shape == (2, 10)


def test_zfnet_gets_its_images_enlarged():
    assert narrow_model("zfnet", 8).eval()(torch.rand(1, 3, 72, 72)).shape == (1, 10)


def test_weights_start_from_he():
    layer = narrow(nn.Sequential(nn.Conv2d(64, 800, 3)), 8)[0]
    assert layer.weight.std().item() == pytest.approx((2 / 72) ** 0.5, rel=0.05)
    assert not layer.bias.any()


def test_width_that_cannot_be_divided_is_said():
    with pytest.raises(ValueError, match="expected widths that 8 divides, got 20"):
        narrow(nn.Sequential(nn.Conv2d(3, 20, 3)), 8)
