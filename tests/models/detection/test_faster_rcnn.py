"""Faster R-CNN: equal to torchvision's, and the network of the paper."""

import pytest
import torch
from model_helpers import copy_in_order
from rcnn_helpers import (
    KINDS,
    assert_learns,
    assert_same_detections,
    assert_same_training,
    fewer,
    full_reference,
    make_targets,
    small_network,
    small_reference,
)
from torch import nn
from torchvision.ops import FrozenBatchNorm2d, MultiScaleRoIAlign

from edulib.models.blocks.frozen_norm import freeze_batch_norm
from edulib.models.detection.faster_rcnn import (
    Anchors,
    Features,
    Keep,
    RegionPooling,
    RoIAlign,
    RoIPool,
    Sampler,
    TwoClassScore,
    fasterrcnn_resnet50_fpn,
    fasterrcnn_vgg16,
)
from edulib.models.ops.iou import pairwise_iou
from edulib.models.tiny import detection as tiny


@pytest.fixture(scope="module")
def network():
    """A small detector whose untrained scores differ."""
    torch.manual_seed(0)
    reference = small_reference(nn.BatchNorm2d)
    ours = small_network()
    copy_in_order(reference, ours)
    return ours.eval()


@torch.no_grad()
def test_full_size_proposals_and_detections_are_torchvisions():
    torch.manual_seed(0)
    reference = full_reference().eval()
    ours = fewer(fasterrcnn_resnet50_fpn(KINDS)).eval()
    copy_in_order(reference, ours)
    images = torch.randn(1, 3, 70, 100, dtype=torch.double)
    proposals = []
    reference.rpn.register_forward_hook(lambda *call: proposals.extend(call[2][0]))
    expected = reference(list(images))
    assert len(expected[0]["boxes"]) == 20
    assert_same_detections(ours.detect(images, max_detections=20), expected)
    (found,) = ours.proposals(images)
    torch.testing.assert_close(found["boxes"], proposals[0], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("norm", "size"), [(nn.BatchNorm2d, (64, 64)), (FrozenBatchNorm2d, (50, 64))]
)
def test_losses_and_gradients_are_torchvisions(norm, size):
    torch.manual_seed(0)
    reference, ours = small_reference(norm), small_network()
    if norm is FrozenBatchNorm2d:
        freeze_batch_norm(ours)
    copy_in_order(reference, ours)
    images = torch.randn(3, 3, *size, dtype=torch.double)
    assert_same_training(ours, reference, images, make_targets(*size))


def test_batch_normalisation_that_learns_has_53120_parameters_more():
    with torch.device("meta"):
        frozen = fasterrcnn_resnet50_fpn()
    norms = [m for m in frozen.modules() if type(m).__name__ == "FrozenBatchNorm2d"]
    count = sum(p.numel() for p in frozen.parameters())
    assert count == 41_755_286
    assert count + sum(2 * len(m.weight) for m in norms) == 41_808_406


def test_the_parts_of_the_papers_network_have_the_papers_sizes():
    with torch.device("meta"):
        network = fasterrcnn_vgg16()
        parts = {
            "backbone": network.backbone,
            "rpn": network.rpn,
            "outputs": nn.ModuleList(
                [network.box_head.logits, network.box_head.offsets]
            ),
            "whole": network,
        }
        counts = {k: sum(p.numel() for p in v.parameters()) for k, v in parts.items()}
        maps, size = network.backbone(torch.empty(1, 3, 600, 1000))
        proposals, logits, offsets = network.eval()(torch.empty(1, 3, 600, 1000))
    assert counts == {
        "backbone": 14_714_688,
        "rpn": 2_387_510,
        "outputs": 430_185,
        "whole": 137_078_239,
    }
    rpn = network.rpn
    assert (rpn.keep, rpn.keep_training) == (Keep(6000, 300), Keep(12000, 2000))
    assert (rpn.sampler, rpn.nms_threshold, rpn.margin) == (Sampler(256, 0.5), 0.7, 0)
    assert [tuple(one.shape) for one in maps] == [(1, 512, 38, 63)]
    assert size == (608, 1008)
    assert len(proposals[0]) == 300
    assert logits.shape == (300, 21)
    assert offsets.shape == (300, 21, 4)


def test_one_logit_is_the_softmax_of_the_papers_two_scores():
    torch.manual_seed(0)
    layer, x = TwoClassScore(4, 3), torch.randn(2, 4, 5, 6)
    scores = layer.scores(x).unflatten(1, (2, 3))
    torch.testing.assert_close(layer(x).sigmoid(), scores.softmax(1)[:, 1])


def test_anchors_have_the_papers_areas_and_shapes():
    anchors = Anchors([(128, 256, 512)], (0.5, 1, 2))
    (found,) = anchors(Features([torch.empty(1, 1, 2, 3)], (32, 48)))
    assert found.shape == (2 * 3 * 9, 4)
    width, height = (found[:9, 2:] - found[:9, :2]).unbind(1)
    areas, shapes = (width * height).sqrt(), height / width
    expected = torch.tensor([128.0, 256, 512]).repeat(3)
    torch.testing.assert_close(areas, expected, rtol=0.01, atol=0)
    expected = torch.tensor([0.5, 1, 2]).repeat_interleave(3)
    torch.testing.assert_close(shapes, expected, rtol=0.02, atol=0)
    shift = found[9 * 4] - found[0]  # one row down, one column across
    assert shift.tolist() == [16, 16, 16, 16]


def test_anchors_that_cross_the_border_do_not_train(network):
    anchors = torch.tensor([[0.0, 0, 8, 8], [-1, 0, 8, 8], [4, 4, 11, 13]])
    boxes = torch.tensor([[0.0, 0, 8, 8]])
    rpn = network.rpn
    free = rpn.assign(anchors, boxes, (12, 12))
    assert free.tolist() == [0, 0, -1]
    rpn.margin, before = 0, rpn.margin
    assert rpn.assign(anchors, boxes, (12, 12)).tolist() == [0, -2, -2]
    rpn.margin = before


def test_without_an_anchor_that_may_train_the_loss_is_0(network):
    images = torch.randn(1, 3, 32, 32, dtype=torch.double)
    scored = network.rpn.score(network.backbone(images))
    network.rpn.margin, before = -100, network.rpn.margin
    losses = network.rpn.losses(scored, make_targets(32, 32)[:1], (32, 32))
    network.rpn.margin = before
    assert {key: value.item() for key, value in losses.items()} == {
        "objectness": 0,
        "proposal": 0,
    }


@pytest.mark.parametrize("objects", [3, 30])
def test_the_sampler_draws_objects_up_to_their_share(objects):
    torch.manual_seed(0)
    matches = torch.full((100,), -1)
    matches[:objects] = torch.arange(objects)
    matches[50:60] = -2
    found, background = Sampler(20, 0.25)(matches)
    assert len(found) == min(objects, 5)
    assert len(background) == 20 - len(found)
    assert (matches[found] >= 0).all()
    assert (matches[background] == -1).all()
    assert len({*found.tolist(), *background.tolist()}) == 20
    few = Sampler(200, 0.5)(matches)
    assert [len(one) for one in few] == [objects, 90 - objects]


@pytest.mark.parametrize("strides", [(4, 8, 16, 32), (8,), (8, 16)])
def test_regions_are_pooled_as_torchvision_does(strides):
    torch.manual_seed(0)
    maps = [torch.randn(2, 3, 256 // s, 384 // s) for s in (4, 8, 16, 32, 64)]
    corners = torch.rand(40, 2, 2).sort(dim=1).values * torch.tensor([384, 256])
    boxes = [corners[:25].flatten(1), corners[25:].flatten(1)]
    names = [str((4, 8, 16, 32, 64).index(stride)) for stride in strides]
    reference = MultiScaleRoIAlign(names, 7, 2)
    named = {str(k): one for k, one in enumerate(maps)}
    expected = reference(named, boxes, [(256, 384)] * 2)
    pooled = RegionPooling(RoIAlign(7), strides)(Features(maps, (256, 384)), boxes)
    torch.testing.assert_close(pooled, expected)


def test_pooling_can_be_exchanged_and_says_which_map_it_misses():
    features = Features([torch.arange(16.0).reshape(1, 1, 4, 4)], (32, 32))
    boxes = [torch.tensor([[0.0, 0, 31, 31]])]
    pooled = RegionPooling(RoIPool(2), [8])(features, boxes)
    assert pooled.tolist() == [[[[10, 11], [14, 15]]]]
    with pytest.raises(ValueError, match=r"a map of stride 16, got \[8\]"):
        RegionPooling(RoIPool(2), [16])(features, boxes)


def test_proposals_are_distinct_sorted_and_inside(network):
    images = torch.randn(2, 3, 70, 100, dtype=torch.double)
    for found in network.proposals(images):
        boxes, scores = found["boxes"], found["scores"]
        assert (scores.diff() <= 0).all()
        assert boxes.min() >= 0
        assert (boxes.max(dim=0).values <= torch.tensor([100, 70, 100, 70])).all()
        assert (boxes[:, 2:] > boxes[:, :2]).all()
    network.rpn.keep, before = Keep(100, 7), network.rpn.keep
    (fewer_found, _) = network.proposals(images)
    network.rpn.keep = before
    first = network.proposals(images)[0]["boxes"][:7]
    torch.testing.assert_close(fewer_found["boxes"], first)


def test_detections_of_a_kind_are_distinct_and_above_the_threshold(network):
    images = torch.randn(1, 3, 64, 96, dtype=torch.double)
    (found,) = network.detect(images, 0.15, 0.3, max_detections=9)
    assert 0 < len(found["scores"]) <= 9
    assert (found["scores"] > 0.15).all()
    assert (found["scores"].diff() <= 0).all()
    overlap = pairwise_iou(found["boxes"], found["boxes"])
    same = found["labels"][:, None] == found["labels"]
    assert (overlap[same & ~torch.eye(len(same), dtype=torch.bool)] <= 0.3).all()
    (nothing,) = network.detect(images, score_threshold=1)
    assert nothing["boxes"].shape == (0, 4)
    assert nothing["labels"].shape == (0,)


def test_an_image_without_objects_is_background_alone(network):
    images = torch.randn(1, 3, 64, 64, dtype=torch.double)
    losses = network.losses(images, make_targets(64, 64)[2:])
    assert losses["proposal"] == losses["box"] == 0
    assert losses["objectness"] > 0
    assert losses["class"] > 0
    sum(losses.values()).backward()
    network.zero_grad()


def test_names_images_that_do_not_fit(network):
    nothing = torch.empty(0, 3, 64, 64, dtype=torch.double)
    assert network.proposals(nothing) == []
    with pytest.raises(ValueError, match=r"at least one image, got \(0, 3, 64, 64"):
        network(nothing)
    with pytest.raises(ValueError, match=r"\(B, 3, H, W\) with H, W >= 32, got"):
        network.detect(torch.empty(1, 3, 16, 64))


@pytest.mark.parametrize("build", [tiny.fasterrcnn_resnet50_fpn, tiny.fasterrcnn_vgg16])
def test_learns_one_batch(build):
    torch.manual_seed(0)
    network, images = build(KINDS), torch.randn(2, 3, 64, 96)
    targets = make_targets(64, 96)[:2]
    targets = [one | {"boxes": one["boxes"].float()} for one in targets]
    assert_learns(network, images, targets, below=0.5)
