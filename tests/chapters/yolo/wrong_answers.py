"""Planted wrong answers to the exercises of the chapter on YOLO v1."""

import torch
from torch import Tensor


def overlap(one: Tensor, box: Tensor, grid: int, least: float = 0.0) -> Tensor:
    low = torch.maximum(*(b[:2] / grid - b[2:4] ** 2 / 2 for b in (one, box)))
    high = torch.minimum(*(b[:2] / grid + b[2:4] ** 2 / 2 for b in (one, box)))
    shared = (high - low).clamp(min=least).prod()
    return shared / (one[2:4].prod() ** 2 + box[2:4].prod() ** 2 - shared)


def loss(numbers, box, label, grid=7, **changed):
    """Right by default; each planted answer changes one thing."""
    best, target = changed.get("best"), changed.get("target")
    coord, noobj = changed.get("lambdas", (5, 0.5))
    boxes = numbers[:-3].reshape(-1, 5)
    if box is None:
        return noobj * boxes[:, 4].square().sum()
    overlaps = torch.stack([overlap(b[:4], box, grid) for b in boxes])
    k = overlaps.argmax() if best is None else best(boxes, box)
    wanted = torch.zeros(3)
    wanted[label] = 1
    others = boxes[:, 4].square().sum() - boxes[k, 4] ** 2
    return (
        coord * (boxes[k, :4] - box).square().sum()
        + (boxes[k, 4] - (overlaps[k] if target is None else target)) ** 2
        + noobj * others
        + (numbers[-3:] - wanted).square().sum()
    )


def surest_is_responsible(numbers, box, label, grid=7):
    return loss(numbers, box, label, grid, best=lambda b, _: b[:, 4].argmax())


def first_is_responsible(numbers, box, label, grid=7):
    return loss(numbers, box, label, grid, best=lambda *_: 0)


def nearest_is_responsible(numbers, box, label, grid=7):
    """By the distance of the numbers, which is not the overlap."""

    def nearest(boxes: Tensor, wanted: Tensor) -> Tensor:
        return (boxes[:, :2] - wanted[:2]).square().sum(1).argmin()

    return loss(numbers, box, label, grid, best=nearest)


def confidence_one(numbers, box, label, grid=7):
    return loss(numbers, box, label, grid, target=1)


def negative_sides(numbers, box, label, grid=7):
    """Two boxes apart in both directions seem to share something."""
    if box is None:
        return loss(numbers, box, label, grid)
    boxes = numbers[:-3].reshape(-1, 5)
    overlaps = torch.stack([overlap(b[:4], box, grid, least=-9.0) for b in boxes])
    k = overlaps.argmax()
    return loss(numbers, box, label, grid, best=lambda *_: k, target=overlaps[k])


def no_lambdas(numbers, box, label, grid=7):
    return loss(numbers, box, label, grid, lambdas=(1, 1))


def always_seven(numbers, box, label, grid=7):
    return loss(numbers, box, label, 7)


def two_boxes_only(numbers, box, label, grid=7):
    return loss(torch.cat([numbers[:10], numbers[-3:]]), box, label, grid)


def ignores_empty_cells(numbers, box, label, grid=7):
    return torch.zeros(()) if box is None else loss(numbers, box, label, grid)


def empty_cells_pay_for_kinds(numbers, box, label, grid=7):
    if box is None:
        return loss(numbers, box, label, grid) + numbers[-3:].square().sum()
    return loss(numbers, box, label, grid)


def all_boxes_pay_as_empty(numbers, box, label, grid=7):
    """Counts the responsible box among the others, too."""
    found = loss(numbers, box, label, grid)
    if box is None:
        return found
    boxes = numbers[:-3].reshape(-1, 5)
    overlaps = torch.stack([overlap(b[:4], box, grid) for b in boxes])
    return found + 0.5 * boxes[overlaps.argmax(), 4] ** 2


def writes_into_numbers(numbers, box, label, grid=7):
    found = loss(numbers, box, label, grid)
    numbers[4] = 0
    return found


def kept(boxes: Tensor, size: int, grid: int) -> Tensor:
    taken, mask = [], []
    for cell in _cells(boxes, size, grid).tolist():
        mask.append(cell not in taken)
        taken.append(cell)
    return torch.tensor(mask, dtype=torch.bool)


def _cells(boxes: Tensor, size: int, grid: int) -> Tensor:
    return ((boxes[:, :2] + boxes[:, 2:]) / 2 * grid / size).long()


def keeps_all(boxes, size, grid):
    return torch.ones(len(boxes), dtype=torch.bool)


def drops_all_that_share(boxes, size, grid):
    cells = _cells(boxes, size, grid).tolist()
    return torch.tensor([cells.count(cell) == 1 for cell in cells], dtype=torch.bool)


def keeps_the_last(boxes, size, grid):
    return kept(boxes.flip(0), size, grid).flip(0)


def upper_left_corner(boxes, size, grid):
    return kept(torch.cat([boxes[:, :2], boxes[:, :2]], 1), size, grid)


def any_direction(boxes, size, grid):
    """Numbers the cells by the sum of row and column."""
    number = _cells(boxes, size, grid).sum(1, keepdim=True)
    taken = number.tolist()
    return torch.tensor([one not in taken[:k] for k, one in enumerate(taken)])


def fixed_grid(boxes, size, grid):
    return kept(boxes, size, 8)


def fails_without_objects(boxes, size, grid):
    if not len(boxes):
        raise IndexError("no objects")
    return kept(boxes, size, grid)


def one_without_objects(boxes, size, grid):
    return kept(boxes, size, grid) if len(boxes) else torch.ones(1, dtype=torch.bool)


def writes_into_boxes(boxes, size, grid):
    found = kept(boxes, size, grid)
    boxes *= grid / size
    return found


WRONG = {
    "yolo-decode": [
        ((240, 244, 464, 300), 0.4, 2187),
        ((296, 258, 408, 286), 0.8, 2187),
        ((296, 258, 408, 286), 0.4, 4131),
        ((258, 296, 286, 408), 0.5, 1701),
    ],
    "yolo-cell": [
        surest_is_responsible,
        first_is_responsible,
        nearest_is_responsible,
        negative_sides,
        confidence_one,
        no_lambdas,
        always_seven,
        two_boxes_only,
        ignores_empty_cells,
        empty_cells_pay_for_kinds,
        all_boxes_pay_as_empty,
        writes_into_numbers,
    ],
    "yolo-kept": [
        keeps_all,
        drops_all_that_share,
        keeps_the_last,
        upper_left_corner,
        any_direction,
        fixed_grid,
        fails_without_objects,
        one_without_objects,
        writes_into_boxes,
    ],
}
