"""Checks of the exercises of the chapter on YOLOv5."""

import torch
from torch import Tensor

from edulib.anatomy import count_parameters
from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect_equal,
    expect_shape,
    expect_unchanged,
    expect_within,
)
from edulib.exercises.registry import forbid, part
from edulib.models.detection.yolov5 import C3, COCO_ANCHORS
from edulib.models.detection.yolov5.grid import decode, match


@part(
    "yolov5-count",
    "places of all levels",
    points=1,
    hint="Three anchors at each of (side / stride)² cells, summed over strides 8, 16 "
    "and 32.",
)
def _places(answer: Answer, generator: torch.Generator) -> None:
    places = sum(3 * (416 // stride) ** 2 for stride in (8, 16, 32))
    expect_equal(answer[0], places, "places")


@part(
    "yolov5-count",
    "channels of a level",
    points=1,
    hint="Each of three anchors needs four numbers, an objectness and the kinds.",
)
def _channels(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], 3 * (4 + 1 + 20), "channels")


@part(
    "yolov5-count",
    "parameters of a C3",
    points=1,
    hint="Five convolutions without bias; after each, two numbers for each channel.",
)
def _parameters(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[2], count_parameters(C3(64, 64, 1)), "parameters")


forbid("yolov5-decode", decode)


def _expect_boxes(answer: Answer, t: Tensor, cell: Tensor, stride: int) -> None:
    anchors = torch.tensor(COCO_ANCHORS).flatten(0, 1)[: len(t)]
    given = [x.clone() for x in (t, cell, anchors)]
    found = answer(*given, stride)
    for now, before in zip(given, (t, cell, anchors), strict=True):
        expect_unchanged(now, before)
    expect_shape(found, (len(t), 4))
    rows = [_decoded(*row, stride) for row in zip(t, cell, anchors, strict=True)]
    right = torch.stack(rows) if rows else torch.zeros(0, 4)
    expect_within(found[:, :2], right[:, :2], "the centres", rtol=1e-4, atol=1e-3)
    expect_within(found[:, 2:], right[:, 2:], "the sizes", rtol=1e-4, atol=1e-3)


def _decoded(t: Tensor, cell: Tensor, anchor: Tensor, stride: int) -> Tensor:
    """Return one box, by the whole map of which it is a place."""
    column, row = cell.long().tolist()
    numbers = torch.zeros(1, 1, row + 1, column + 1, 4)
    numbers[0, 0, row, column] = t
    return decode(numbers, anchor[None], stride)[0, 0, row, column]


@part(
    "yolov5-decode",
    "zeros mean the anchor in the middle of the cell",
    points=1,
    hint="The sigmoid of 0 is a half: 2 · ½ - 0.5 = 0.5 cells, (2 · ½)² = 1 anchor.",
)
def _zeros(answer: Answer, generator: torch.Generator) -> None:
    cell = torch.tensor([[3.0, 1.0], [0.0, 4.0]])
    _expect_boxes(answer, torch.zeros(2, 4), cell, 8)
    _expect_boxes(answer, torch.zeros(2, 4), cell, 32)


@part(
    "yolov5-decode",
    "other numbers move and stretch it as the formulas say",
    points=2,
    hint="Twice the sigmoid; for the size squared, for the centre less a half.",
)
def _others(answer: Answer, generator: torch.Generator) -> None:
    t = 3 * torch.randn(9, 4, generator=generator)
    cell = torch.randint(0, 10, (9, 2), generator=generator).float()
    _expect_boxes(answer, t, cell, 16)


@part(
    "yolov5-decode",
    "very large numbers, and none at all",
    points=1,
    hint="Neither needs a special case.",
    hidden=True,
)
def _extremes(answer: Answer, generator: torch.Generator) -> None:
    t = torch.tensor([[80.0, -80.0, 80.0, 80.0], [-80.0, 80.0, 20.0, -20.0]])
    _expect_boxes(answer, t, torch.tensor([[2.0, 5.0], [1.0, 0.0]]), 8)
    _expect_boxes(answer, torch.zeros(0, 4), torch.zeros(0, 2), 8)


forbid("yolov5-learners", match)
_ANCHORS = ((12.0, 12.0), (30.0, 12.0), (60.0, 50.0))


def _expect_learners(answer: Answer, box: tuple[float, ...], ratio: float = 4) -> None:
    found = answer(box, _ANCHORS, 8, 12, ratio)
    rows = sorted(tuple(int(n) for n in row) for row in found)
    expect_equal(rows, sorted(_learners(box, ratio)), f"the places of {box}")


def _learners(box: tuple[float, ...], ratio: float) -> list[tuple[int, int, int]]:
    """Return (anchor, row, column), asking each place of the map."""
    x, y, width, height = box
    places = []
    for a, (wide, high) in enumerate(_ANCHORS):
        sides = (width / wide, wide / width, height / high, high / height)
        for row in range(12) if max(sides) < ratio else ():
            for column in range(12):
                right, down = x / 8 - column, y / 8 - row
                own = 0 <= right < 1 and 0 <= down < 1
                beside = 0 <= down < 1 and -0.5 < right < 1.5
                above = 0 <= right < 1 and -0.5 < down < 1.5
                if own or beside or above:
                    places.append((a, row, column))
    return places


@part(
    "yolov5-learners",
    "each anchor that the object fits, in the cell of its centre",
    points=1,
    hint="The largest of w / a, a / w, h / b and b / h has to be below the ratio.",
)
def _fitting(answer: Answer, generator: torch.Generator) -> None:
    _expect_learners(answer, (36.0, 44.0, 14.0, 13.0))  # the very middle of a cell
    _expect_learners(answer, (36.0, 44.0, 47.0, 14.0))
    _expect_learners(answer, (36.0, 44.0, 48.0, 14.0))  # four times: no longer
    _expect_learners(answer, (36.0, 44.0, 14.0, 13.0), 2)


@part(
    "yolov5-learners",
    "the nearer neighbour across, and the nearer one down",
    points=2,
    hint="In the left half of its cell the neighbour is the column before, otherwise "
    "the column after; the same for rows.",
)
def _neighbours(answer: Answer, generator: torch.Generator) -> None:
    for x, y in ((34.0, 41.0), (39.0, 41.0), (34.0, 46.0), (39.0, 46.0)):
        _expect_learners(answer, (x, y, 14.0, 13.0))
    for _ in range(4):
        x, y, w, h = torch.rand(4, generator=generator).tolist()
        _expect_learners(answer, (20 + 50 * x, 20 + 50 * y, 5 + 50 * w, 5 + 50 * h))


@part(
    "yolov5-learners",
    "no cell outside of the map, and no place for what fits nothing",
    points=1,
    hint="Rows and columns go from 0 to 11.",
    hidden=True,
)
def _edges(answer: Answer, generator: torch.Generator) -> None:
    _expect_learners(answer, (2.0, 93.0, 14.0, 13.0))
    _expect_learners(answer, (94.0, 1.0, 14.0, 13.0))
    _expect_learners(answer, (36.0, 44.0, 2.0, 90.0))
