"""VGG: equal to torchvision's in all eight forms, and as in table 1."""

import pytest
import torch
import torchvision
from model_helpers import assert_equal_outputs, layer_shapes
from torch import nn

from edulib.models.classification import vgg

NAMES = [f"vgg{depth}{form}" for depth in (11, 13, 16, 19) for form in ("", "_bn")]


@pytest.mark.parametrize("name", NAMES)
def test_equals_torchvision(name):
    torch.manual_seed(0)
    ours = getattr(vgg, name)(num_classes=11)
    reference = getattr(torchvision.models, name)(num_classes=11)
    for network in (ours, reference):  # a narrow head: the wide one costs gigabytes
        head = network.head if network is ours else network.classifier
        head[0], head[3] = nn.Linear(512 * 49, 16), nn.Linear(16, 16)
        head[6] = nn.Linear(16, 11)
    assert_equal_outputs(ours, reference, 32)


@pytest.mark.parametrize("name", ["vgg11", "vgg16_bn"])
def test_whole_head_equals_torchvision(name):
    with torch.device("meta"):
        ours = getattr(vgg, name)()
        reference = getattr(torchvision.models, name)()
    shapes = [value.shape for value in ours.state_dict().values()]
    assert shapes == [value.shape for value in reference.state_dict().values()]
    assert repr(ours.head) == repr(reference.classifier)


@pytest.mark.parametrize("name", NAMES)
def test_stages_are_those_of_table_1(name):
    with torch.device("meta"):
        network = getattr(vgg, name)()
        shapes = layer_shapes(network, 224)
    assert shapes == {
        "stage1": (64, 112, 112),
        "stage2": (128, 56, 56),
        "stage3": (256, 28, 28),
        "stage4": (512, 14, 14),
        "stage5": (512, 7, 7),
        "average": (512, 7, 7),
        "head": (1000,),
    }
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == int(name[3:5])
