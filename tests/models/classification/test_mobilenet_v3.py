"""MobileNet v3: equal to torchvision's, as in tables 1 and 2, its parts by hand."""

import pytest
import torch
import torchvision
from model_helpers import (
    assert_equal_outputs,
    assert_equal_training,
    copy_in_order,
    layer_shapes,
    randomize_statistics,
)
from torch import nn
from torch.nn import functional as F

from edulib.models.blocks.mobile import SqueezeExcitation, scale_channels
from edulib.models.classification import mobilenet_v3
from edulib.models.classification.mobilenet_v3 import (
    LARGE,
    SMALL,
    InvertedResidualV3,
    MobileNetV3,
    Row,
    mobilenet_v3_large,
    mobilenet_v3_small,
)

NAMES = ["mobilenet_v3_large", "mobilenet_v3_small"]


def both(name: str) -> tuple[nn.Module, nn.Module]:
    """Build our network and torchvision's, without what differs by chance."""
    torch.manual_seed(0)
    reference = torchvision.models.get_model(name, num_classes=11)
    pair = getattr(mobilenet_v3, name)(num_classes=11), reference
    for module in (module for network in pair for module in network.modules()):
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return pair


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [64, 75])  # stride 2 meets even and odd sides
def test_equals_torchvision(name, size):
    assert_equal_outputs(*both(name), size)


@pytest.mark.parametrize("name", NAMES)
def test_equals_torchvision_in_training(name):
    ours, theirs = (network.double().train() for network in both(name))
    copy_in_order(theirs, ours)
    assert_equal_training(ours, theirs)


@pytest.mark.parametrize(
    ("build", "shapes", "squeezes", "hard", "shortcuts"),
    [
        (
            mobilenet_v3_large,
            [(24, 56, 56), (40, 28, 28), (112, 14, 14), (160, 7, 7)],
            8,
            2 * 9 + 3,
            10,
        ),
        (
            mobilenet_v3_small,
            [(16, 56, 56), (24, 28, 28), (48, 14, 14), (96, 7, 7)],
            9,
            2 * 8 + 3,
            6,
        ),
    ],
)
def test_stages_are_those_of_the_tables(build, shapes, squeezes, hard, shortcuts):
    with torch.device("meta"):
        network = build()
        found = list(layer_shapes(network, 224).values())
    assert found == [(16, 112, 112), *shapes, (1000,)]
    modules = list(network.modules())
    assert sum(isinstance(m, SqueezeExcitation) for m in modules) == squeezes
    assert sum(isinstance(m, nn.Hardswish) for m in modules) == hard
    blocks = [m for m in modules if isinstance(m, InvertedResidualV3)]
    assert sum(block.has_shortcut for block in blocks) == shortcuts


def test_the_hard_functions_are_those_of_section_5_2():
    x = torch.linspace(-5, 5, 101, dtype=torch.double)
    gate = F.relu6(x + 3) / 6
    torch.testing.assert_close(nn.Hardsigmoid()(x), gate)
    torch.testing.assert_close(nn.Hardswish()(x), x * gate)


def test_a_block_is_the_chain_of_its_parts():
    torch.manual_seed(0)
    row = Row(5, 64, 8, squeeze=True, activation=nn.Hardswish, stride=1)
    block = InvertedResidualV3(8, row).eval()
    randomize_statistics(block)
    x = torch.randn(2, 8, 6, 6)
    wide = block.depthwise(block.expand(x))
    assert wide.shape == (2, 64, 6, 6)
    _, reduce, _, restore, _ = block.squeeze.weigh
    assert reduce.weight.shape == (16, 64, 1, 1)  # a quarter of 64, not of 8
    mean = wide.mean(dim=(2, 3))
    hidden = F.relu(F.linear(mean, reduce.weight[:, :, 0, 0], reduce.bias))
    gate = F.linear(hidden, restore.weight[:, :, 0, 0], restore.bias)
    gate = F.relu6(gate + 3) / 6
    conv, norm = block.project  # and no activation
    expected = x + norm(conv(wide * gate[:, :, None, None]))
    torch.testing.assert_close(block(x), expected)


def test_the_squeezed_width_is_a_quarter_rounded_to_eights():
    widths = sorted({row.wide for rows in (*LARGE, *SMALL) for row in rows})
    assert scale_channels(72, 0.25) == 24  # 16 would be more than a tenth less
    for wide in widths:
        assert scale_channels(wide, 0.25) % 8 == 0
        assert scale_channels(wide, 0.25) >= 0.9 * wide / 4


def test_the_last_wide_layer_stands_behind_the_mean_without_a_norm():
    with torch.device("meta"):
        head = mobilenet_v3_large().head
    kinds = [type(part) for part in head]
    assert kinds == [
        *[nn.Sequential, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Linear],
        *[nn.Hardswish, nn.Dropout, nn.Linear],
    ]
    assert head[3].bias is not None


@pytest.mark.parametrize("name", NAMES)
def test_every_normalisation_has_the_authors_constants(name):
    with torch.device("meta"):
        network = getattr(mobilenet_v3, name)()
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.01)}


def test_learns_one_batch():
    torch.manual_seed(0)
    stages = [[Row(3, 32, 16, True, nn.Hardswish, 2)]] * 4
    network = MobileNetV3(stages, 32, num_classes=4)
    images, labels = torch.randn(8, 3, 32, 32), torch.arange(8) % 4
    optimizer = torch.optim.Adam(network.parameters(), lr=0.003)
    losses = []
    for _ in range(30):
        loss = F.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
