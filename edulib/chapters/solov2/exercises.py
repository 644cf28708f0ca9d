"""Checks of the exercises of the chapter on SOLOv2."""

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
from edulib.models.detection.solov2 import assign_cells, cut_out, matrix_nms
from edulib.models.detection.solov2.network import GRIDS, RANGES

_BOX = (410, 300, 610, 425)  # of an ellipse, so its centre of mass is its middle
_SIZE = (800, 800)


def _cells(grid: int, limits: tuple[float, float]) -> list[tuple[int, int]]:
    left, top, right, bottom = _BOX
    boxes = torch.tensor([_BOX], dtype=torch.double)
    y = (torch.arange(_SIZE[0]) + 0.5)[:, None]
    x = torch.arange(_SIZE[1]) + 0.5
    across = (2 * x - left - right) / (right - left)
    down = (2 * y - top - bottom) / (bottom - top)
    masks = (across**2 + down**2 < 1)[None]
    cells, _ = assign_cells(boxes, masks, grid, limits, _SIZE)
    return [divmod(cell, grid) for cell in cells.tolist()]


def _in_order(given: object) -> object:
    """Return a list in order, pairs as tuples, and anything else as it is."""
    if not isinstance(given, list | tuple | set):
        return given
    return sorted(tuple(one) if isinstance(one, list) else one for one in given)


@part(
    "solov2-cells",
    "the grids that learn the object",
    points=1,
    hint="The root of the box's area is about 158 pixels.",
)
def _grids(answer: Answer, generator: torch.Generator) -> None:
    pairs = zip(GRIDS, RANGES, strict=True)
    right = [grid for grid, limits in pairs if _cells(grid, limits)]
    expect_equal(_in_order(answer[0]), sorted(right), "grids")


@part(
    "solov2-cells",
    "the cell of the centre",
    points=1,
    hint="A cell of this grid has sides of 800 / 24 pixels; the row comes first.",
)
def _centre(answer: Answer, generator: torch.Generator) -> None:
    step = _SIZE[0] / 24
    middle = (_BOX[1] + _BOX[3]) / 2, (_BOX[0] + _BOX[2]) / 2
    right = tuple(int(place / step) for place in middle)
    given = tuple(answer[1]) if isinstance(answer[1], list) else answer[1]
    expect_equal(given, right, "cell")


@part(
    "solov2-cells",
    "all cells that learn it",
    points=1,
    hint="The centre region reaches from x = 490 to 530, and from y = 350 to 375.",
)
def _all(answer: Answer, generator: torch.Generator) -> None:
    right = _cells(24, (1, 2048))
    expect_equal(_in_order(answer[2]), sorted(right), "cells")


forbid("solov2-matrix", matrix_nms)


def _overlaps(count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, count, generator=generator).triu(diagonal=1)


def _slowly(ious: Tensor, scores: Tensor) -> Tensor:
    """Return the new scores by loops over pairs."""
    right = scores.clone()
    for j in range(len(scores)):
        least = 1.0
        for i in range(j):
            worst = max((ious[k, i].item() for k in range(i)), default=0.0)
            factor = torch.tensor((worst**2 - ious[i, j].item() ** 2) / 0.5).exp()
            least = min(least, factor.item())
        right[j] = scores[j] * least
    return right


def _expect_scores(answer: Answer, ious: Tensor, scores: Tensor) -> None:
    given = ious.clone(), scores.clone()
    found = answer(*given)
    expect_unchanged(given[0], ious)
    expect_unchanged(given[1], scores)
    expect_shape(found, (len(scores),))
    right = _slowly(ious, scores)
    expect_within(found, right, "the new scores", rtol=1e-4, atol=1e-6)


@part(
    "solov2-matrix",
    "a duplicate of a sure mask loses its score",
    points=1,
    hint="With two masks the divisor is f(0) = 1.",
)
def _two(answer: Answer, generator: torch.Generator) -> None:
    ious = torch.tensor([[0.0, 0.8], [0.0, 0.0]])
    _expect_scores(answer, ious, torch.tensor([0.9, 0.6]))


@part(
    "solov2-matrix",
    "what is itself a duplicate counts less against others",
    points=2,
    hint="`ious.amax(0)` is the worst overlap of each mask with a surer one; it goes "
    "with the row, not with the column.",
)
def _many(answer: Answer, generator: torch.Generator) -> None:
    for count in (3, 8):
        scores = torch.rand(count, generator=generator).sort(descending=True).values
        _expect_scores(answer, _overlaps(count, generator), scores)


@part(
    "solov2-matrix",
    "no score rises, and one mask alone keeps its own",
    points=1,
    hint="Only surer masks count: elsewhere the factor is 1.",
    hidden=True,
)
def _never_more(answer: Answer, generator: torch.Generator) -> None:
    _expect_scores(answer, torch.zeros(1, 1), torch.tensor([0.7]))
    ious = torch.zeros(4, 4)
    ious[0, 1] = ious[1, 2] = 0.95  # the last overlaps nothing
    _expect_scores(answer, ious, torch.tensor([0.9, 0.8, 0.7, 0.6]))


forbid("solov2-kernels", cut_out)


def _expect_masks(answer: Answer, cells: list[int], generator: torch.Generator) -> None:
    features = torch.randn(6, 7, 9, generator=generator)
    kernels = torch.randn(6, 4, 4, generator=generator)
    given = features.clone(), kernels.clone(), torch.tensor(cells, dtype=torch.int64)
    found = answer(*given)
    expect_unchanged(given[0], features)
    expect_unchanged(given[1], kernels)
    expect_shape(found, (len(cells), 7, 9))
    right = torch.zeros(len(cells), 7, 9)
    for n, cell in enumerate(cells):
        row, column = divmod(cell, 4)
        for channel in range(6):
            right[n] += kernels[channel, row, column] * features[channel]
    expect_within(found, right.sigmoid(), "the masks", rtol=1e-4, atol=1e-5)


@part(
    "solov2-kernels",
    "a kernel is a weighted sum of the features",
    points=2,
    hint="`kernels.flatten(1)[:, cells]` are the kernels (E, N) of the cells.",
)
def _sums(answer: Answer, generator: torch.Generator) -> None:
    _expect_masks(answer, [3, 12, 5], generator)


@part(
    "solov2-kernels",
    "no cell, no mask; the same cell twice, two masks",
    points=1,
    hint="An index of length 0 leaves a table without columns.",
    hidden=True,
)
def _none(answer: Answer, generator: torch.Generator) -> None:
    _expect_masks(answer, [], generator)
    _expect_masks(answer, [7, 7], generator)
