"""YOLO v1: as in figure 3, and equation 3 as a loop over cells and boxes says it."""

import itertools

import pytest
import torch
from model_helpers import layer_shapes
from torch import Tensor, nn

from edulib.models.detection import yolo_v1 as yolo
from edulib.models.detection.yolo_v1 import Lambdas, Sides, YOLOv1
from edulib.models.tiny.detection import fast_yolo_v1 as tiny_yolo

PLAIN = Sides(torch.positive, torch.relu)
"""Sides themselves, without the square root."""


class Given(nn.Module):
    """In place of a network: the numbers of the cells, given beforehand."""

    def __init__(self, raw: Tensor) -> None:
        super().__init__()
        self.raw = nn.Parameter(raw)

    def forward(self, images: Tensor) -> Tensor:
        return self.raw[: len(images)]


def detector(raw: Tensor, boxes_per_cell: int = 2, **parts: object) -> YOLOv1:
    num_classes = raw.shape[-1] - 5 * boxes_per_cell
    return YOLOv1(Given(raw), nn.Identity(), num_classes, boxes_per_cell, **parts)


def random_case(seed: int, boxes_per_cell: int, grid: tuple[int, int] = (3, 4)):
    """Return numbers of the cells, images, and targets of which some share a cell."""
    generator = torch.Generator().manual_seed(seed)
    rows, columns = grid
    size = (3, *grid, 5 * boxes_per_cell + 3)
    raw = torch.rand(size, generator=generator, dtype=torch.double)
    images = torch.zeros(3, 1, 30 * rows, 20 * columns)
    targets = []
    for count in (8, 0, 3):
        corners = torch.rand(count, 2, 2, generator=generator, dtype=torch.double)
        corners = corners.sort(1).values + torch.tensor([[0, 0], [0.02, 0.03]])
        boxes = corners.flatten(1) * torch.tensor([20, 30, 20, 30]).double()
        boxes = boxes * torch.tensor([columns, rows, columns, rows]) / 1.1
        labels = torch.randint(3, (count,), generator=generator)
        targets.append({"boxes": boxes, "labels": labels})
    return raw, images, targets


def first_of_each_cell(
    target: dict[str, Tensor], images: Tensor, grid: tuple[int, int]
) -> dict[tuple[int, int], tuple[list[float], int]]:
    """Return x, y in cells, width and height of the image, and label, by cell."""
    rows, columns = grid
    height, width = images.shape[-2:]
    owners = {}
    objects = zip(target["boxes"].tolist(), target["labels"].tolist(), strict=True)
    for (x1, y1, x2, y2), label in objects:
        x, y = (x1 + x2) / 2 / width * columns, (y1 + y2) / 2 / height * rows
        cell = (int(y), int(x))
        box = [x - int(x), y - int(y), (x2 - x1) / width, (y2 - y1) / height]
        owners.setdefault(cell, (box, label))
    return owners


def overlap(a: list[float], b: list[float], grid: tuple[int, int]) -> float:
    """Return the IoU of two boxes of one cell: x, y in cells, width, height."""
    (rows, columns), shared = grid, 1.0
    for centre, side, cells in ((0, 2, columns), (1, 3, rows)):
        low = max(box[centre] / cells - box[side] / 2 for box in (a, b))
        high = min(box[centre] / cells + box[side] / 2 for box in (a, b))
        shared *= max(high - low, 0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def equation_3(
    raw: Tensor,
    images: Tensor,
    targets: list[dict[str, Tensor]],
    boxes_per_cell: int,
    power: int = 2,
) -> dict[str, Tensor]:
    """Return the terms of equation 3 without their lambdas, summed over a batch."""
    grid, root = raw.shape[1:3], 1 / power
    terms = dict.fromkeys(["centre", "sides", "object", "no_object", "class"], 0.0)
    for numbers, target in zip(raw, targets, strict=True):
        owners = first_of_each_cell(target, images, grid)
        for row, column in itertools.product(*map(range, grid)):
            cell = numbers[row, column]
            predictors = [cell[5 * k : 5 * k + 5] for k in range(boxes_per_cell)]
            if (row, column) in owners:
                box, label = owners[row, column]
                ious = []
                for x, y, root_w, root_h, _ in map(Tensor.tolist, predictors):
                    decoded = [x, y, root_w**power, root_h**power]
                    ious.append(overlap(decoded, box, grid))
                best = ious.index(max(ious))
                x, y, root_w, root_h, confidence = predictors.pop(best)
                terms["centre"] += (x - box[0]) ** 2 + (y - box[1]) ** 2
                terms["sides"] += (root_w - box[2] ** root) ** 2
                terms["sides"] += (root_h - box[3] ** root) ** 2
                terms["object"] += (confidence - ious[best]) ** 2
                for k, probability in enumerate(cell[5 * boxes_per_cell :]):
                    terms["class"] += (probability - int(k == label)) ** 2
            for predictor in predictors:
                terms["no_object"] += predictor[4] ** 2
    return terms


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("boxes_per_cell", [1, 2, 3])
def test_the_losses_are_equation_3(seed, boxes_per_cell):
    raw, images, targets = random_case(seed, boxes_per_cell)
    network = detector(raw, boxes_per_cell)
    losses = network.losses(images, targets)
    raw = raw.clone().requires_grad_()
    terms = equation_3(raw, images, targets, boxes_per_cell)
    scales = {"centre": 5, "sides": 5, "object": 1, "no_object": 0.5, "class": 1}
    expected = {name: scales[name] * term / 3 for name, term in terms.items()}
    torch.testing.assert_close(losses, expected)
    (gradient,) = torch.autograd.grad(sum(expected.values()), raw)
    sum(losses.values()).backward()
    torch.testing.assert_close(network.backbone.raw.grad, gradient)


def test_the_cases_hold_neighbours_and_both_kinds_of_predictor():
    raw, images, targets = random_case(0, 2)
    owners = first_of_each_cell(targets[0], images, (3, 4))
    assert len(owners) < len(targets[0]["labels"])
    network = detector(raw)
    network.losses(images, targets)["sides"].backward()
    responsible = network.backbone.raw.grad[..., [2, 7]] != 0
    assert responsible.sum((0, 1, 2)).all()
    assert responsible.sum(-1).max() == 1  # never both of one cell


def test_lambdas_come_from_outside():
    raw, images, targets = random_case(1, 2)
    network = detector(raw, lambdas=Lambdas(coord=1, noobj=1))
    losses = network.losses(images, targets)
    terms = equation_3(raw, images, targets, 2)
    expected = {name: term / 3 for name, term in terms.items()}
    torch.testing.assert_close(losses, expected)


def test_roots_come_from_outside():
    raw, images, targets = random_case(1, 2)
    losses = detector(raw, sides=PLAIN).losses(images, targets)
    terms = equation_3(raw, images, targets, 2, power=1)
    torch.testing.assert_close(losses["sides"], 5 / 3 * terms["sides"])
    torch.testing.assert_close(losses["object"], terms["object"] / 3)
    squared = raw.clone()
    for k in (2, 3, 7, 8):
        squared[..., k] = raw[..., k].square()
    found = detector(squared, sides=PLAIN).detect(images)
    torch.testing.assert_close(found, detector(raw).detect(images))


def perfect_numbers(box: list[float], label: int) -> Tensor:
    """Return a grid of 3 x 3 with one box (x, y in cells, sides of 1), in row 2."""
    raw = torch.zeros(1, 3, 3, 13)
    raw[0, 2, 1, 5:10] = torch.tensor([*box[:2], box[2] ** 0.5, box[3] ** 0.5, 1])
    raw[0, 2, 1, 10 + label] = 1
    return raw


def test_the_numbers_of_a_cell_mean_what_section_2_says():
    raw = perfect_numbers([0.5, 0.25, 0.2, 0.5], label=2)
    images = torch.zeros(1, 1, 90, 60)
    network = detector(raw)
    (found,) = network.detect(images)
    box = torch.tensor([[24.0, 45, 36, 90]])  # centre (30, 67.5), 12 x 45
    torch.testing.assert_close(found["boxes"], box)
    assert found["labels"].tolist() == [2]
    assert found["scores"].tolist() == [1]
    target = {"boxes": box, "labels": torch.tensor([2])}
    assert sum(network.losses(images, [target]).values()) < 1e-10
    with torch.no_grad():
        network.backbone.raw[..., 7:9] *= -1  # a box is its numbers squared
    torch.testing.assert_close(network.detect(images), [found])


def test_a_centre_on_the_last_edge_is_in_the_last_cell():
    raw, images = torch.zeros(1, 3, 3, 13), torch.zeros(1, 1, 90, 90)
    beyond = torch.tensor([[80.0, 80, 100, 110], [-9, -9, 3, 3]])
    target = {"boxes": beyond, "labels": torch.tensor([0, 1])}
    network = detector(raw)
    sum(network.losses(images, [target]).values()).backward()
    hit = network.backbone.raw.grad[0].abs().sum(-1) > 0
    assert hit.nonzero().tolist() == [[0, 0], [2, 2]]


def test_of_two_objects_in_a_cell_the_first_counts():
    raw, images, _ = random_case(2, 2)
    boxes = torch.tensor([[1.0, 1, 9, 9], [2, 2, 16, 16], [42, 42, 50, 50]])
    losses = []
    for rows in ([0, 1, 2], [0, 2], [1, 2]):
        target = {"boxes": boxes[rows], "labels": torch.tensor(rows)}
        losses.append(detector(raw).losses(images[:1], [target]))
    torch.testing.assert_close(losses[0], losses[1])
    assert losses[0] != losses[2]


@pytest.mark.parametrize("threshold", [0.001, 0.3])
def test_detections_are_those_of_a_loop(threshold):
    raw, images, _ = random_case(3, 2)
    sides = 0.75 + raw[..., [2, 3, 7, 8]] / 10  # large enough to overlap
    raw = raw * 1.2 - 0.15  # some numbers below 0 and above 1
    raw[..., [2, 3, 7, 8]] = sides
    found = detector(raw).detect(images, score_threshold=threshold)
    for numbers, one in zip(raw, found, strict=True):
        candidates = []
        for row, column, k in itertools.product(range(3), range(4), range(2)):
            cell = numbers[row, column].tolist()
            x, y, root_w, root_h, confidence = cell[5 * k : 5 * k + 5]
            x, y = (x + column) * 20, (y + row) * 30
            w, h = 80 * root_w**2 / 2, 90 * root_h**2 / 2
            edges = zip((x - w, y - h, x + w, y + h), (80, 90, 80, 90), strict=True)
            box = [min(max(edge, 0), last) for edge, last in edges]
            for label, probability in enumerate(cell[10:]):
                score = min(max(confidence, 0), 1) * min(max(probability, 0), 1)
                if score > threshold:
                    candidates.append((score, label, box))
        kept = []
        for score, label, box in sorted(candidates, reverse=True):
            rivals = [b for _, other, b in kept if other == label]
            if all(iou_of_corners(box, rival) <= 0.5 for rival in rivals):
                kept.append((score, label, box))
        assert len(kept) < len(candidates)
        scores, labels, boxes = zip(*kept, strict=True)
        torch.testing.assert_close(one["scores"], torch.tensor(scores).double())
        torch.testing.assert_close(one["boxes"], torch.tensor(boxes).double())
        assert one["labels"].tolist() == list(labels)


def iou_of_corners(a: list[float], b: list[float]) -> float:
    areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in (a, b)]
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    return width * height / (sum(areas) - width * height)


def test_the_parts_are_those_of_figure_3():
    with torch.device("meta"):
        network = yolo.yolo_v1()
        shapes = layer_shapes(network.backbone, 448)
        raw = network(torch.empty(2, 3, 448, 448))
    assert shapes == {
        "stage1": (64, 112, 112),
        "stage2": (192, 56, 56),
        "stage3": (512, 28, 28),
        "stage4": (1024, 14, 14),
        "stage5": (1024, 7, 7),
        "stage6": (1024, 7, 7),
    }
    assert raw.shape == (2, 7, 7, 30)
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert len(layers) == 24
    pretrained = nn.ModuleList(layers[:20]).parameters()
    assert sum(p.numel() for p in pretrained) == 22_403_136
    assert_leaky_and_padded(network)


def test_the_fast_one_has_nine_convolutions():
    with torch.device("meta"):
        network = yolo.fast_yolo_v1()
        shapes = layer_shapes(network.backbone, 448)
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    filters = [layer.out_channels for layer in layers]
    assert filters == [16, 32, 64, 128, 256, 512, 1024, 1024, 1024]
    assert shapes["stage7"] == (1024, 7, 7)
    assert_leaky_and_padded(network)


def assert_leaky_and_padded(network: nn.Module) -> None:
    """Every convolution keeps the size but for its stride; the slopes are 0.1."""
    layers = [m for m in network.modules() if not any(m.children())]
    for layer, following in itertools.pairwise(layers):
        if isinstance(layer, nn.Conv2d):
            assert layer.padding[0] == layer.kernel_size[0] // 2
            assert isinstance(following, nn.LeakyReLU)
            assert following.negative_slope == 0.1
    assert isinstance(layers[-1], nn.Linear)
    assert isinstance(layers[-2], nn.Dropout)


def test_an_image_of_another_size_is_refused():
    with torch.device("meta"), pytest.raises(ValueError, match=r"7 x 7 cells.* 6 x 7:"):
        yolo.yolo_v1()(torch.empty(1, 3, 400, 448))


def test_half_precision_reaches_the_losses_as_32_bits():
    raw, images, targets = random_case(4, 2)
    network = detector(raw.bfloat16())
    losses = network.losses(images, targets)
    assert {loss.dtype for loss in losses.values()} == {torch.float32}
    assert network.detect(images)[0]["boxes"].dtype == torch.float32


def test_learns_one_batch():
    torch.manual_seed(0)
    network = tiny_yolo(num_classes=3)
    images = torch.randn(2, 3, 448, 448)
    targets = [
        {"boxes": torch.tensor([[50.0, 50, 200, 300]]), "labels": torch.tensor([0])},
        {
            "boxes": torch.tensor([[250.0, 100, 400, 200], [30, 300, 130, 420]]),
            "labels": torch.tensor([1, 2]),
        },
    ]
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    losses = []
    for _ in range(8):
        loss = sum(network.losses(images, targets).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
