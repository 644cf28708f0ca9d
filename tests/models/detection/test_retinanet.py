"""RetinaNet: equal to torchvision's, in what it predicts, learns and detects."""

from collections import OrderedDict

import pytest
import torch
import torchvision
from model_helpers import copy_in_order
from rcnn_helpers import (
    CHANNELS,
    KINDS,
    WIDTH,
    make_targets,
    prepare,
)
from torch import nn
from torchvision.models.detection import RetinaNet as TorchvisionRetinaNet
from torchvision.models.detection import retinanet as theirs
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

from edulib.models.blocks.stages import Stages
from edulib.models.classification.resnet import resnet18
from edulib.models.detection.faster_rcnn import Anchors, Backbone
from edulib.models.detection.fpn import STAGES, FeaturePyramid
from edulib.models.detection.retinanet import (
    RATIOS,
    SIZES,
    RetinaHead,
    RetinaNet,
    further_levels,
    retinanet_resnet50_fpn,
)
from edulib.models.losses.focal import focal_loss
from edulib.models.ops.iou import pairwise_iou
from edulib.models.ops.matching import match
from edulib.models.tiny import detection as tiny


def small_reference() -> nn.Module:
    """Return torchvision's network on ResNet-18 with a narrow pyramid and head."""
    layers = {f"layer{k + 1}": str(k) for k in (1, 2, 3)}
    body = torchvision.models.resnet18()
    further = LastLevelP6P7(WIDTH, WIDTH)
    parts = (body, layers, list(CHANNELS[1:]), WIDTH, further)
    network = TorchvisionRetinaNet(BackboneWithFPN(*parts), KINDS, topk_candidates=60)
    for layer in (network.head.classification_head, network.head.regression_head):
        for convolution in layer.modules():
            if isinstance(convolution, nn.Conv2d):
                nn.init.normal_(convolution.weight, std=0.08)
    nn.init.constant_(network.head.classification_head.cls_logits.bias, -2)
    return prepare(network)


def small_network() -> nn.Module:
    """Return ours of the same kind, with batch normalisation that learns."""
    body = Stages(resnet18(), STAGES[1:])
    pyramid = FeaturePyramid(CHANNELS[1:], WIDTH, further_levels(WIDTH))
    backbone = Backbone(nn.Sequential(OrderedDict(body=body, pyramid=pyramid)))
    anchors = Anchors(SIZES, RATIOS)
    return RetinaNet(backbone, anchors, RetinaHead(KINDS, WIDTH)).double()


@pytest.fixture
def pair():
    torch.manual_seed(0)
    reference, ours = small_reference(), small_network()
    copy_in_order(reference, ours)
    return reference, ours


@torch.no_grad()
def test_detections_are_torchvisions(pair):
    reference, ours = (network.eval() for network in pair)
    images = torch.randn(2, 3, 90, 128, dtype=torch.double)
    expected = reference(list(images))
    assert all(len(one["boxes"]) > 20 for one in expected)
    found = ours.detect(images, candidates=60)
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one["labels"], other["labels"])
        for key in ("boxes", "scores"):
            torch.testing.assert_close(one[key], other[key], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("size", [(128, 128), (100, 140)])
def test_losses_and_gradients_are_torchvisions(pair, size):
    reference, ours = (network.train() for network in pair)
    images = torch.randn(3, 3, *size, dtype=torch.double)
    targets = make_targets(*size)
    expected = reference(list(images), targets)
    losses = ours.losses(images, targets)
    names = {"classification": "class", "bbox_regression": "box"}
    for key, value in expected.items():
        torch.testing.assert_close(losses[names[key]], value, rtol=1e-6, atol=1e-9)
    sum(expected.values()).backward()
    sum(losses.values()).backward()
    parameters = zip(ours.named_parameters(), reference.parameters(), strict=True)
    for (name, parameter), other in parameters:
        assert parameter.grad.abs().max() > 0, name
        torch.testing.assert_close(parameter.grad, other.grad, rtol=1e-5, atol=1e-9)


def test_anchors_and_layers_of_the_full_network_are_torchvisions():
    with torch.device("meta"):
        ours = retinanet_resnet50_fpn()
        reference = theirs.retinanet_resnet50_fpn(
            weights=None, weights_backbone=None, trainable_backbone_layers=5
        )
        found = ours(torch.empty(1, 3, 800, 800))
    assert SIZES == reference.anchor_generator.sizes
    assert (RATIOS,) * 5 == reference.anchor_generator.aspect_ratios
    shapes = [tuple(p.shape) for p in reference.parameters() if p.ndim == 4]
    assert [tuple(p.shape) for p in ours.parameters() if p.ndim == 4] == shapes
    counts = [one.shape[1] for one in found.logits]
    assert counts == [9 * n * n for n in (100, 50, 25, 13, 7)]


def test_batch_normalisation_that_learns_has_53120_parameters_more():
    with torch.device("meta"):
        network = retinanet_resnet50_fpn()
    norms = [m for m in network.modules() if type(m).__name__ == "FrozenBatchNorm2d"]
    count = sum(p.numel() for p in network.parameters())
    assert count + sum(2 * len(m.weight) for m in norms) == 34_068_119


def test_every_anchor_begins_with_a_hundredth():
    torch.manual_seed(0)
    head = RetinaHead(4, 8)
    logits, offsets = head(torch.randn(2, 8, 6, 5))
    assert logits.shape == (2, 6 * 5 * 9, 4)
    assert offsets.shape == (2, 6 * 5 * 9, 4)
    probability = logits.sigmoid()
    torch.testing.assert_close(probability, torch.full_like(probability, 0.01))


@pytest.mark.parametrize(("alpha", "gamma"), [(None, 0.0), (0.5, 1.0)])
def test_the_loss_takes_alpha_and_gamma(pair, alpha, gamma):
    network = pair[1].eval()
    network.alpha, network.gamma = alpha, gamma
    images = torch.randn(1, 3, 64, 96, dtype=torch.double)
    (target,) = make_targets(64, 96)[:1]
    with torch.no_grad():
        logits, _, anchors = (torch.cat(list(one), -2) for one in network(images))
        found = network.losses(images, [target])["class"]
    matches = match(pairwise_iou(target["boxes"], anchors), 0.5, 0.4, force_best=True)
    total = 0
    for anchor, matched in enumerate(matches.tolist()):
        if matched == -2:
            continue
        wanted = torch.zeros(KINDS, dtype=torch.double)
        if matched >= 0:
            wanted[target["labels"][matched]] = 1
        total = total + focal_loss(logits[0, anchor], wanted, alpha, gamma).sum()
    torch.testing.assert_close(found, total / (matches >= 0).sum())


def test_learns_one_batch():
    torch.manual_seed(0)
    network = tiny.retinanet_resnet50_fpn(KINDS)
    images = torch.randn(2, 3, 64, 64)
    targets = [
        {"boxes": one["boxes"].float(), "labels": one["labels"]}
        for one in make_targets(64, 64)[:2]
    ]
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    losses = []
    for _ in range(40):
        loss = sum(network.losses(images, targets).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
