"""SqueezeNet: equal to torchvision's, as tabulated in the paper."""

import pytest
import torch
import torchvision
from model_helpers import assert_equal_outputs, layer_shapes
from torch import nn

from edulib.models.classification import squeezenet
from edulib.models.classification.squeezenet import Fire

NAMES = ["squeezenet1_0", "squeezenet1_1"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("image_size", [63, 64])
def test_equals_torchvision(name, image_size):
    torch.manual_seed(0)
    reference = getattr(torchvision.models, name)(num_classes=11)
    ours = getattr(squeezenet, name)(num_classes=11)
    assert_equal_outputs(ours, reference, image_size)


def test_stages_are_those_of_table_1():
    """The table's 111 x 111 after conv1 needs padding that its 55 x 55 does not."""
    with torch.device("meta"):
        shapes = layer_shapes(squeezenet.squeezenet1_0(), 227)
    assert shapes == {
        "stem": (96, 55, 55),
        "stage1": (256, 27, 27),
        "stage2": (512, 13, 13),
        "stage3": (512, 13, 13),
        "head": (1000,),
    }


@pytest.mark.parametrize("name", NAMES)
def test_as_the_paper_has_it_nothing_is_normalised_and_all_have_a_bias(name):
    with torch.device("meta"):
        network = getattr(squeezenet, name)()
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 26
    assert all(layer.bias is not None for layer in convolutions)
    assert not any("Norm" in type(m).__name__ for m in network.modules())


def test_a_fire_module_squeezes_then_expands():
    torch.manual_seed(0)
    fire = Fire(8, 2, 6)
    x = torch.randn(1, 8, 5, 5)
    thin = torch.relu(fire.squeeze(x))
    left, right = fire(x).split(3, dim=1)
    torch.testing.assert_close(left, torch.relu(fire.expand1x1(thin)))
    torch.testing.assert_close(right, torch.relu(fire.expand3x3(thin)))


def test_scores_are_never_negative():
    torch.manual_seed(0)
    assert squeezenet.squeezenet1_1()(torch.randn(4, 3, 64, 64)).min() >= 0
