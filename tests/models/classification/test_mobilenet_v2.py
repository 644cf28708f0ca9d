"""MobileNet v2: equal to torchvision's, as in table 2, thin where it says so."""

import math

import pytest
import torch
import torchvision
from model_helpers import (
    assert_equal_outputs,
    assert_equal_training,
    copy_in_order,
    layer_shapes,
)
from torch import nn
from torch.nn import functional as F

from edulib.models.classification.mobilenet_v2 import (
    InvertedResidual,
    MobileNetV2,
    mobilenet_v2,
)


def both(width: float = 1.0) -> tuple[nn.Module, nn.Module]:
    """Build our network and torchvision's, without what differs by chance."""
    torch.manual_seed(0)
    reference = torchvision.models.mobilenet_v2(num_classes=11, width_mult=width)
    pair = MobileNetV2(width, num_classes=11), reference
    for module in (module for network in pair for module in network.modules()):
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return pair


@pytest.mark.parametrize("size", [64, 75])  # stride 2 meets even and odd sides
def test_equals_torchvision(size):
    assert_equal_outputs(*both(), size)


def test_equals_torchvision_in_training():
    ours, theirs = (network.double().train() for network in both())
    copy_in_order(theirs, ours)
    assert_equal_training(ours, theirs)


@pytest.mark.parametrize("width", [0.35, 0.5, 0.75, 1.3, 1.4])
def test_is_as_wide_as_torchvisions(width):
    with torch.device("meta"):
        ours, theirs = both(width)
    shapes = [[p.shape for p in network.parameters()] for network in (ours, theirs)]
    assert shapes[0] == shapes[1]
    assert ours.head[-1].in_features == (1280 if width < 1 else round(1280 * width))


def test_stages_are_those_of_table_2():
    with torch.device("meta"):
        network = mobilenet_v2()
        shapes = layer_shapes(network, 224)
    assert shapes == {
        "stem": (32, 112, 112),
        "stage1": (16, 112, 112),
        "stage2": (24, 56, 56),
        "stage3": (32, 28, 28),
        "stage4": (64, 14, 14),
        "stage5": (96, 14, 14),
        "stage6": (160, 7, 7),
        "stage7": (320, 7, 7),
        "head": (1000,),
    }
    blocks = [m for m in network.modules() if isinstance(m, InvertedResidual)]
    assert len(blocks) == 17  # the text says 19
    assert sum(block.has_shortcut for block in blocks) == 10


def test_a_block_is_the_chain_of_its_parts():
    torch.manual_seed(0)
    block = InvertedResidual(8, 8, stride=1, expansion=6)
    x = 3 * torch.randn(4, 8, 6, 6)
    wide = block.depthwise(block.expand(x))
    assert wide.shape == (4, 48, 6, 6)
    assert (wide.min(), wide.max()) == (0, wide.clamp(0, 6).max())
    weight = block.project[0].weight[:, :, 0, 0]
    thin = torch.einsum("nc,bchw->bnhw", weight, wide)
    mean, var = thin.mean((0, 2, 3)), thin.var((0, 2, 3), unbiased=False)
    normed = (thin - mean.view(8, 1, 1)) / (var.view(8, 1, 1) + 1e-5).sqrt()
    assert normed.min() < 0  # no activation cuts it
    torch.testing.assert_close(block(x), x + normed, rtol=1e-4, atol=1e-5)


def test_activations_stop_at_six():
    block = InvertedResidual(2, 2, 1, expansion=2)
    for norm in (block.expand[1], block.depthwise[1]):
        nn.init.constant_(norm.bias, 10)
    images = torch.randn(2, 2, 5, 5)
    assert block.expand(images).max() == 6
    assert block.depthwise(block.expand(images)).max() == 6


def test_a_block_has_a_shortcut_where_shapes_agree():
    x = torch.randn(2, 8, 6, 6)
    for out_channels, stride, shortcut in ((8, 1, True), (8, 2, False), (16, 1, False)):
        block = InvertedResidual(8, out_channels, stride, expansion=2).eval()
        nn.init.zeros_(block.project[1].weight)
        y = block(x)
        assert torch.equal(y, x) if shortcut else not y.any()


@pytest.mark.parametrize("width", [0, -1.0, math.nan])
def test_a_width_above_0_is_asked_for(width):
    with pytest.raises(ValueError, match=f"expected width.*got {width}"):
        MobileNetV2(width)


def test_learns_one_batch():
    torch.manual_seed(0)
    network = MobileNetV2(0.1, num_classes=4)
    images, labels = torch.randn(8, 3, 32, 32), torch.arange(8) % 4
    optimizer = torch.optim.Adam(network.parameters(), lr=0.003)
    losses = []
    for _ in range(20):
        loss = F.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
