"""Mask R-CNN: equal to torchvision's; masks are cut, judged and pasted as it does."""

import pytest
import torch
from model_helpers import copy_in_order
from rcnn_helpers import (
    KINDS,
    assert_learns,
    assert_same_detections,
    assert_same_training,
    ellipses,
    fewer,
    full_reference,
    make_targets,
    small_network,
    small_reference,
)
from torch import nn
from torchvision.models.detection import MaskRCNN as Reference
from torchvision.models.detection.roi_heads import paste_masks_in_image

from edulib.experiments.networks import SmallBackbone
from edulib.models.detection import faster_rcnn as rcnn
from edulib.models.detection.fpn import FeaturePyramid
from edulib.models.detection.mask_rcnn import (
    MaskHead,
    MaskRCNN,
    cut_masks,
    maskrcnn_resnet50_fpn,
    paste_masks,
)
from edulib.models.tiny import detection as tiny


@torch.no_grad()
def test_full_size_masks_are_torchvisions():
    torch.manual_seed(0)
    reference = full_reference(Reference).eval()
    ours = fewer(maskrcnn_resnet50_fpn(KINDS)).eval()
    copy_in_order(reference, ours)
    reference.roi_heads.detections_per_img = 4
    logits = []
    for layer in (reference.roi_heads.mask_predictor, ours.mask_head):
        layer.register_forward_hook(lambda *call: logits.append(call[2]))
    images = torch.randn(1, 3, 70, 100, dtype=torch.double)
    expected = reference(list(images))
    found = ours.detect(images, max_detections=4)
    assert_same_detections(found, expected)
    torch.testing.assert_close(*logits, rtol=1e-9, atol=1e-9)
    assert torch.equal(found[0]["masks"], expected[0]["masks"][:, 0] > 0.5)
    assert 0 < found[0]["masks"].float().mean() < 1


def test_losses_and_gradients_are_torchvisions():
    torch.manual_seed(0)
    reference = small_reference(nn.BatchNorm2d, masks=True)
    ours = small_network(masks=True)
    copy_in_order(reference, ours)
    images = torch.randn(3, 3, 75, 90, dtype=torch.double)
    assert_same_training(ours, reference, images, make_targets(75, 90, masks=True))


def test_batch_normalisation_that_learns_has_53120_parameters_more():
    with torch.device("meta"):
        frozen = maskrcnn_resnet50_fpn()
    norms = [m for m in frozen.modules() if type(m).__name__ == "FrozenBatchNorm2d"]
    count = sum(p.numel() for p in frozen.parameters())
    assert count + sum(2 * len(m.weight) for m in norms) == 44_454_513


def test_masks_are_pasted_as_torchvision_does():
    torch.manual_seed(0)
    corners = torch.rand(30, 2, 2).sort(dim=1).values * torch.tensor([60.0, 40])
    boxes = corners.flatten(1)
    boxes[0] = torch.tensor([0.0, 0, 60, 40])
    boxes[1] = torch.tensor([59.9, 39.9, 60, 40])
    cells = torch.rand(30, 28, 28)
    expected = paste_masks_in_image(cells[:, None], boxes, (40, 60))[:, 0]
    assert torch.equal(paste_masks(cells, boxes, (40, 60)), expected)
    assert paste_masks(cells[:0], boxes[:0], (40, 60)).shape == (0, 40, 60)


def test_a_mask_is_cut_out_and_pasted_back():
    boxes = torch.tensor([[4.0, 8, 44, 36], [30, 2, 58, 38]])
    masks = ellipses(boxes, 40, 60)
    cells = cut_masks(masks, torch.arange(2), boxes, side=28)
    assert cells.min() >= 0
    assert cells.max() <= 1
    pasted = paste_masks(cells, boxes, (40, 60)) > 0.5
    shared = (pasted & masks).sum((1, 2)) / (pasted | masks).sum((1, 2))
    assert shared.min() > 0.9
    crossed = cut_masks(masks, torch.tensor([1]), boxes[:1], side=4)
    assert crossed[0, :, 0].max() == 0  # the left of the first box holds nothing of it


def test_the_loss_is_that_of_the_own_kind_alone():
    torch.manual_seed(0)
    head = tiny.maskrcnn_resnet50_fpn(KINDS).mask_head
    logits, labels = torch.randn(3, KINDS + 1, 4, 4), torch.tensor([2, 5, 2])
    wanted = torch.rand(3, 4, 4)
    loss = head.loss(logits, labels, wanted)
    expected = 0.0
    for k in range(3):
        for row in range(4):
            for column in range(4):
                p = logits[k, labels[k], row, column].sigmoid()
                share = wanted[k, row, column]
                expected -= share * p.log() + (1 - share) * (1 - p).log()
    torch.testing.assert_close(loss, expected / (3 * 4 * 4))
    other = logits.clone()
    other[:, [0, 1, 3, 4]] += 1
    torch.testing.assert_close(head.loss(other, labels, wanted), loss)
    own = head.probabilities(logits, labels)
    torch.testing.assert_close(own[1], logits[1, 5].sigmoid())


@pytest.mark.parametrize("side", [7, 14])
def test_the_mask_is_twice_as_fine_as_the_pooled_grid(side):
    head = MaskHead(
        rcnn.RegionPooling(rcnn.RoIAlign(side), [8]), 4, KINDS, width=3, depth=2
    )
    features = rcnn.Features([torch.randn(1, 4, 8, 8)], (64, 64))
    logits = head(features, [torch.tensor([[3.0, 4, 30, 40]])])
    assert logits.shape == (1, KINDS + 1, 2 * side, 2 * side)


class SoftmaxMaskHead(MaskHead):
    """All kinds and the background compete for each cell, as in table 2b."""

    def loss(self, logits, labels, wanted):
        truth = labels[:, None, None] * (wanted > 0.5)
        return nn.functional.cross_entropy(logits, truth)

    def probabilities(self, logits, labels):
        return logits.softmax(1)[torch.arange(len(labels)), labels]


@pytest.mark.parametrize("head", [MaskHead, SoftmaxMaskHead])
@pytest.mark.parametrize("pool", [rcnn.RoIAlign, rcnn.RoIPool])
def test_parts_are_exchanged_on_a_backbone_of_three_maps(head, pool):
    torch.manual_seed(0)
    backbone = SmallBackbone()
    pyramid = FeaturePyramid(backbone.out_channels, 8)
    network = nn.Sequential(backbone, pyramid)
    anchors = rcnn.Anchors([(24,), (44,)], (0.5, 1, 2))  # of strides 8 and 16
    layers = nn.Sequential(nn.Flatten(), nn.Linear(8 * 7 * 7, 16), nn.ReLU())
    of_boxes = rcnn.RegionPooling(pool(7), [8])
    of_masks = rcnn.RegionPooling(pool(7), [4])
    detector = MaskRCNN(
        rcnn.Backbone(network, divisor=16),
        rcnn.RPN(anchors, rcnn.RPNHead(8, nn.Conv2d(8, 3, 1), 3)),
        rcnn.BoxHead(of_boxes, layers, 16, KINDS, rcnn.Sampler(24, 0.33)),
        head(of_masks, 8, KINDS, width=6, depth=2),
    )
    images, targets = torch.rand(2, 3, 64, 80), floats(make(64, 80)[:2])
    sum(detector.losses(images, targets).values()).backward()
    assert all(p.grad.abs().max() > 0 for p in detector.parameters())
    assert detector(images, 0).mask_logits.shape[1:] == (KINDS + 1, 14, 14)
    found = detector.eval().detect(images, 0, max_detections=3)
    assert [one["masks"].shape for one in found] == [(3, 64, 80)] * 2


def test_images_without_objects_have_a_mask_loss_of_0():
    torch.manual_seed(0)
    network = tiny.maskrcnn_resnet50_fpn(KINDS)
    losses = network.losses(torch.randn(1, 3, 64, 96), floats(make(64, 96)[2:]))
    assert losses["mask"] == 0
    losses["mask"].backward()
    (nothing,) = network.detect(torch.randn(1, 3, 64, 96), score_threshold=1)
    assert nothing["masks"].shape == (0, 64, 96)
    assert nothing["masks"].dtype == torch.bool


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda masks: masks[:, 1:],
            r"expected masks \(3, 64, 96\).*got \(3, 63, 96\)",
        ),
        (lambda masks: masks[1:], r"expected masks \(3, 64, 96\).*got \(2, 64, 96\)"),
        (lambda masks: None, r"expected masks \(3, 64, 96\).*got none in target 0"),
    ],
)
def test_names_masks_that_do_not_fit(change, message):
    network = tiny.maskrcnn_resnet50_fpn(KINDS)
    targets = floats(make(64, 96)[:1])
    targets[0]["masks"] = change(targets[0]["masks"])
    with pytest.raises(ValueError, match=message):
        network.losses(torch.randn(1, 3, 64, 96), targets)


def test_learns_one_batch():
    torch.manual_seed(0)
    network = tiny.maskrcnn_resnet50_fpn(KINDS)
    images = torch.randn(2, 3, 64, 96)
    assert_learns(network, images, floats(make(64, 96)[:2]), below=0.4)


def make(height: int, width: int) -> list[dict]:
    return make_targets(height, width, masks=True)


def floats(targets: list[dict]) -> list[dict]:
    return [one | {"boxes": one["boxes"].float()} for one in targets]
