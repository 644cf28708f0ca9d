"""What parity in evaluation mode cannot see: dropout, momentum, the start of weights.

And what no reference holds: pools and response normalisation of the papers' own forms.
"""

from math import sqrt

import pytest
import torch
from torch import nn

from edulib.models.classification.googlenet import googlenet_auxiliary
from edulib.registry import get_builder, get_model_info, list_models

LRN = (5, 5e-4, 0.75, 2)  # torch divides alpha by the size; the papers do not
CAFFE_LRN = (5, 1e-4, 0.75, 1)
DROPOUT = {  # rates in the order of the paper; where there is none, []
    "alexnet": [0.5, 0.5],
    "zfnet": [0.5],  # one layer, after both dense layers
    "nin_cifar": [0.5, 0.5],
    "nin_imagenet": [0.5],
    "vgg": [0.5, 0.5],
    "googlenet": [0.4],
    "googlenet_bn": [0.2],
    "efficientnet_b": [0.2, 0.2, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5],
    "efficientnet_lite": [0.2, 0.2, 0.3, 0.3, 0.3],
}
RESPONSE_NORM = {
    "alexnet": [LRN, LRN],
    "zfnet": [LRN, LRN],
    "googlenet": [CAFFE_LRN, CAFFE_LRN],
}
MAX, AVERAGE = nn.MaxPool2d, nn.AvgPool2d
OVERLAPPING = (MAX, 3, 2, 0, False)
POOLS = {  # type, kernel, stride, padding, ceil_mode; each layer in its order
    "nin_cifar": [(MAX, 3, 2, 0, True), (AVERAGE, 3, 2, 0, True)],
    "nin_imagenet": [OVERLAPPING] * 3,
    "alexnet": [OVERLAPPING],  # one layer, used three times
    "zfnet": [(MAX, 3, 2, 0, True)] * 3,
    "resnet50": [(MAX, 3, 2, 1, False)],
}


def built(name: str) -> nn.Module:
    with torch.device("meta"):
        return get_builder(name)()


def layers(model: nn.Module, *types: type) -> list[nn.Module]:
    return [module for module in model.modules() if isinstance(module, types)]


def expected_dropout(name: str) -> list[float]:
    for family in ("efficientnet_b", "efficientnet_lite"):
        if name.startswith(family):
            return [DROPOUT[family][int(name.removeprefix(family))]]
    if name.startswith("vgg"):
        return DROPOUT["vgg"]
    return DROPOUT.get(name.removesuffix("_one_tower"), [])


@pytest.mark.parametrize("name", list_models())
def test_dropout_has_the_rates_of_the_paper(name):
    found = [layer.p for layer in layers(built(name), nn.Dropout)]
    assert found == expected_dropout(name)


def test_the_side_classifiers_drop_seven_tenths():
    with torch.device("meta"):
        model = googlenet_auxiliary()
    assert sorted(x.p for x in layers(model, nn.Dropout)) == [0.4, 0.7, 0.7]


@pytest.mark.parametrize("name", list_models())
def test_response_normalisation_has_the_constants_of_the_paper(name):
    found = [
        (layer.size, layer.alpha, layer.beta, layer.k)
        for layer in layers(built(name), nn.LocalResponseNorm)
    ]
    assert found == RESPONSE_NORM.get(name, [])


@pytest.mark.parametrize("name", POOLS)
def test_pools_are_those_of_the_paper(name):
    found = layers(built(name), nn.MaxPool2d, nn.AvgPool2d)
    keys = ("kernel_size", "stride", "padding", "ceil_mode")
    rows = [(type(p), *(getattr(p, key) for key in keys)) for p in found]
    assert rows == POOLS[name]


@pytest.mark.parametrize("name", list_models())
def test_batch_norm_moves_its_averages_as_the_reference_does(name):
    momenta = {layer.momentum for layer in layers(built(name), nn.BatchNorm2d)}
    wanted = 0.01 if name.startswith("efficientnet") else 0.1
    assert momenta <= {wanted}
    assert bool(momenta) == ("bn" in get_model_info(name).name) or name.startswith(
        ("resnet", "plain", "efficientnet")
    )


@pytest.mark.parametrize("name", ["vgg11", "vgg11_bn"])
def test_vgg_starts_as_wide_as_what_it_sends_on(name):
    """He's rule by outputs: on the first layer it differs from the one by inputs."""
    torch.manual_seed(0)
    model = get_builder(name)(num_classes=10)
    for layer in layers(model, nn.Conv2d):
        wanted = sqrt(2 / (layer.out_channels * 9))
        assert layer.weight.std().item() == pytest.approx(wanted, rel=0.1)
        assert not layer.bias.any()
    for layer in layers(model, nn.Linear):
        assert layer.weight.std().item() == pytest.approx(0.01, rel=0.05)
