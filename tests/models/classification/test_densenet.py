"""DenseNet: equal to torchvision's, as tabulated in the paper, each layer reads all."""

import pytest
import torch
import torchvision
from model_helpers import assert_equal_outputs, copy_in_order, layer_shapes
from torch import nn

from edulib.models.classification import densenet
from edulib.models.classification.densenet import (
    CifarDenseNet,
    DenseBlock,
    DenseBottleneck,
    DenseLayer,
)


@pytest.mark.parametrize("name", ["densenet121", "densenet161", "densenet201"])
def test_equals_torchvision(name):
    torch.manual_seed(0)
    reference = getattr(torchvision.models, name)(num_classes=11)
    assert_equal_outputs(getattr(densenet, name)(num_classes=11), reference, 64)


def test_equals_torchvision_in_training():
    torch.manual_seed(0)
    reference = torchvision.models.densenet121(num_classes=11).double().train()
    ours = densenet.densenet121(num_classes=11).double().train()
    copy_in_order(reference, ours)
    images = torch.randn(2, 3, 64, 64, dtype=torch.double)
    expected, logits = reference(images), ours(images)
    torch.testing.assert_close(logits, expected, rtol=1e-9, atol=1e-9)
    expected.square().mean().backward()
    logits.square().mean().backward()
    pairs = zip(reference.parameters(), ours.parameters(), strict=True)
    for theirs, own in pairs:
        torch.testing.assert_close(own.grad, theirs.grad, rtol=1e-6, atol=1e-9)


def test_blocks_are_those_of_table_1():
    with torch.device("meta"):
        shapes = layer_shapes(densenet.densenet121(), 224)
    assert shapes == {
        "stem": (64, 56, 56),
        "block1": (256, 56, 56),
        "transition1": (128, 28, 28),
        "block2": (512, 28, 28),
        "transition2": (256, 14, 14),
        "block3": (1024, 14, 14),
        "transition3": (512, 7, 7),
        "block4": (1024, 7, 7),
        "head": (1000,),
    }


@pytest.mark.parametrize(
    ("layer", "depth", "growth", "theta", "millions"),
    [
        (DenseLayer, 12, 12, 1.0, 1.0),
        (DenseLayer, 32, 12, 1.0, 7.0),
        (DenseLayer, 32, 24, 1.0, 27.2),
        (DenseBottleneck, 16, 12, 0.5, 0.8),
        (DenseBottleneck, 41, 24, 0.5, 15.3),
        (DenseBottleneck, 31, 40, 0.5, 25.6),
    ],
)
def test_small_networks_have_the_sizes_of_table_2(
    layer, depth, growth, theta, millions
):
    with torch.device("meta"):
        network = CifarDenseNet(layer, depth, growth, theta)
    size = sum(p.numel() for p in network.parameters())
    assert round(size / 1e6, 1) == millions


@pytest.mark.parametrize(
    ("build", "depth"),
    [(densenet.densenet40_cifar, 40), (densenet.densenet100_bc_cifar, 100)],
)
def test_depth_counts_convolutions_and_the_last_layer(build, depth):
    with torch.device("meta"):
        network = build()
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == depth


@pytest.mark.parametrize("layer", [DenseLayer, DenseBottleneck])
def test_each_layer_reads_all_before_it_and_none_behind(layer):
    torch.manual_seed(0)
    block = DenseBlock(layer, depth=3, in_channels=4, growth=2).double().eval()
    x = torch.randn(1, 4, 6, 6, dtype=torch.double)
    seen = [x]
    for each in block.layers:
        seen.append(each(torch.cat(seen, dim=1)))
    torch.testing.assert_close(block(x), torch.cat(seen, dim=1), rtol=0, atol=0)
    assert block(x).shape == (1, 4 + 3 * 2, 6, 6)
