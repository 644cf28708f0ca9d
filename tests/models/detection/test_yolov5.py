"""YOLOv5: published counts, SPPF equal to SPP, targets and loss against slow loops."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from model_helpers import layer_shapes
from torch import Tensor, nn
from torchvision.ops import complete_box_iou_loss

from edulib.models.detection.yolov5 import (
    C3,
    COCO_ANCHORS,
    SPPF,
    Head,
    YOLOv5,
    YOLOv5Loss,
    cluster_sizes,
    share_that_fits,
    yolov5l,
    yolov5n,
    yolov5s,
)
from edulib.models.detection.yolov5.grid import decode, match
from edulib.models.detection.yolov5.network import build
from edulib.registry import get_builder

ANCHORS = torch.tensor(COCO_ANCHORS, dtype=torch.double)
STRIDES = (8, 16, 32)
KINDS = 4
FUSED = {
    "yolov5n": 1_867_405,
    "yolov5s": 7_225_885,
    "yolov5m": 21_172_173,
    "yolov5l": 46_533_693,
    "yolov5x": 86_705_005,
}


@pytest.mark.parametrize(("name", "count"), FUSED.items())
def test_with_norms_folded_into_convolutions_it_has_the_other_published_size(
    name, count
):
    with torch.device("meta"):
        network = get_builder(name)()
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    parameters = sum(p.numel() for p in network.parameters())
    assert parameters - sum(norm.num_features for norm in norms) == count


def test_another_number_of_kinds_changes_the_head_alone():
    with torch.device("meta"):
        network = yolov5s(num_classes=5)
    assert sum(p.numel() for p in network.parameters()) == 7_033_114
    assert [level.out_channels for level in network.head.levels] == [30, 30, 30]


def test_stages_are_those_of_the_published_table():
    with torch.device("meta"):
        network = yolov5l()
        shapes = layer_shapes(network.backbone, 640)
        maps = network(torch.empty(1, 3, 640, 640))
    assert shapes["stem"] == (64, 320, 320)
    assert shapes["stage1"] == (128, 160, 160)
    assert shapes["stage2"] == (256, 80, 80)
    assert shapes["stage3"] == (512, 40, 40)
    assert shapes["stage4"] == (1024, 20, 20)
    assert [m.shape[1:] for m in maps] == [(3, s, s, 85) for s in (80, 40, 20)]
    assert sum(m[0, ..., 0].numel() for m in maps) == 25_200
    backbone = network.backbone
    for stage, blocks in zip(
        (backbone.stage1, backbone.stage2, backbone.stage3, backbone.stage4),
        (3, 6, 9, 3),
        strict=True,
    ):
        assert len(stage[1].blocks) == blocks
    assert not any(hasattr(b, "residual") for b in network.neck.down4.blocks)
    assert all(hasattr(b, "residual") for b in backbone.stage2[1].blocks)
    stem = backbone.stem[0]
    assert (stem.kernel_size, stem.stride, stem.padding) == ((6, 6), (2, 2), (2, 2))


def test_each_convolution_but_the_last_has_a_norm_and_silu():
    with torch.device("meta"):
        network = yolov5n()
    units = [m for m in network.modules() if isinstance(m, nn.Sequential)]
    units = [m for m in units if isinstance(m[0], nn.Conv2d)]
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert len(units) == len(convolutions) - 3
    for convolution, norm, activation in units:
        assert convolution.bias is None
        assert (norm.eps, norm.momentum) == (1e-3, 0.03)
        assert isinstance(activation, nn.SiLU)


def test_anchors_are_the_published_ones_by_width_and_height():
    published = "10,13 16,30 33,23  30,61 62,45 59,119  116,90 156,198 373,326"
    pairs = [[float(n) for n in pair.split(",")] for pair in published.split()]
    assert yolov5n().head.anchors.flatten(0, 1).tolist() == pairs


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (7, 20)])
def test_sppf_equals_spp(size):
    torch.manual_seed(0)
    layer = SPPF(16).double().eval()
    x = torch.randn(2, 16, *size, dtype=torch.double, requires_grad=True)
    reduced = layer.reduce(x)
    pools = [F.max_pool2d(reduced, k, 1, k // 2) for k in (5, 9, 13)]
    expected = layer.merge(torch.cat([reduced, *pools], 1))
    found = layer(x)
    assert torch.equal(found, expected)


def test_the_stem_equals_slices_and_a_3x3_convolution():
    torch.manual_seed(0)
    stem = nn.Conv2d(3, 8, 6, 2, 2, bias=False).double()
    x = torch.randn(2, 3, 20, 16, dtype=torch.double)
    sliced = torch.cat([x[..., i::2, j::2] for i in (0, 1) for j in (0, 1)], 1)
    weight = torch.cat(
        [stem.weight[..., i::2, j::2] for i in (0, 1) for j in (0, 1)], 1
    )
    torch.testing.assert_close(stem(x), F.conv2d(sliced, weight, padding=1))


def test_c3_sends_the_rest_of_its_input_past_the_blocks():
    torch.manual_seed(0)
    layer = C3(8, 12, depth=2).double().eval()
    x = torch.randn(1, 8, 6, 6, dtype=torch.double)
    h = layer.reduce(x)
    for block in layer.blocks:
        h = h + block.residual[1](block.residual[0](h))
    expected = layer.merge(torch.cat([h, layer.past(x)], 1))
    torch.testing.assert_close(layer(x), expected)
    plain = C3(8, 12, depth=1, residual=False).double().eval()
    h = plain.blocks[0](plain.reduce(x))
    expected = plain.merge(torch.cat([h, plain.past(x)], 1))
    torch.testing.assert_close(plain(x), expected)


def test_the_neck_goes_down_and_up():
    torch.manual_seed(0)
    neck = build(2, 3, 1 / 16, 1 / 3).double().eval().neck
    p3, p4, p5 = (
        torch.randn(1, c, s, s, dtype=torch.double)
        for c, s in ((16, 8), (32, 4), (64, 2))
    )
    up = nn.Upsample(scale_factor=2)
    a = neck.lateral5(p5)
    b = neck.lateral4(neck.down4(torch.cat([up(a), p4], 1)))
    first = neck.down3(torch.cat([up(b), p3], 1))
    second = neck.up4(torch.cat([neck.shrink3(first), b], 1))
    third = neck.up5(torch.cat([neck.shrink4(second), a], 1))
    for found, expected in zip(neck([p3, p4, p5]), (first, second, third), strict=True):
        torch.testing.assert_close(found, expected)


def test_places_begin_unsure():
    torch.manual_seed(0)
    head = yolov5n(num_classes=7).head
    for layer, stride in zip(head.levels, STRIDES, strict=True):
        bias = layer.bias.view(3, 12)
        room = 1.01 / math.sqrt(layer.in_channels)
        started = math.log(8 / (640 / stride) ** 2)
        assert (bias[:, 4] - started).abs().max() < room
        assert (bias[:, 5:] - math.log(0.6 / 6.00001)).abs().max() < room
        assert bias[:, :4].abs().max() < room


def sigmoid(t: float) -> float:
    return 1 / (1 + math.exp(-t))


def test_boxes_are_decoded_as_documented():
    torch.manual_seed(0)
    numbers = torch.randn(2, 3, 4, 5, 9, dtype=torch.double)
    found = decode(numbers, ANCHORS[1], 16)
    for b, a, j, i in torch.cartesian_prod(*map(torch.arange, (2, 3, 4, 5))).tolist():
        tx, ty, tw, th = numbers[b, a, j, i, :4].tolist()
        width, height = ANCHORS[1, a].tolist()
        expected = [
            (2 * sigmoid(tx) - 0.5 + i) * 16,
            (2 * sigmoid(ty) - 0.5 + j) * 16,
            width * (2 * sigmoid(tw)) ** 2,
            height * (2 * sigmoid(th)) ** 2,
        ]
        assert found[b, a, j, i].tolist() == pytest.approx(expected)


def matched_slowly(boxes: Tensor, anchors: Tensor, stride: int, size) -> set:
    """Return (object, anchor, row, column), asking each cell of the map."""
    found = set()
    for n, (x, y, width, height) in enumerate(boxes.tolist()):
        gx, gy = x / stride, y / stride
        ci, cj = min(int(gx), size[1] - 1), min(int(gy), size[0] - 1)
        for a, (wide, high) in enumerate(anchors.tolist()):
            ratios = (width / wide, wide / width, height / high, high / height)
            if max(ratios) >= 4:
                continue
            for j in range(size[0]):
                for i in range(size[1]):
                    near = abs(i - ci) + abs(j - cj) <= 1
                    reached = -0.5 < gx - i < 1.5 and -0.5 < gy - j < 1.5
                    own = (i, j) == (ci, cj)
                    if own or (near and reached):
                        found.add((n, a, j, i))
    return found


def some_boxes(seed: int, count: int, size: int = 96) -> Tensor:
    """Return xyxy boxes in the image, of all sizes."""
    generator = torch.Generator().manual_seed(seed)
    sides = 2 + (size - 2) * torch.rand(count, 2, generator=generator).double() ** 2
    first = (size - sides) * torch.rand(count, 2, generator=generator).double()
    return torch.cat([first, first + sides], 1)


def centred(boxes: Tensor) -> Tensor:
    return torch.cat(
        [(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], 1
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 12), st.integers(0, 2))
def test_objects_are_matched_as_a_slow_loop_does(seed, count, level):
    boxes = centred(some_boxes(seed, count))
    stride, size = STRIDES[level], (96 // STRIDES[level],) * 2
    found = match(boxes, ANCHORS[level], stride, size)
    rows = list(zip(*(x.tolist() for x in found), strict=True))
    assert len(rows) == len(set(rows))
    assert set(rows) == matched_slowly(boxes, ANCHORS[level], stride, size)


def test_the_nearest_neighbours_learn_an_object_too():
    box = torch.tensor([[35.2, 21.6, 12.0, 12.0]])  # 4.4 cells across, 2.7 down
    found = match(box, torch.tensor([[12.0, 12.0]]), 8, (12, 12))
    assert {*zip(found[2].tolist(), found[3].tolist(), strict=True)} == {
        (2, 4),
        (2, 3),
        (3, 4),
    }
    edge = torch.tensor([[2.0, 95.0, 12.0, 12.0]])  # beyond the left and lower edge
    found = match(edge, torch.tensor([[12.0, 12.0]]), 8, (12, 12))
    assert (found[2].tolist(), found[3].tolist()) == ([11], [0])
    middle = torch.tensor([[36.0, 20.0, 12.0, 12.0]])  # no neighbour is nearest
    assert len(match(middle, torch.tensor([[12.0, 12.0]]), 8, (12, 12))[0]) == 1


@pytest.mark.parametrize(("side", "fits"), [(47.9, True), (48.0, False), (3.1, True)])
def test_a_shape_may_differ_by_less_than_four_times(side, fits):
    box = torch.tensor([[30.0, 30.0, side, 12.0]])
    found = match(box, torch.tensor([[12.0, 12.0]]), 8, (12, 12))
    assert bool(len(found[0])) == fits


def some_levels(seed: int, images: int = 2) -> list[Tensor]:
    torch.manual_seed(seed)
    return [
        torch.randn(images, 3, 96 // s, 96 // s, 5 + KINDS, dtype=torch.double)
        for s in STRIDES
    ]


def some_targets(seed: int, counts: tuple[int, ...]) -> list[dict[str, Tensor]]:
    return [
        {
            "boxes": some_boxes(seed + k, count),
            "labels": torch.arange(count) % KINDS,
        }
        for k, count in enumerate(counts)
    ]


def entropy(logit: float, wanted: float) -> float:
    p = sigmoid(logit)
    return -wanted * math.log(p) - (1 - wanted) * math.log(1 - p)


def slow_losses(levels: list[Tensor], targets: list[dict[str, Tensor]]) -> dict:
    """Return the three terms, place by place."""
    sums = {"box": 0.0, "objectness": 0.0, "class": 0.0}
    for numbers, anchors, stride, balance in zip(
        levels, ANCHORS, STRIDES, (4.0, 1.0, 0.4), strict=True
    ):
        boxes = decode(numbers, anchors, stride)
        distances, kinds, wanted = [], [], {}
        for b, target in enumerate(targets):
            size = tuple(numbers.shape[2:4])
            truth = centred(target["boxes"])
            for n, a, j, i in matched_slowly(truth, anchors, stride, size):
                x, y, w, h = boxes[b, a, j, i]
                corners = torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
                pair = corners[None], target["boxes"][n : n + 1]
                distances.append(complete_box_iou_loss(*pair, eps=0).item())
                overlap = max(0.0, 1 - distances[-1])
                place = b, a, j, i
                wanted[place] = max(overlap, wanted.get(place, 0.0))
                logits = numbers[b, a, j, i, 5:].tolist()
                label = int(target["labels"][n])
                kinds += [entropy(v, float(k == label)) for k, v in enumerate(logits)]
        places = torch.cartesian_prod(*map(torch.arange, numbers.shape[:4])).tolist()
        sure = [
            entropy(numbers[tuple(p)][4].item(), wanted.get(tuple(p), 0.0))
            for p in places
        ]
        if distances:
            sums["box"] += sum(distances) / len(distances)
            sums["class"] += sum(kinds) / len(kinds)
        sums["objectness"] += balance * sum(sure) / len(sure)
    gains = {"box": 0.05, "objectness": (96 / 640) ** 2, "class": 0.5 * KINDS / 80}
    return {name: gains[name] * value for name, value in sums.items()}


@pytest.mark.parametrize(
    ("seed", "counts"), [(0, (3, 7)), (1, (0, 1)), (2, (0, 0)), (3, (12, 2))]
)
def test_the_loss_equals_slow_loops(seed, counts):
    levels, targets = some_levels(seed), some_targets(seed, counts)
    found = YOLOv5Loss()(levels, targets, ANCHORS, STRIDES)
    expected = slow_losses(levels, targets)
    assert {k: v.item() for k, v in found.items()} == pytest.approx(expected, rel=1e-6)


def test_what_a_box_should_say_of_itself_gives_no_gradient():
    levels = [x.requires_grad_() for x in some_levels(0)]
    targets = some_targets(0, (4, 4))
    loss = YOLOv5Loss()(levels, targets, ANCHORS, STRIDES)["objectness"]
    for gradient in torch.autograd.grad(loss, levels):
        assert not gradient[..., :4].any()
        assert gradient[..., 4].all()


def test_gains_grow_with_the_image_and_with_the_kinds():
    loss, finest = YOLOv5Loss(), torch.empty(1, 3, 80, 80, 85)
    gains = loss.gains(finest, STRIDES)
    torch.testing.assert_close(gains, torch.tensor([0.05, 1.0, 0.5]))
    smaller = loss.gains(finest[:, :, :40, :20, :25], STRIDES)
    torch.testing.assert_close(smaller, torch.tensor([0.05, 0.125, 0.125]))


class Given(nn.Module):
    """In place of a network: raw numbers, given beforehand."""

    def __init__(self, levels: list[Tensor]) -> None:
        super().__init__()
        self.levels = levels

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        return self.levels


def detector_of(levels: list[Tensor]) -> YOLOv5:
    head = Head((1, 1, 1), KINDS).double()
    given = Given(levels)
    given.num_classes, given.strides = KINDS, STRIDES
    given.anchors = head.anchors
    return YOLOv5(nn.Identity(), nn.Identity(), given)


def test_detections_equal_a_slow_loop():
    levels = some_levels(5, images=1)
    (found,) = detector_of(levels).detect(torch.empty(1, 3, 96, 96).double())
    rows = []
    for numbers, anchors, stride in zip(levels, ANCHORS, STRIDES, strict=True):
        boxes = decode(numbers, anchors, stride)[0]
        for a, j, i in torch.cartesian_prod(*map(torch.arange, boxes.shape[:3])):
            x, y, w, h = boxes[a, j, i]
            box = torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
            said = numbers[0, a, j, i, 4:].sigmoid()
            for kind in range(KINDS):
                score = (said[0] * said[1 + kind]).item()
                rows.append((score, kind, box.clamp(0, 96)))
    rows = sorted(rows, key=lambda row: -row[0])[:1000]
    kept = []
    for score, kind, box in rows:
        if score <= 0.001 or len(kept) == 300:
            continue
        if all(k != kind or overlap(box, b) <= 0.6 for _, k, b in kept):
            kept.append((score, kind, box))
    assert found["scores"].tolist() == pytest.approx([row[0] for row in kept])
    assert found["labels"].tolist() == [row[1] for row in kept]
    torch.testing.assert_close(found["boxes"], torch.stack([row[2] for row in kept]))


def overlap(box: Tensor, other: Tensor) -> float:
    low, high = torch.maximum(box[:2], other[:2]), torch.minimum(box[2:], other[2:])
    shared = (high - low).clamp(min=0).prod()
    areas = (box[2:] - box[:2]).prod() + (other[2:] - other[:2]).prod()
    return (shared / (areas - shared)).item()


def test_what_the_loss_wants_is_what_is_detected():
    target = {
        "boxes": torch.tensor([[4.0, 6, 26, 33], [40, 20, 90, 80]]).double(),
        "labels": torch.tensor([2, 0]),
    }
    levels = [torch.full_like(x, -99.0) for x in some_levels(0, images=1)]
    for numbers, anchors, stride in zip(levels, ANCHORS, STRIDES, strict=True):
        boxes = centred(target["boxes"])
        found = match(boxes, anchors, stride, tuple(numbers.shape[2:4]))
        for n, a, j, i in zip(*(x.tolist() for x in found), strict=True):
            centre = (boxes[n, :2] / stride - torch.tensor([i, j]) + 0.5) / 2
            size = (boxes[n, 2:] / anchors[a]).sqrt() / 2
            numbers[0, a, j, i, :4] = torch.cat([centre, size]).logit()
            numbers[0, a, j, i, 4] = numbers[0, a, j, i, 5 + target["labels"][n]] = 99
    network = detector_of(levels)
    images = torch.empty(1, 3, 96, 96).double()
    assert sum(network.losses(images, [target]).values()).item() < 1e-6
    (seen,) = network.detect(images)
    order = seen["labels"].argsort(descending=True)
    torch.testing.assert_close(seen["boxes"][order], target["boxes"])
    assert seen["labels"][order].tolist() == [2, 0]


def test_sides_have_to_be_multiples_of_32():
    with torch.device("meta"), pytest.raises(ValueError, match="32 divides"):
        yolov5n()(torch.empty(1, 3, 64, 80))


def test_anchors_are_the_means_of_groups():
    torch.manual_seed(0)
    centres = torch.tensor([[10.0, 12.0], [40.0, 20.0], [60.0, 70.0]])
    sizes = (centres[:, None] + torch.randn(3, 50, 2)).flatten(0, 1)
    groups = sizes.view(3, 50, 2).mean(1)
    shuffled = sizes[torch.randperm(150)]
    torch.testing.assert_close(cluster_sizes(shuffled, 3), groups, rtol=0, atol=1e-4)
    first = cluster_sizes(shuffled, 3, steps=0)
    assert all(bool((row == shuffled).all(1).any()) for row in first)
    with pytest.raises(ValueError, match="at least 3 objects, got 2"):
        cluster_sizes(sizes[:2], 3)


def test_a_step_of_k_means_equals_a_slow_loop():
    torch.manual_seed(1)
    sizes = 5 + 60 * torch.rand(80, 2).double()
    anchors, spread = cluster_sizes(sizes, 4, steps=0), sizes.std(0)
    groups = [[] for _ in anchors]
    for size in sizes:
        distances = [((size - a) / spread).square().sum().item() for a in anchors]
        groups[distances.index(min(distances))].append(size)
    means = torch.stack([torch.stack(group).mean(0) for group in groups])
    means = means[means.prod(1).argsort()]
    torch.testing.assert_close(cluster_sizes(sizes, 4, steps=1), means)


def test_the_share_that_fits_counts_objects():
    sizes = torch.tensor([[10.0, 10], [41, 10], [10, 2.4], [39, 39]])
    assert share_that_fits(sizes, torch.tensor([[10.0, 10]])) == 0.5
    both = torch.tensor([[10.0, 10], [20, 20]])
    assert share_that_fits(sizes, both) == 0.75


def test_learns_one_batch():
    torch.manual_seed(0)
    network = build(KINDS, 3, 1 / 16, 1 / 3)
    images = torch.rand(2, 3, 96, 96)
    targets = [
        {"boxes": t["boxes"].float(), "labels": t["labels"]}
        for t in some_targets(3, (2, 3))
    ]
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    losses = []
    for _ in range(25):
        loss = sum(network.losses(images, targets).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]
