"""ResNet: equal to torchvision's, as tabulated in the paper, and residual indeed."""

import pytest
import torch
import torchvision
from model_helpers import copy_in_order, layer_shapes
from torch import nn

from edulib.models.classification import resnet
from edulib.models.classification.resnet import (
    BasicBlock,
    BasicBlockA,
    Bottleneck,
    CifarResNet,
    PlainBlock,
    ResNet,
    ZeroPadding,
    zero_init_residual,
)

IMAGENET = ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]
RESIDUAL = [BasicBlock, Bottleneck, BasicBlockA]


@pytest.mark.parametrize("name", IMAGENET)
@pytest.mark.parametrize("training", [True, False])
def test_equals_torchvision(name, training):
    torch.manual_seed(0)
    reference = getattr(torchvision.models, name)(num_classes=11).double()
    ours = getattr(resnet, name)(num_classes=11).double()
    copy_in_order(reference, ours)
    images = torch.randn(2, 3, 64, 64, dtype=torch.double)
    expected = reference.train(training)(images)
    logits = ours.train(training)(images)
    torch.testing.assert_close(logits, expected, rtol=1e-9, atol=1e-9)
    if training:
        expected.square().mean().backward()
        logits.square().mean().backward()
        pairs = zip(reference.parameters(), ours.parameters(), strict=True)
        for theirs, own in pairs:
            torch.testing.assert_close(own.grad, theirs.grad, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", IMAGENET)
def test_stages_are_those_of_table_1(name):
    wide = 1 if name in ("resnet18", "resnet34") else 4
    with torch.device("meta"):
        shapes = layer_shapes(getattr(resnet, name)(), 224)
    assert shapes == {
        "stem": (64, 56, 56),
        "stage1": (64 * wide, 56, 56),
        "stage2": (128 * wide, 28, 28),
        "stage3": (256 * wide, 14, 14),
        "stage4": (512 * wide, 7, 7),
        "head": (1000,),
    }


@pytest.mark.parametrize("depth", [20, 32, 44, 56, 110])
@pytest.mark.parametrize("form", ["resnet{}_cifar", "plain{}"])
def test_small_networks_are_those_of_section_4_2(depth, form):
    with torch.device("meta"):
        network = getattr(resnet, form.format(depth))()
        shapes = layer_shapes(network, 32)
    assert shapes == {
        "stem": (16, 32, 32),
        "stage1": (16, 32, 32),
        "stage2": (32, 16, 16),
        "stage3": (64, 8, 8),
        "head": (10,),
    }
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == depth


@pytest.mark.parametrize("depth", [20, 32, 44, 56, 110])
def test_a_plain_network_has_the_parameters_of_its_residual_twin(depth):
    with torch.device("meta"):
        plain = getattr(resnet, f"plain{depth}")(width=8)
        residual = getattr(resnet, f"resnet{depth}_cifar")(width=8)
    assert [p.shape for p in plain.parameters()] == [
        p.shape for p in residual.parameters()
    ]


@pytest.mark.parametrize("block", RESIDUAL)
def test_a_zeroed_residual_branch_is_the_identity(block):
    layer = block(16, 16)
    zero_init_residual(layer)
    x = torch.randn(2, 16, 9, 9).relu()
    assert torch.equal(layer(x), x)


def test_a_plain_block_has_no_way_around():
    layer = PlainBlock(16, 16)
    nn.init.zeros_(layer.layers[-1].weight)
    assert torch.equal(layer(torch.rand(2, 16, 9, 9)), torch.zeros(2, 16, 9, 9))


@pytest.mark.parametrize("block", [*RESIDUAL, PlainBlock])
@pytest.mark.parametrize("size", [7, 8])
def test_stride_two_halves_and_rounds_up(block, size):
    assert block(16, 32, stride=2)(torch.randn(2, 16, size, size)).shape == (
        2,
        32,
        4,
        4,
    )


def test_a_block_is_the_equation_of_the_paper():
    torch.manual_seed(0)
    block = BasicBlock(8, 16, stride=2)
    x = torch.randn(2, 8, 6, 6)
    w1, bn1, _, w2, bn2 = block.residual
    project, bn0 = block.shortcut
    branch = bn2(w2(bn1(w1(x)).clamp(min=0)))
    expected = (bn0(project(x)) + branch).clamp(min=0)
    torch.testing.assert_close(block(x), expected)


def test_a_block_without_a_projection_is_the_equation():
    torch.manual_seed(0)
    block = BasicBlockA(8, 8)
    x = torch.randn(2, 8, 6, 6)
    w1, bn1, _, w2, bn2 = block.residual
    expected = (x + bn2(w2(bn1(w1(x)).clamp(min=0)))).clamp(min=0)
    torch.testing.assert_close(block(x), expected)


def test_a_plain_block_is_the_equation_without_its_sum():
    torch.manual_seed(0)
    block = PlainBlock(8, 16, stride=2)
    x = torch.randn(2, 8, 6, 6)
    w1, bn1, _, w2, bn2 = block.layers
    expected = bn2(w2(bn1(w1(x)).clamp(min=0))).clamp(min=0)
    torch.testing.assert_close(block(x), expected)


def test_zero_padding_keeps_every_second_pixel():
    x = torch.arange(32.0).reshape(1, 2, 4, 4)
    y = ZeroPadding(2, 5, stride=2)(x)
    assert y[0, :2].tolist() == [[[0, 2], [8, 10]], [[16, 18], [24, 26]]]
    assert torch.equal(y[0, 2:], torch.zeros(3, 2, 2))


def test_the_bottleneck_strides_in_its_3x3():
    strides = [m.stride[0] for m in Bottleneck(64, 128, stride=2).residual[::3]]
    assert strides == [1, 2, 1]


def test_zero_init_residual_keeps_the_count_of_parameters():
    network = resnet.resnet20_cifar(width=4)
    before = sum(p.numel() for p in network.parameters())
    zero_init_residual(network)
    assert sum(p.numel() for p in network.parameters()) == before
    network.eval()
    x = torch.rand(2, 3, 8, 8)
    stage = network.stage1
    features = network.stem(x)
    assert torch.equal(stage(features), features)


@pytest.mark.parametrize("family", ["imagenet", "cifar"])
def test_learns_one_batch(family):
    torch.manual_seed(0)
    network = {
        "imagenet": ResNet(BasicBlock, (1, 1, 1, 1), (8, 8, 16, 16), num_classes=4),
        "cifar": CifarResNet(BasicBlockA, depth=1, num_classes=4, width=8),
    }[family]
    images, labels = torch.randn(8, 3, 32, 32), torch.arange(8) % 4
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for _ in range(20):
        loss = nn.functional.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.parametrize("network", [resnet.resnet18, resnet.resnet20_cifar])
def test_torch_fx_and_export_draw_its_graph(network):
    model = network(num_classes=3).eval()
    images = torch.randn(2, 3, 32, 32)
    expected = model(images)
    torch.testing.assert_close(torch.fx.symbolic_trace(model)(images), expected)
    exported = torch.export.export(model, (images,)).module()
    torch.testing.assert_close(exported(images), expected)


def test_parts_can_be_combined_freely():
    tiny = ResNet(BasicBlock, (1, 1, 1, 1), (8, 8, 16, 16), num_classes=2)
    assert tiny(torch.randn(2, 3, 64, 64)).shape == (2, 2)
    odd = CifarResNet(BasicBlockA, depth=1, num_classes=3, in_channels=1, width=5)
    assert odd(torch.randn(2, 1, 9, 12)).shape == (2, 3)
