"""SSD: equal to torchvision's, in what it predicts, learns and detects."""

import math

import pytest
import torch
from model_helpers import copy_in_order, layer_shapes
from torch import Tensor, nn
from torchvision.models import detection
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.ssd import SSDHead as TorchvisionHead
from torchvision.ops import box_iou

from edulib.models.detection.ssd import SSD, MultiBoxLoss, SSDHead, ssd300_vgg16
from edulib.models.detection.ssd.loss import hardest
from edulib.models.detection.ssd.network import Predictions
from edulib.models.ops.anchors import default_boxes

MEAN = torch.tensor([[[0.48235]], [[0.45882]], [[0.40784]]], dtype=torch.double)
KINDS = 5
"""Kinds of object."""


def thin(layer: nn.Module) -> nn.Module:
    """Return a convolution with an eighth of the channels."""
    return nn.Conv2d(
        max(layer.in_channels // 8, 3),
        layer.out_channels // 8,
        layer.kernel_size,
        layer.stride,
        layer.padding,
        layer.dilation,
    )


@pytest.fixture(scope="module")
def pair():
    """Torchvision's network with an eighth of its channels, and ours, in float64."""
    torch.manual_seed(0)
    with torch.device("meta"):
        reference = detection.ssd300_vgg16(
            weights=None, weights_backbone=None, score_thresh=0.05
        )
    for path, layer in list(reference.backbone.named_modules()):
        if isinstance(layer, nn.Conv2d):
            parent, _, name = path.rpartition(".")
            setattr(reference.backbone.get_submodule(parent), name, thin(layer))
    reference.backbone.scale_weight = nn.Parameter(20 + torch.randn(64))
    channels, boxes = (64, 128, 64, 32, 32, 32), (4, 6, 6, 6, 4, 4)
    reference.head = TorchvisionHead(channels, boxes, KINDS + 1)
    ours = ssd300_vgg16(num_classes=KINDS, width=8)
    reference, ours = reference.double(), ours.double()
    copy_in_order(reference, ours)
    ours.boxes = default_boxes_of(reference)  # whose float64 is float32 in parts
    return reference, ours


def default_boxes_of(reference: nn.Module) -> Tensor:
    size = ImageList(torch.empty(1, 3, 300, 300), [(300, 300)])
    maps = [torch.empty(1, 1, n, n).double() for n in (38, 19, 10, 5, 3, 1)]
    return reference.anchor_generator(size, maps)[0]


@pytest.fixture
def images():
    torch.manual_seed(1)
    return torch.rand(2, 3, 300, 300, dtype=torch.double)


def some_targets(seed: int, counts: tuple[int, ...]) -> list[dict[str, Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    targets = []
    for count in counts:
        corners = 290 * torch.rand(count, 2, 2, generator=generator).double()
        corners = corners.sort(1).values + torch.tensor([[0, 0], [9, 9]])
        labels = torch.randint(KINDS, (count,), generator=generator)
        targets.append({"boxes": corners.flatten(1), "labels": labels})
    return targets


def as_theirs(targets: list[dict[str, Tensor]]) -> list[dict[str, Tensor]]:
    """Count the background as label 0."""
    return [target | {"labels": target["labels"] + 1} for target in targets]


def normalised(images: Tensor) -> Tensor:
    return (images - MEAN) * 255


def test_default_boxes_are_torchvisions(pair):
    expected = default_boxes_of(pair[0])
    assert len(expected) == 8732
    boxes = ssd300_vgg16(num_classes=1, width=4).boxes.double()
    torch.testing.assert_close(boxes, expected, rtol=0, atol=5e-5)


@pytest.mark.parametrize("training", [True, False])
def test_equals_torchvision(pair, images, training):
    reference, ours = (network.train(training) for network in pair)
    inputs = normalised(images[:1]).requires_grad_()
    logits, offsets = ours(inputs)
    theirs = reference.head(list(reference.backbone(inputs).values()))
    torch.testing.assert_close(logits, theirs["cls_logits"])
    torch.testing.assert_close(offsets, theirs["bbox_regression"])
    outputs = [(logits, offsets), theirs.values()]
    gradients = [
        torch.autograd.grad(sum(x.square().sum() for x in one), inputs)
        for one in outputs
    ]
    torch.testing.assert_close(*gradients)


def test_losses_and_their_gradients_equal_torchvisions(pair, images):
    reference, ours = (network.train() for network in pair)
    targets = some_targets(0, (0, 9))
    losses = ours.losses(normalised(images), targets)
    theirs = reference(list(images), as_theirs(targets))
    expected = {"class": theirs["classification"], "box": theirs["bbox_regression"]}
    torch.testing.assert_close(losses, expected)
    sum(losses.values()).backward()
    sum(expected.values()).backward()
    for theirs, own in zip(reference.parameters(), ours.parameters(), strict=True):
        torch.testing.assert_close(own.grad, theirs.grad, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("counts", [(1, 9), (0, 30), (0, 0)])
def test_the_loss_equals_torchvisions_for_any_predictions(pair, seed, counts):
    reference, ours = pair
    torch.manual_seed(seed)
    logits = 3 * torch.randn(2, 8732, KINDS + 1, dtype=torch.double)
    offsets = torch.randn(2, 8732, 4, dtype=torch.double)
    targets = some_targets(seed, counts)
    losses = ours.loss(logits, offsets, targets, ours.boxes)
    overlaps = [box_iou(target["boxes"], ours.boxes) for target in targets]
    expected = reference.compute_loss(
        as_theirs(targets),
        {"cls_logits": logits, "bbox_regression": offsets},
        [ours.boxes, ours.boxes],
        [
            reference.proposal_matcher(iou) if len(iou) else torch.full((8732,), -1)
            for iou in overlaps
        ],
    )
    torch.testing.assert_close(losses["class"], expected["classification"])
    torch.testing.assert_close(losses["box"], expected["bbox_regression"])
    assert sum(counts) or sum(losses.values()) == 0


def test_detections_equal_torchvisions(pair, images):
    reference, ours = (network.eval() for network in pair)
    expected = reference(list(images))
    found = ours.detect(normalised(images), score_threshold=0.05)
    for own, theirs in zip(as_theirs(found), expected, strict=True):
        assert len(own["scores"]) == 200
        torch.testing.assert_close(own, theirs)


def test_maps_are_those_of_figure_2():
    with torch.device("meta"):
        network = ssd300_vgg16(num_classes=20)
        shapes = layer_shapes(network.backbone, 300)
        logits, offsets = network(torch.empty(1, 3, 300, 300))
    assert shapes["stage4"] == shapes["norm"] == (512, 38, 38)
    assert shapes["conv6"] == shapes["conv7"] == (1024, 19, 19)
    assert shapes["conv8"] == (512, 10, 10)
    assert shapes["conv9"] == (256, 5, 5)
    assert shapes["conv10"] == (256, 3, 3)
    assert shapes["conv11"] == (256, 1, 1)
    assert logits.shape == (1, 8732, 21)
    assert offsets.shape == (1, 8732, 4)


def test_with_the_kinds_of_voc_it_has_the_known_size():
    with torch.device("meta"):
        network = ssd300_vgg16(num_classes=20)
    assert sum(p.numel() for p in network.parameters()) == 26_285_486


def test_the_first_map_begins_with_lengths_of_20():
    norm = ssd300_vgg16(num_classes=1, width=4).backbone.norm
    lengths = norm(torch.rand(2, 32, 5, 5)).norm(dim=1)
    torch.testing.assert_close(lengths, torch.full_like(lengths, 20))


@pytest.mark.parametrize("ratio", [0.5, 1, 3, math.inf])
def test_the_hardest_negatives_are_those_with_the_highest_loss(ratio):
    torch.manual_seed(0)
    entropy = torch.rand(6, 40)
    matched = torch.rand(6, 40) < torch.tensor([0, 0.05, 0.1, 0.2, 0.6, 1.0])[:, None]
    marked = hardest(entropy, matched, ratio)
    for losses, positive, found in zip(entropy, matched, marked, strict=True):
        negatives = [k for k in range(40) if not positive[k]]
        negatives.sort(key=losses.__getitem__, reverse=True)
        matches = int(positive.sum())
        wanted = math.ceil(min(ratio * matches, 40)) if matches else 0
        assert found.nonzero().flatten().tolist() == sorted(negatives[:wanted])


def test_all_negatives_can_be_asked(pair):
    torch.manual_seed(0)
    boxes = pair[1].boxes
    logits, offsets = torch.randn(2, len(boxes), KINDS + 5).double().split([6, 4], -1)
    targets = some_targets(0, (4, 9))
    usual = MultiBoxLoss()(logits, offsets, targets, boxes)
    loss = MultiBoxLoss(negatives=math.inf, alpha=2.0)
    found = loss(logits, offsets, targets, boxes)
    labels = torch.stack([loss.assign(target, boxes)[0] for target in targets])
    entropy = nn.functional.cross_entropy(logits.mT, labels, reduction="sum")
    torch.testing.assert_close(found["class"], entropy / (labels > 0).sum())
    torch.testing.assert_close(found["box"], 2 * usual["box"])


class Given(nn.Module):
    """In place of a network: predictions, given beforehand."""

    num_classes = KINDS

    def __init__(self, predictions: Predictions) -> None:
        super().__init__()
        self.predictions = predictions

    def forward(self, images: Tensor) -> Predictions:
        return Predictions(*(x.expand(len(images), -1, -1) for x in self.predictions))


def test_what_the_loss_wants_is_what_is_detected():
    boxes = default_boxes((64, 64), [(8, 8), (4, 4)], (0.2, 0.4, 0.8), ((2,), (2, 3)))
    target = {
        "boxes": torch.tensor([[4.0, 6, 20, 17], [30, 20, 62, 60], [1, 50, 9, 57]]),
        "labels": torch.tensor([4, 0, 4]),
    }
    labels, offsets = MultiBoxLoss().assign(target, boxes)
    logits = 99 * nn.functional.one_hot(labels, KINDS + 1).float()
    network = SSD(nn.Identity(), Given(Predictions(logits, offsets)), boxes)
    images = torch.zeros(2, 3, 64, 64)
    assert sum(network.losses(images, [target, target]).values()) == 0
    for found in network.detect(images):
        order = found["boxes"][:, 0].argsort()
        expected = target["boxes"][[2, 0, 1]]
        torch.testing.assert_close(found["boxes"][order], expected)
        assert found["labels"][order].tolist() == [4, 4, 0]
        assert found["scores"].tolist() == [1, 1, 1]


def test_detections_are_limited_by_class_and_by_image():
    torch.manual_seed(0)
    boxes = default_boxes((64, 64), [(8, 8)], (0.1, 0.1), ((),))
    logits = torch.randn(len(boxes), KINDS + 1)
    network = SSD(
        nn.Identity(), Given(Predictions(logits, torch.zeros(len(boxes), 4))), boxes
    )
    images = torch.zeros(1, 3, 64, 64)
    (found,) = network.detect(images, max_detections=7)
    (more,) = network.detect(images)
    assert len(found["scores"]) == 7 < len(more["scores"])
    assert torch.equal(found["scores"], more["scores"][:7])
    (found,) = network.detect(images, candidates=3)
    assert found["labels"].bincount(minlength=KINDS).max() <= 3
    (found,) = network.detect(images, score_threshold=0.5)
    assert 0 < len(found["scores"]) < len(more["scores"])
    assert found["scores"].min() > 0.5


def test_parts_can_be_combined_freely():
    torch.manual_seed(0)
    backbone = nn.Sequential(nn.Conv2d(1, 4, 3, 8, 1), nn.ReLU(), Listed())
    boxes = default_boxes((64, 64), [(8, 8)], (0.3, 0.6), ((2, 3),))
    network = SSD(backbone, SSDHead((4,), (6,), 2), boxes)
    assert network.num_classes == 2
    images = torch.randn(2, 1, 64, 64)
    assert network(images).logits.shape == (2, 8 * 8 * 6, 3)
    target = {"boxes": torch.tensor([[0.0, 0, 20, 20]]), "labels": torch.tensor([1])}
    assert sum(network.losses(images, [target, target]).values()) > 0
    assert "boxes" not in network.state_dict()


class Listed(nn.Module):
    """Put a map into a list."""

    def forward(self, x: Tensor) -> list[Tensor]:
        return [x]


def test_an_image_of_another_size_is_refused():
    with torch.device("meta"):
        network = ssd300_vgg16()
        with pytest.raises(ValueError, match="give 8732 default boxes, got 9150"):
            network(torch.empty(1, 3, 300, 320))
        with pytest.raises(ValueError, match=r"H, W >= 268, got \(1, 3, 267, 300\)"):
            network(torch.empty(1, 3, 267, 300))
        network.backbone(torch.empty(1, 3, 268, 268))


def test_learns_one_batch():
    torch.manual_seed(0)
    network = ssd300_vgg16(num_classes=KINDS, width=4)
    images = torch.randn(2, 3, 300, 300)
    targets = [
        {name: value.float() if name == "boxes" else value for name, value in t.items()}
        for t in some_targets(3, (2, 3))
    ]
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(8):
        loss = sum(network.losses(images, targets).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
