"""Narrow copies of networks."""

import pytest
import torch
from torch import nn

from edulib.anatomy import count_parameters
from edulib.chapters.review1.narrow import narrow_model
from edulib.registry import get_builder


@pytest.mark.parametrize("name", ["alexnet", "nin_imagenet", "vgg11_bn", "googlenet"])
def test_narrow_networks_keep_their_layers_and_run(name):
    model = narrow_model(name, 8)[-1]
    with torch.device("meta"):
        wide = get_builder(name)(num_classes=10)
    assert [type(m) for m in model.modules()] == [type(m) for m in wide.modules()]
    assert 40 < count_parameters(wide) / count_parameters(model) < 70
    assert model.eval()(torch.rand(2, 3, 72, 72)).shape == (2, 10)


def test_zfnet_gets_its_images_enlarged():
    assert narrow_model("zfnet", 8).eval()(torch.rand(1, 3, 72, 72)).shape == (1, 10)


@pytest.mark.parametrize("name", ["alexnet", "googlenet", "nin_cifar", "vgg16_bn"])
def test_dropout_goes_unless_it_is_asked_for(name):
    def rates(dropout):
        layers = narrow_model(name, 8, dropout=dropout).modules()
        return [layer.p for layer in layers if isinstance(layer, nn.Dropout)]

    assert set(rates(dropout=False)) == {0.0}
    assert min(rates(dropout=True)) >= 0.4


@pytest.mark.parametrize("seed", range(3))
def test_class_maps_behind_a_relu_start_awake(seed):
    torch.manual_seed(seed)
    model = narrow_model("nin_imagenet", 8).eval()
    awake = model(torch.rand(4, 3, 72, 72)) > 0
    assert awake.float().mean() > 0.8


def test_class_maps_start_as_all_other_layers_if_they_are_not_lifted():
    torch.manual_seed(0)
    maps = narrow_model("nin_cifar", 8, lifted=False)[-1].stages[-1][4]
    assert maps.bias.abs().max() == 0
    assert maps.weight.std() > 0.1


def test_images_are_centred():
    images = torch.tensor([0.0, 0.5, 1.0])
    assert narrow_model("vgg11", 8)[0](images).tolist() == [-2, 0, 2]
