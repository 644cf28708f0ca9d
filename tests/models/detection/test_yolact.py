"""YOLACT: equal to MMDetection's heads and losses, to the paper's tables, to loops."""

import json
from math import isclose

import pytest
import torch
from model_helpers import layer_shapes
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import batched_nms

from edulib.benchmarks import yolact_mmdet as theirs
from edulib.models.detection import yolact
from edulib.models.detection.ssd.loss import WEIGHTS
from edulib.models.detection.yolact.assembly import shrink
from edulib.models.detection.yolact.layers import Predictions
from edulib.models.detection.yolact.network import MAPS, SCALES
from edulib.models.ops.coding import decode_boxes, encode_boxes
from edulib.models.ops.iou import pairwise_iou
from edulib.models.tiny import detection as tiny

SIZE = (theirs.SIDE, theirs.SIDE)
EXPECTED = json.loads(theirs.FILE.read_text())


class Given(nn.Module):
    """In place of a backbone: maps that were made beforehand."""

    def __init__(self, maps: list[Tensor]) -> None:
        super().__init__()
        self.maps = maps

    def forward(self, images: Tensor) -> list[Tensor]:
        return self.maps


def background_first(rows: Tensor) -> Tensor:
    """Move the background of each anchor from the end to the beginning."""
    return rows.unflatten(0, (3, -1)).roll(1, 1).flatten(0, 1)


@pytest.fixture(scope="module")
def network():
    """Ours with the weights and maps that MMDetection's were given."""
    with torch.device("meta"):
        head, protonet = yolact.PredictionHead(), yolact.Protonet()
        semantic = nn.Conv2d(256, theirs.KINDS, 1)
    for part in (head, protonet, semantic):
        part.double().to_empty(device="cpu")
    parts = nn.ModuleList([head, protonet, semantic])
    theirs.fill(parts.parameters())
    with torch.no_grad():
        for parameter in head.logits.parameters():
            parameter.copy_(background_first(parameter))
    sides = [(side, side) for side in theirs.MAPS]
    ratios = (2, 1, 0.5)  # theirs are height / width
    torch.set_default_dtype(torch.double)
    anchors = yolact.anchors_of_maps(SIZE, sides, theirs.SCALES, ratios)
    torch.set_default_dtype(torch.float)
    return yolact.Yolact(Given(theirs.made_maps()), protonet, head, semantic, anchors)


def assert_digest(found: Tensor, name: str, rtol: float = 1e-6) -> None:
    digest = theirs.digest(found) if found.ndim else [found.item()]
    for ours, other in zip(digest, EXPECTED[name], strict=True):
        assert isclose(ours, other, rel_tol=rtol, abs_tol=1e-9), (name, digest)


def test_predictions_and_prototypes_equal_mmdetections(network):
    with torch.no_grad():
        found = network(torch.zeros(2, 3, *SIZE).double())
    assert_digest(found.logits.roll(-1, 2), "logits")
    assert_digest(found.offsets, "offsets")
    assert_digest(found.coefficients, "coefficients")
    assert_digest(found.prototypes, "prototypes")


def test_losses_and_gradients_equal_mmdetections(network):
    targets, images = theirs.made_targets(), torch.zeros(2, 3, *SIZE).double()
    maps = network.maps(images)
    found = network.predict(images, maps)
    arguments = found, network.semantic(maps[0]), targets, network.anchors, SIZE
    losses = network.loss(*arguments)
    shifted = [t | {"labels": (t["labels"] - 1) % theirs.KINDS} for t in targets]
    losses["semantic"] = network.loss.of_kinds(arguments[1], shifted)
    for name, loss in losses.items():
        assert_digest(loss, name)
    parts = (network.head, network.protonet, network.semantic)
    parameters = list(nn.ModuleList(parts).parameters())
    gradients = list(torch.autograd.grad(sum(losses.values()), parameters))
    of_logits = next(
        i for i, p in enumerate(parameters) if p is network.head.logits.weight
    )
    for i in (of_logits, of_logits + 1):  # theirs has the background last
        gradients[i] = gradients[i].unflatten(0, (3, -1)).roll(-1, 1).flatten(0, 1)
    for number, gradient in enumerate(gradients):
        assert_digest(gradient, f"gradient {number}")


def test_fast_nms_keeps_what_mmdetections_keeps():
    boxes, scores = theirs.made_candidates()
    index, kinds = yolact.fast_nms(boxes, scores, 0.5, candidates=100)
    index, kinds = index[:100], kinds[:100]
    rows = torch.cat([boxes[index], scores[index, kinds][:, None]], 1)
    assert_digest(rows, "kept")
    assert_digest(kinds, "kept kinds")


def test_masks_equal_mmdetections(network):
    with torch.no_grad():
        prototypes = network.protonet(network.backbone.maps[0][:1])[0]
    boxes, coefficients = (
        theirs.made_targets()[0]["boxes"],
        0.1 + theirs.wave((3, 32), 80),
    )
    masks = network.detections.draw(prototypes, coefficients, boxes, SIZE) > 0.5
    assert masks.any((1, 2)).all()
    assert_digest(masks, "masks")


def test_maps_and_anchors_are_those_of_the_paper():
    with torch.device("meta"):
        network = yolact.yolact_resnet50()
        images = torch.empty(1, 3, 550, 550)
        maps = network.maps(images)
        found = network(images)
    assert [tuple(x.shape) for x in maps] == [(1, 256, *size) for size in MAPS]
    assert found.prototypes.shape == (1, 32, 138, 138)  # figure 3
    assert found.logits.shape == (1, 19248, 81)
    assert found.coefficients.shape == (1, 19248, 32)
    counts = [sum(p.numel() for p in part.parameters()) for part in network.children()]
    assert counts == [23_508_032 + 3_868_672, 2_368_544, 1_399_135, 20_560]


def test_protonet_has_the_steps_of_figure_3():
    with torch.device("meta"):
        protonet = yolact.Protonet()
        shapes = {}
        for i, layer in enumerate(protonet.layers):
            layer.register_forward_hook(
                lambda _m, _i, out, i=i: shapes.update({i: tuple(out.shape[1:])})
            )
        protonet(torch.empty(1, 256, 69, 69))
    assert set(shapes.values()) == {(256, 69, 69)}
    assert len(shapes) == 6


def test_anchors_have_one_scale_on_each_map_and_the_papers_shapes():
    anchors = yolact.yolact_resnet50().anchors
    start = 0
    for (rows, columns), scale in zip(MAPS, SCALES, strict=True):
        some = anchors[start : start + 3 * rows * columns].view(rows, columns, 3, 4)
        start += 3 * rows * columns
        sides = some[..., 2:] - some[..., :2]
        expected = torch.full((rows, columns, 3), scale**2.0)
        torch.testing.assert_close(sides.prod(-1), expected, rtol=1e-4, atol=0)
        shapes = (sides[..., 0] / sides[..., 1])[0, 0]
        torch.testing.assert_close(shapes, torch.tensor([1.0, 0.5, 2.0]))
        middle = (some[..., :2] + some[..., 2:]) / 2
        first = torch.tensor([550 / columns / 2, 550 / rows / 2])
        torch.testing.assert_close(middle[0, 0, 0], first)
        last = torch.tensor([550 - 550 / columns / 2, 550 - 550 / rows / 2])
        torch.testing.assert_close(middle[-1, -1, 2], last)
    assert start == len(anchors)


def test_the_same_head_reads_every_map():
    torch.manual_seed(0)
    head = yolact.PredictionHead(8, 4, 5)
    maps = [torch.randn(2, 8, side, side) for side in (6, 3)]
    logits, offsets, coefficients = head(maps)
    assert logits.shape == (2, 3 * 45, 5)
    alone = head(maps[1:])
    for found, part in zip((logits, offsets, coefficients), alone, strict=True):
        torch.testing.assert_close(found[:, 3 * 36 :], part)
    assert coefficients.min() < 0 < coefficients.max()
    assert coefficients.abs().max() <= 1


def test_pyramid_goes_down_bilinearly_and_up_from_p5():
    torch.manual_seed(0)
    pyramid = yolact.Pyramid((4, 6, 8), 5).double()
    for bias in (layer.bias for layer in pyramid.laterals):
        nn.init.normal_(bias)
    maps = [torch.randn(1, c, n, n).double() for c, n in ((4, 9), (6, 5), (8, 3))]
    found = pyramid(maps)
    merged = pyramid.laterals[2](maps[2])
    wanted = [F.relu(pyramid.outputs[2](merged))]
    for i in (1, 0):
        size = maps[i].shape[-2:]
        larger = F.interpolate(merged, size, mode="bilinear", align_corners=False)
        merged = pyramid.laterals[i](maps[i]) + larger
        wanted.insert(0, F.relu(pyramid.outputs[i](merged)))
    p6 = pyramid.further[0](wanted[-1])
    wanted += [p6, pyramid.further[1](p6)]
    torch.testing.assert_close(found, wanted)
    assert [len(x[0, 0]) for x in found] == [9, 5, 3, 2, 1]
    assert found[3].min() < 0  # no ReLU


def crop_by_loops(boxes: Tensor, cells: tuple[int, int], size: tuple[int, int]):
    kept = torch.zeros(len(boxes), *cells, dtype=torch.bool)
    for n, box in enumerate(boxes.tolist()):
        for row in range(cells[0]):
            for column in range(cells[1]):
                x, y = column * size[1] / cells[1], row * size[0] / cells[0]
                wide, high = size[1] / cells[1], size[0] / cells[0]
                across = box[0] - wide <= x < box[2] + wide
                kept[n, row, column] = across and box[1] - high <= y < box[3] + high
    return kept


def test_a_mask_ends_one_cell_beyond_its_box():
    boxes = torch.tensor([[9.0, 13, 31, 22], [0, 0, 48, 32], [-9, 20, 5, 60]])
    found = yolact.cells_inside(boxes, (8, 16), (32, 48))
    assert torch.equal(found, crop_by_loops(boxes, (8, 16), (32, 48)))
    assert found[1].all()


def test_the_sigmoid_stands_behind_the_sum():
    torch.manual_seed(0)
    prototypes, coefficients = torch.rand(3, 4, 5), torch.rand(2, 3) * 2 - 1
    masks = yolact.mix(prototypes, coefficients)
    for n in range(2):
        expected = sum(c * p for c, p in zip(coefficients[n], prototypes, strict=True))
        torch.testing.assert_close(masks[n], expected)
    boxes = torch.tensor([[0.0, 0, 10, 8]]).expand(2, 4)
    drawn = yolact.Detections().draw(prototypes, coefficients, boxes, (4, 5))
    torch.testing.assert_close(drawn, masks.sigmoid())


def fast_nms_by_loops(boxes: Tensor, scores: Tensor, threshold: float, most: int):
    kept = []
    for kind in range(scores.shape[1]):
        order = scores[:, kind].argsort(descending=True, stable=True)[:most].tolist()
        for rank, one in enumerate(order):
            surer = boxes[order[:rank]]
            if not (pairwise_iou(boxes[one, None], surer) > threshold).any():
                kept.append((scores[one, kind].item(), one, kind))
    kept.sort(key=lambda found: -found[0])
    return [one for _, one, _ in kept], [kind for *_, kind in kept]


@pytest.mark.parametrize("most", [200, 12])
def test_fast_nms_equals_loops_and_keeps_a_part_of_what_nms_keeps(most):
    torch.manual_seed(0)
    corners = 30 * torch.rand(40, 2)
    boxes = torch.cat([corners, corners + 5 + 15 * torch.rand(40, 2)], 1)
    scores = torch.rand(40, 3)
    index, kinds = yolact.fast_nms(boxes, scores, 0.5, most)
    expected = fast_nms_by_loops(boxes, scores, 0.5, most)
    assert (index.tolist(), kinds.tolist()) == expected
    rows, columns = torch.meshgrid(torch.arange(40), torch.arange(3), indexing="ij")
    pairs = rows.flatten(), columns.flatten()
    usual = batched_nms(boxes[pairs[0]], scores[pairs], pairs[1], 0.5)
    greedy = {(pairs[0][i].item(), pairs[1][i].item()) for i in usual}
    fast = set(zip(index.tolist(), kinds.tolist(), strict=True))
    assert fast < greedy


def test_a_removed_box_removes_another():
    boxes = torch.tensor([[0.0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]])
    scores = torch.tensor([[0.9], [0.8], [0.7]])
    assert yolact.fast_nms(boxes, scores, 0.4)[0].tolist() == [0]
    assert batched_nms(boxes, scores[:, 0], torch.zeros(3), 0.4).tolist() == [0, 2]
    assert yolact.fast_nms(boxes, scores, 0.5)[0].tolist() == [0, 1, 2]
    assert [len(x) for x in yolact.fast_nms(boxes[:0], scores[:0], 0.5)] == [0, 0]


def losses_by_loops(
    found: Predictions, semantic: Tensor, targets: list[dict], anchors: Tensor
) -> dict[str, float]:
    """The four losses, one anchor, one object, one cell after the other."""
    size = targets[0]["masks"].shape[-2:]
    totals = dict.fromkeys(("class", "box", "mask"), 0.0)
    kinds, count = 0.0, 0
    for i, target in enumerate(targets):
        overlaps = pairwise_iou(target["boxes"], anchors)
        own = {}
        left = overlaps.clone()
        for _ in range(len(left)):
            one, anchor = divmod(int(left.argmax()), len(anchors))
            own[anchor] = one
            left[one], left[:, anchor] = -1, -1
        negatives, matched = [], 0
        for a in range(len(anchors)):
            best = overlaps[:, a].max().item() if len(overlaps) else 0.0
            one = own.get(a, int(overlaps[:, a].argmax()) if len(overlaps) else -1)
            entropy = -found.logits[i, a].log_softmax(-1)
            if a not in own and best < 0.4:
                negatives.append(entropy[0].item())
            elif a in own or best >= 0.5:
                matched += 1
                totals["class"] += entropy[target["labels"][one] + 1].item()
                box = target["boxes"][one]
                wanted = encode_boxes(box, anchors[a], WEIGHTS)
                d = (found.offsets[i, a] - wanted).abs()
                totals["box"] += torch.where(d < 1, d**2 / 2, d - 0.5).sum().item()
                totals["mask"] += mask_by_loops(found, i, a, target, one, size)
        negatives.sort(reverse=True)
        totals["class"] += sum(negatives[: 3 * matched])
        count += matched
        kinds += kinds_by_loops(semantic[i], target)
    return {
        "class": totals["class"] / count,
        "box": 1.5 * totals["box"] / count,
        "mask": 6.125 * totals["mask"] / count,
        "semantic": kinds / len(targets),
    }


def mask_by_loops(found, i, a, target, one, size) -> float:
    rows, columns = found.prototypes.shape[-2:]
    small = shrink(target["masks"], (rows, columns))[one]
    box = target["boxes"][one]
    inside = crop_by_loops(box[None], (rows, columns), size)[0]
    total = 0.0
    for row in range(rows):
        for column in range(columns):
            if inside[row, column]:
                weights = found.coefficients[i, a]
                z = (weights * found.prototypes[i, :, row, column]).sum()
                p = z.sigmoid() if small[row, column] else (-z).sigmoid()
                total -= p.log().item()
    sides = (box[2:] - box[:2]) * torch.tensor([columns / size[1], rows / size[0]])
    return total / sides.prod().item()


def kinds_by_loops(semantic: Tensor, target: dict) -> float:
    total, cells = 0.0, semantic.shape[-2:]
    for kind, logits in enumerate(semantic):
        own = target["masks"][target["labels"] == kind]
        wanted = shrink(own, cells).sum(0).clamp(max=1)
        entropy = F.binary_cross_entropy_with_logits(logits, wanted.to(logits))
        total += entropy.item()
    return total


def test_losses_equal_loops():
    torch.manual_seed(0)
    anchors = yolact.anchors_of_maps((48, 64), [(6, 8), (3, 4)], (12, 24)).double()
    boxes = torch.tensor([[5.0, 6, 21, 30], [7, 8, 24, 33], [30, 4, 61, 40]]).double()
    masks = torch.rand(3, 12, 16).repeat_interleave(4, 1).repeat_interleave(4, 2) > 0.4
    labels = torch.tensor([1, 1, 0])
    target = {"boxes": boxes, "labels": labels, "masks": masks}
    empty = {name: value[:0] for name, value in target.items()}
    found = Predictions(
        *(torch.randn(2, len(anchors), n).double() for n in (4, 4)),
        torch.randn(2, len(anchors), 5).double().tanh(),
        torch.randn(2, 5, 12, 16).double().relu(),
    )
    semantic = torch.randn(2, 3, 6, 8).double()
    arguments = found, semantic, [target, empty], anchors
    losses = yolact.YolactLoss()(*arguments, (48, 64))
    expected = losses_by_loops(*arguments)
    for name, loss in losses.items():
        assert loss.item() == pytest.approx(expected[name], rel=1e-9), name


def test_each_object_has_an_anchor_of_its_own():
    anchors = yolact.anchors_of_maps((64, 64), [(8, 8)], (16,))
    twins = torch.tensor([[20.0, 20, 25, 25], [20, 20, 26, 25], [20, 20, 25, 26]])
    masks = torch.zeros(3, 64, 64, dtype=torch.bool)
    target = {"boxes": twins, "labels": torch.arange(3), "masks": masks}
    matches = yolact.YolactLoss().assign(target, anchors)
    assert sorted(matches[matches >= 0].tolist()) == [0, 1, 2]


def test_what_the_loss_wants_is_what_is_detected():
    size = (64, 64)
    anchors = yolact.anchors_of_maps(size, [(8, 8), (4, 4)], (16, 32))
    boxes = torch.tensor([[4.0, 6, 24, 26], [30, 20, 62, 60]])
    masks = torch.zeros(2, 64, 64, dtype=torch.bool)
    masks[0, 6:26, 4:14], masks[1, 20:60, 40:62] = True, True
    target = {"boxes": boxes, "labels": torch.tensor([4, 0]), "masks": masks}
    loss = yolact.YolactLoss()
    matches = loss.assign(target, anchors)
    kept = matches >= 0
    labels = torch.where(kept, target["labels"][matches.clamp(min=0)] + 1, 0)
    offsets = torch.zeros(len(anchors), 4)
    offsets[kept] = encode_boxes(boxes[matches[kept]], anchors[kept], WEIGHTS)
    prototypes = 60 * masks.float() - 30
    coefficients = F.one_hot(matches.clamp(min=0), 2).float()
    logits = 99 * F.one_hot(labels, 6).float()
    found = Predictions(logits, offsets, coefficients, prototypes)
    torch.testing.assert_close(
        decode_boxes(offsets, anchors, WEIGHTS)[kept], boxes[matches[kept]]
    )
    limits = 0.05, 0.5, 200, 100
    for detections in (yolact.Detections(), yolact.Detections(suppress=keep_best)):
        one = detections(found, anchors, size, *limits)
        order = one["boxes"][:2, 0].argsort()
        torch.testing.assert_close(one["boxes"][order], boxes)
        assert one["labels"][order].tolist() == [4, 0]
        assert torch.equal(one["probabilities"][order] > 0.5, masks)


def keep_best(
    boxes: Tensor, scores: Tensor, threshold: float, candidates: int
) -> tuple[Tensor, Tensor]:
    best = scores.max(1)
    kept = batched_nms(boxes, best.values, best.indices, threshold)[:candidates]
    return kept, best.indices[kept]


def test_scores_are_a_softmax_with_background():
    logits = torch.tensor([[2.0, 1.0, 0.0]])
    anchors = torch.tensor([[8.0, 8, 24, 24]])
    offsets, coefficients = torch.zeros(1, 4), torch.ones(1, 1)
    found = Predictions(logits, offsets, coefficients, torch.ones(1, 16, 16))
    one = yolact.Detections()(found, anchors, (32, 32), 0.05, 0.5, 200, 100)
    powers = torch.tensor([2.0, 1.0, 0.0]).exp()
    torch.testing.assert_close(one["scores"], powers[1:] / powers.sum())
    assert one["labels"].tolist() == [0, 1]


def test_detections_are_limited():
    torch.manual_seed(0)
    network = tiny.yolact_resnet50(num_classes=7).eval()
    images = torch.randn(1, 3, 64, 64)
    (found,) = network.detect(images, score_threshold=0.0)
    (fewer,) = network.detect(images, score_threshold=0.0, max_detections=5)
    assert len(fewer["scores"]) == 5 < len(found["scores"]) <= 100
    assert torch.equal(fewer["scores"], found["scores"][:5])
    assert found["masks"].shape == (len(found["scores"]), 64, 64)
    (none,) = network.detect(images, score_threshold=1.0)
    assert [len(value) for value in none.values()] == [0, 0, 0, 0]
    (dark,) = network.detect(images, score_threshold=0.0, mask_threshold=1.0)
    assert not dark["masks"].any()


def test_an_image_of_another_size_is_refused():
    with torch.device("meta"):
        network = yolact.yolact_resnet50()
        assert layer_shapes(network.backbone.body, 550)["stage4"] == (2048, 18, 18)
        with pytest.raises(ValueError, match="give 19248 anchors, got 4092"):
            network(torch.empty(1, 3, 256, 256))


def test_masks_are_asked_for():
    network = tiny.yolact_resnet50(num_classes=7)
    target = {"boxes": torch.tensor([[2.0, 2, 30, 30]]), "labels": torch.tensor([3])}
    with pytest.raises(ValueError, match=r"masks \(1, 64, 64\).* got none"):
        network.losses(torch.randn(1, 3, 64, 64), [target])


def test_learns_one_batch():
    torch.manual_seed(0)
    network = tiny.yolact_resnet50(num_classes=7)
    images = torch.randn(2, 3, 64, 64)
    boxes = torch.tensor([[4.0, 6, 30, 26], [30, 20, 62, 60]])
    masks = torch.zeros(2, 64, 64, dtype=torch.bool)
    masks[0, 6:26, 4:14], masks[1, 20:60, 40:62] = True, True
    target = {"boxes": boxes, "labels": torch.tensor([4, 0]), "masks": masks}
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    losses = []
    for _ in range(15):
        loss = sum(network.losses(images, [target, target]).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]
