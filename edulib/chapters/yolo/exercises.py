"""Checks of the exercises of the chapter on YOLO v1."""

import torch
from torch import Tensor

from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect_close,
    expect_equal,
    expect_shape,
    expect_unchanged,
    expect_within,
)
from edulib.exercises.registry import forbid, part
from edulib.models.detection.yolo_v1.grid import place

_KINDS = 3
_WEIGHTS = 5.0, 0.5  # lambda_coord, lambda_noobj


@part(
    "yolo-decode",
    "the box",
    points=1,
    hint="The centre lies (column + x) and (row + y) cells from the upper left; square "
    "the roots before you multiply by the image's side.",
)
def _box(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[0], (296, 258, 408, 286), "box")


@part(
    "yolo-decode",
    "the score",
    points=1,
    hint="Test score: the kind's probability times the confidence.",
)
def _score(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], 0.4, "score")


@part(
    "yolo-decode",
    "numbers of a larger grid",
    points=1,
    hint="Five numbers a box, one a kind; kinds are told once a cell.",
)
def _numbers(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[2], 9 * 9 * (3 * 5 + 12), "numbers")


def _numbers_of(*boxes: tuple[float, ...]) -> Tensor:
    """Return a cell's numbers: boxes with confidences, and three probabilities."""
    return torch.tensor([*sum(boxes, ()), 0.7, 0.2, 0.3])


_CLOSE = (0.5, 0.4, 0.5, 0.4, 0.3)
_FAR = (0.1, 0.9, 0.9, 0.8, 0.8)
_OBJECT = torch.tensor([0.6, 0.5, 0.52, 0.41])


def _expect_loss(
    answer: Answer, numbers: Tensor, box: Tensor | None, label: int, grid: int = 7
) -> None:
    given, wanted = numbers.clone(), None if box is None else box.clone()
    found = answer(given, wanted, label, grid)
    expect_unchanged(given, numbers)
    if box is not None:
        expect_unchanged(wanted, box)
    expect_shape(found, ())
    expect_close(found, _loss(numbers, box, label, grid), "the loss")


def _loss(numbers: Tensor, box: Tensor | None, label: int, grid: int) -> Tensor:
    """Equation 3 for one cell, by a loop."""
    coord, noobj = _WEIGHTS
    predicted = numbers[:-_KINDS].reshape(-1, 5)
    if box is None:
        return noobj * predicted[:, 4].square().sum()
    overlaps = [_iou(one[:4], box, grid) for one in predicted]
    best = overlaps.index(max(overlaps))
    total = coord * (predicted[best, :4] - box).square().sum()
    total = total + (predicted[best, 4] - overlaps[best]) ** 2
    for k, one in enumerate(predicted):
        total = total + (noobj * one[4] ** 2 if k != best else 0)
    for kind, probability in enumerate(numbers[-_KINDS:]):
        total = total + (probability - float(kind == label)) ** 2
    return total


def _iou(one: Tensor, other: Tensor, grid: int) -> float:
    shared, areas = 1.0, []
    a, b = one.tolist(), other.tolist()
    for k in (0, 1):
        low = max(box[k] / grid - box[k + 2] ** 2 / 2 for box in (a, b))
        high = min(box[k] / grid + box[k + 2] ** 2 / 2 for box in (a, b))
        shared *= max(high - low, 0)
    areas = [box[2] ** 2 * box[3] ** 2 for box in (a, b)]
    return shared / (sum(areas) - shared)


@part(
    "yolo-cell",
    "a cell without an object pays for its confidences only",
    points=1,
    hint="No object: half of the squares of all confidences, nothing else.",
)
def _empty(answer: Answer, generator: torch.Generator) -> None:
    _expect_loss(answer, _numbers_of(_CLOSE, _FAR), None, 0)


@part(
    "yolo-cell",
    "the box that overlaps most is responsible",
    points=2,
    hint="Compare by IoU, not by confidence; the centre is in cells, sides in "
    "shares of the image, as roots.",
)
def _responsible(answer: Answer, generator: torch.Generator) -> None:
    for boxes in ((_CLOSE, _FAR), (_FAR, _CLOSE)):
        _expect_loss(answer, _numbers_of(*boxes), _OBJECT, 0)
        _expect_loss(answer, _numbers_of(*boxes), _OBJECT, 2)
    apart = _numbers_of((0.1, 0.1, 0.2, 0.2, 0.5))  # shares nothing with the object
    _expect_loss(answer, apart, torch.tensor([0.9, 0.9, 0.2, 0.2]), 0)


@part(
    "yolo-cell",
    "any grid, any number of boxes",
    points=1,
    hint="Centres are divided by the number of cells in a row; boxes are counted from "
    "the length of `numbers`.",
    hidden=True,
)
def _any(answer: Answer, generator: torch.Generator) -> None:
    for grid in (3, 13):
        for count in (1, 2, 4):
            boxes = torch.rand(count, 5, generator=generator) * 0.6 + 0.2
            numbers = torch.cat([boxes.flatten(), torch.tensor([0.5, 0.1, 0.6])])
            _expect_loss(answer, numbers, _OBJECT, 1, grid)


forbid("yolo-kept", place)


def _expect_kept(answer: Answer, boxes: Tensor, size: int, grid: int) -> None:
    given = boxes.clone()
    found = answer(given, size, grid)
    expect_unchanged(given, boxes)
    expect_shape(found, (len(boxes),))
    taken: set[tuple[int, ...]] = set()
    right = []
    for x1, y1, x2, y2 in boxes.tolist():
        cell = int((x1 + x2) / 2 * grid / size), int((y1 + y2) / 2 * grid / size)
        right.append(float(cell not in taken))
        taken.add(cell)
    expect_within(found * 1.0, torch.tensor(right), "the mask", rtol=0, atol=1e-6)


@part(
    "yolo-kept",
    "objects alone in their cells stay",
    points=1,
    hint="A cell is the whole part of the centre, divided by the cell's side.",
)
def _alone(answer: Answer, generator: torch.Generator) -> None:
    boxes = torch.tensor([[10.0, 10, 40, 30], [60, 60, 100, 120], [62, 10, 90, 22]])
    _expect_kept(answer, boxes, 128, 8)
    # Columns 2 and 0 of rows 0 and 1: one number a cell must not mix them up.
    _expect_kept(answer, torch.tensor([[70.0, 0, 90, 20], [0, 32, 20, 52]]), 128, 4)


@part(
    "yolo-kept",
    "of several in one cell the first stays",
    points=2,
    hint="Go through the objects in their order, and remember the cells.",
)
def _first(answer: Answer, generator: torch.Generator) -> None:
    shared = torch.tensor(
        [[50.0, 50, 60, 60], [0, 0, 20, 20], [40, 40, 72, 72], [48, 48, 63, 62]]
    )
    _expect_kept(answer, shared, 128, 8)
    for grid in (4, 16):
        low = torch.rand(12, 2, generator=generator) * 80
        sides = torch.rand(12, 2, generator=generator) * 45 + 2
        _expect_kept(answer, torch.cat([low, low + sides], 1), 128, grid)


@part(
    "yolo-kept",
    "an image without objects",
    points=1,
    hint="The mask has as many values as there are objects: none.",
    hidden=True,
)
def _none(answer: Answer, generator: torch.Generator) -> None:
    _expect_kept(answer, torch.zeros(0, 4), 128, 8)
