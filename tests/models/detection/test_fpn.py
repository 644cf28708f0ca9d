"""The feature pyramid: equal to torchvision's, on any maps."""

from collections import OrderedDict

import pytest
import torch
from model_helpers import copy_in_order
from torch import nn
from torchvision.ops import FeaturePyramidNetwork, FrozenBatchNorm2d
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from edulib.models.blocks.frozen_norm import freeze_batch_norm
from edulib.models.blocks.stages import Stages
from edulib.models.classification.resnet import BasicBlock, ResNet
from edulib.models.detection.fpn import (
    STAGES,
    FeaturePyramid,
    Subsample,
    resnet50_fpn,
)


@pytest.mark.parametrize("sizes", [(40, 20, 10), (27, 14, 7)])
@pytest.mark.parametrize("further", [True, False])
def test_equals_torchvision(sizes, further):
    torch.manual_seed(0)
    extra = LastLevelMaxPool() if further else None
    reference = FeaturePyramidNetwork([4, 6, 8], 5, extra)
    ours = FeaturePyramid([4, 6, 8], 5, [Subsample()] if further else [])
    copy_in_order(reference, ours)
    shapes = zip((4, 6, 8), sizes, strict=True)
    maps = [torch.randn(2, c, size, size + 1).requires_grad_() for c, size in shapes]
    expected = reference(OrderedDict(zip("012", maps, strict=True))).values()
    pyramid = ours(maps)
    gradients = []
    for levels in (pyramid, list(expected)):
        loss = sum(level.square().sum() for level in levels)
        gradients.append(torch.autograd.grad(loss, maps))
    torch.testing.assert_close(pyramid, list(expected))
    torch.testing.assert_close(*gradients)


def test_levels_of_resnet50_have_the_strides_of_the_paper():
    with torch.device("meta"):
        maps = resnet50_fpn()(torch.empty(1, 3, 800, 800))
    assert [tuple(level.shape[1:]) for level in maps] == [
        (256, side, side) for side in (200, 100, 50, 25, 13)
    ]


def test_a_coarse_map_reaches_every_finer_level_and_no_coarser_one():
    torch.manual_seed(0)
    pyramid = FeaturePyramid([2, 2, 2], 3)
    maps = [torch.randn(1, 2, size, size) for size in (16, 8, 4)]
    before = pyramid(maps)
    maps[1] = maps[1] + 1
    pairs = zip(before, pyramid(maps), strict=True)
    changed = [not torch.equal(*pair) for pair in pairs]
    assert changed == [True, True, False]


def test_starts_from_the_stated_deviation():
    torch.manual_seed(0)
    pyramid = FeaturePyramid([256], 256)
    for layer, inputs in ((pyramid.laterals[0], 256), (pyramid.outputs[0], 9 * 256)):
        assert layer.weight.std().item() == pytest.approx(inputs**-0.5, rel=0.02)
        assert layer.bias.abs().max() == 0


def test_names_a_missing_map():
    with pytest.raises(ValueError, match="expected 2 maps, got 1"):
        FeaturePyramid([2, 2], 3)([torch.zeros(1, 2, 8, 8)])


def test_stages_are_those_of_the_classifier():
    torch.manual_seed(0)
    network = ResNet(BasicBlock, (1, 1, 1, 1), (4, 5, 6, 7), num_classes=2).eval()
    backbone = Stages(network, STAGES)
    images = torch.randn(2, 3, 64, 64)
    maps = backbone(images)
    assert [tuple(one.shape[1:]) for one in maps] == [
        (4, 16, 16),
        (5, 8, 8),
        (6, 4, 4),
        (7, 2, 2),
    ]
    assert backbone.stage3 is network.stage3
    torch.testing.assert_close(network.head(maps[-1]), network(images))
    parts = dict(Stages(network, ["stage2"]).named_children())
    assert list(parts) == ["stem", "stage1", "stage2"]


@pytest.mark.parametrize("names", [["layer1"], ["stage2", "stage1"], []])
def test_names_a_stage_that_is_not_there(names):
    with pytest.raises(ValueError, match=r"of stem, stage1.*got \["):
        Stages(ResNet(BasicBlock, (1, 1, 1, 1), (4, 5, 6, 7)), names)


def test_a_frozen_norm_is_the_norm_in_evaluation_and_torchvisions():
    torch.manual_seed(0)
    layer = nn.BatchNorm2d(4, eps=0.1)
    for value in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
        nn.init.uniform_(value, 0.5, 2)
    network = freeze_batch_norm(nn.Sequential(nn.Conv2d(3, 4, 1), layer)).train()
    x = torch.randn(2, 4, 5, 6)
    torch.testing.assert_close(network[1](x), layer.eval()(x))
    reference = FrozenBatchNorm2d(4, eps=0.1)
    reference.load_state_dict(network[1].state_dict())
    torch.testing.assert_close(network[1](x), reference(x))
    assert [name for name, _ in network.named_parameters()] == ["0.weight", "0.bias"]
