"""ResNeXt: equal to torchvision's and timm's; branches are a grouped convolution."""

import pytest
import timm
import torch
import torchvision
from model_helpers import assert_equal_outputs, copy_in_order, layer_shapes

from edulib.models.classification import resnext
from edulib.models.classification.resnext import AggregatedBlock


@pytest.mark.parametrize("name", ["resnext50_32x4d", "resnext101_32x8d"])
def test_equals_torchvision(name):
    torch.manual_seed(0)
    reference = getattr(torchvision.models, name)(num_classes=11)
    assert_equal_outputs(getattr(resnext, name)(num_classes=11), reference, 64)


def test_equals_timm():
    torch.manual_seed(0)
    reference = timm.create_model("resnext101_32x4d", num_classes=11)
    assert_equal_outputs(resnext.resnext101_32x4d(num_classes=11), reference, 64)


def test_equals_torchvision_in_training():
    torch.manual_seed(0)
    reference = torchvision.models.resnext50_32x4d(num_classes=11).double().train()
    ours = resnext.resnext50_32x4d(num_classes=11).double().train()
    copy_in_order(reference, ours)
    images = torch.randn(2, 3, 64, 64, dtype=torch.double)
    expected, logits = reference(images), ours(images)
    torch.testing.assert_close(logits, expected, rtol=1e-9, atol=1e-9)
    expected.square().mean().backward()
    logits.square().mean().backward()
    pairs = zip(reference.parameters(), ours.parameters(), strict=True)
    for theirs, own in pairs:
        torch.testing.assert_close(own.grad, theirs.grad, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["resnext50_32x4d", "resnext101_64x4d"])
def test_stages_are_those_of_table_1(name):
    with torch.device("meta"):
        network = getattr(resnext, name)()
        inside = network.stage1[0].residual[0].out_channels
        shapes = layer_shapes(network, 224)
    assert inside == {"resnext50_32x4d": 128, "resnext101_64x4d": 256}[name]
    assert shapes == {
        "stem": (64, 56, 56),
        "stage1": (256, 56, 56),
        "stage2": (512, 28, 28),
        "stage3": (1024, 14, 14),
        "stage4": (2048, 7, 7),
        "head": (1000,),
    }


def test_the_groups_are_a_sum_over_branches():
    """Equation 3: the residual is the sum of what each branch alone gives."""
    torch.manual_seed(0)
    block = AggregatedBlock(8, 8, cardinality=4, branch_width=3).double().eval()
    first, norm1, relu, grouped, norm2, _, last, norm3 = block.residual
    x = torch.randn(2, 8, 5, 5, dtype=torch.double)
    total = torch.zeros_like(x)
    for branch in range(4):
        own = slice(3 * branch, 3 * branch + 3)
        y = torch.conv2d(x, first.weight[own])
        y = relu(y / (1 + norm1.eps) ** 0.5)
        y = torch.conv2d(y, grouped.weight[own], padding=1)
        y = relu(y / (1 + norm2.eps) ** 0.5)
        total += torch.conv2d(y, last.weight[:, own])
    expected = torch.relu(x + norm3(total))
    torch.testing.assert_close(block(x), expected)
