"""Checks of the exercises of the chapter on YOLACT."""

import math

import torch
from torch import Tensor

from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect_equal,
    expect_shape,
    expect_unchanged,
    expect_within,
)
from edulib.exercises.registry import forbid, part
from edulib.models.detection.yolact import fast_nms

_SIDES = (50, 25, 13, 7, 4)


@part(
    "yolact-hand",
    "anchors of YOLACT-400",
    points=1,
    hint="Squares of the five sides, added up, and three shapes at each place.",
)
def _anchors(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[0], 3 * sum(side * side for side in _SIDES), "anchors")


@part(
    "yolact-hand",
    "the sum behind the sigmoid",
    points=1,
    hint="Each prototype times its coefficient; the sigmoid comes after the sum.",
)
def _sum(answer: Answer, generator: torch.Generator) -> None:
    pairs = zip((3.0, 2.0, 0.5), (0.5, -1.0, 0.8), strict=True)
    expect_equal(answer[1], sum(value * weight for value, weight in pairs), "total")


@part(
    "yolact-hand",
    "what both suppressions keep",
    points=2,
    hint="B goes in both. Does it still remove C?",
)
def _kept(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[2], ["A", "C"], "usual")
    expect_equal(answer[3], ["A"], "fast")


forbid("yolact-nms", fast_nms)


def _chain(generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return overlapping boxes of which removed ones would remove others."""
    corners = 40 * torch.rand(30, 2, generator=generator)
    sides = 12 + 14 * torch.rand(30, 2, generator=generator)
    steps = torch.arange(6.0)[:, None] * torch.tensor([[5.0, 0, 5, 0]])
    row = torch.tensor([[100.0, 100, 120, 120]]) + steps
    boxes = torch.cat([torch.cat([corners, corners + sides], 1), row])
    scores = torch.randperm(len(boxes), generator=generator) / 64 + 0.25
    scores[30:] = 0.99 - 0.01 * torch.arange(6)
    order = torch.randperm(len(boxes), generator=generator)
    return boxes[order], scores[order]


def _overlap(one: list[float], other: list[float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(width, 0) * max(height, 0)
    areas = ((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other))
    return both / (sum(areas) - both)


def _expect_kept(answer: Answer, boxes: Tensor, scores: Tensor, limit: float) -> None:
    given = boxes.clone(), scores.clone()
    found = answer(*given, limit)
    expect_unchanged(given[0], boxes)
    expect_unchanged(given[1], scores)
    rows, order = boxes.tolist(), scores.tolist()
    index = sorted(range(len(rows)), key=lambda k: -order[k])
    right = [
        k
        for rank, k in enumerate(index)
        if max((_overlap(rows[k], rows[j]) for j in index[:rank]), default=0) <= limit
    ]
    expect_shape(found, (len(right),), "what is kept")
    expect_within(
        found * 1.0, torch.tensor(right) * 1.0, "what is kept", rtol=0, atol=1e-6
    )


@part(
    "yolact-nms",
    "keeps boxes that no surer one overlaps, the surest first",
    points=2,
    hint="Sort first; the upper triangle of the table of IoU without its diagonal "
    "holds the surer boxes, in columns.",
)
def _apart(answer: Answer, generator: torch.Generator) -> None:
    boxes = torch.tensor(
        [[0.0, 0, 10, 20], [50, 0, 60, 9], [0, 2, 10, 22], [50, 30, 70, 40]]
    )
    scores = torch.tensor([0.6, 0.7, 0.9, 0.2])
    _expect_kept(answer, boxes, scores, 0.5)


@part(
    "yolact-nms",
    "boxes that are removed remove others",
    points=2,
    hint="No box waits for the fate of another: take the maximum over all surer ones.",
)
def _removed(answer: Answer, generator: torch.Generator) -> None:
    boxes, scores = _chain(generator)
    for limit in (0.3, 0.5):
        _expect_kept(answer, boxes, scores, limit)


@part(
    "yolact-nms",
    "one box alone is kept",
    points=1,
    hint="Its table of IoU has one entry, on the diagonal.",
    hidden=True,
)
def _alone(answer: Answer, generator: torch.Generator) -> None:
    _expect_kept(answer, torch.tensor([[3.0, 4, 9, 8]]), torch.tensor([0.5]), 0.5)


def _expect_loss(answer: Answer, logits: Tensor, wanted: Tensor, boxes: Tensor) -> None:
    given = logits.clone(), wanted.clone(), boxes.clone()
    found = answer(*given)
    for mine, before in zip(given, (logits, wanted, boxes), strict=True):
        expect_unchanged(mine, before)
    expect_shape(found, (len(boxes),), "the losses")
    right = []
    for z, truth, box in zip(logits.tolist(), wanted.tolist(), boxes, strict=True):
        left, top, end, bottom = box.tolist()
        total = 0.0
        for y, row in enumerate(z):
            for x, value in enumerate(row):
                if left <= x < end and top <= y < bottom:
                    sign = 1 if truth[y][x] else -1
                    total += max(-sign * value, 0) + math.log1p(math.exp(-abs(value)))
        right.append(total / ((end - left) * (bottom - top)))
    expect_within(found, torch.tensor(right), "the losses", rtol=1e-4, atol=1e-6)


def _some_masks(generator: torch.Generator) -> tuple[Tensor, Tensor]:
    logits = 4 * torch.randn(3, 9, 14, generator=generator)
    return logits, (torch.rand(3, 9, 14, generator=generator) > 0.5).float()


@part(
    "yolact-loss",
    "asks the cells in the box, and no others",
    points=2,
    hint="`torch.arange` for columns and rows, against the edges, give the crop.",
)
def _inside(answer: Answer, generator: torch.Generator) -> None:
    logits, wanted = _some_masks(generator)
    boxes = torch.tensor([[1.0, 2, 5, 6], [8, 0, 12, 4], [0, 5, 4, 9]])
    _expect_loss(answer, logits, wanted, boxes)


@part(
    "yolact-loss",
    "divides by the area of the box",
    points=2,
    hint="By its area as it is, not by the number of cells that it catches.",
)
def _area(answer: Answer, generator: torch.Generator) -> None:
    logits, wanted = _some_masks(generator)
    boxes = torch.tensor([[0.0, 0, 14, 9], [2.5, 1.25, 4.75, 8], [6, 3, 7.5, 4.5]])
    _expect_loss(answer, logits, wanted, boxes)


@part(
    "yolact-loss",
    "is finite for sure predictions",
    points=1,
    hint="`binary_cross_entropy_with_logits` never takes the logarithm of 0.",
    hidden=True,
)
def _sure(answer: Answer, generator: torch.Generator) -> None:
    logits, wanted = _some_masks(generator)
    boxes = torch.tensor([[1.0, 2, 5, 6], [8, 0, 12, 4], [0, 5, 4, 9]])
    _expect_loss(answer, 40 * logits, wanted, boxes)
