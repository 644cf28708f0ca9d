"""Checks of the exercises of the chapter on Mask R-CNN."""

import torch
from torch import Tensor
from torch.nn import functional as F

from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect_equal,
    expect_shape,
    expect_unchanged,
    expect_within,
)
from edulib.exercises.registry import forbid, part
from edulib.models.detection.mask_rcnn import paste, paste_masks
from edulib.models.ops.roi import roi_align, roi_pool

_STRIDE, _FIRST, _LAST = 16, 42.0, 106.0
_ROW = (0.0, 4.0, 4.0, 8.0, 24.0, 16.0, 0.0, 0.0, 0.0)


@part(
    "maskrcnn-align",
    "pixels that RoIPool reads",
    points=1,
    hint="Round both edges to whole cells; the last cell is read, too.",
)
def _pooled(answer: Answer, generator: torch.Generator) -> None:
    numbers = torch.arange(1.0, 10)
    line = torch.stack([-numbers, numbers])[None, :, None]
    box = torch.tensor([[_FIRST, 0, _LAST, 8]])
    first, last = roi_pool(line, [box], (1, 1), 1 / _STRIDE)[0, :, 0, 0].tolist()
    right = round(_STRIDE * (-first - 1)), round(_STRIDE * last)
    expect_equal(answer[0], right, "pooled")


@part(
    "maskrcnn-align",
    "the first point of RoIAlign",
    points=1,
    hint="Two parts of 32 pixels, two points in each: the first stands at a quarter of "
    "the first part.",
)
def _point(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], (_FIRST + (_LAST - _FIRST) / 8) / _STRIDE, "point")


@part(
    "maskrcnn-align",
    "the value between two cells",
    points=1,
    hint="The nearer cell has the larger weight; the weights add up to 1.",
)
def _value(answer: Answer, generator: torch.Generator) -> None:
    row = torch.tensor(_ROW).expand(1, 1, 2, -1)
    quarter = torch.tensor([[_FIRST, 0, _FIRST + (_LAST - _FIRST) / 4, 16]])
    read = roi_align(row, [quarter], (1, 1), 1 / _STRIDE, samples=1, aligned=False)
    expect_equal(answer[2], read.item(), "value")


forbid("maskrcnn-paste", paste, paste_masks)


def _expect_pasted(
    answer: Answer, cells: Tensor, box: tuple[int, int, int, int], size: tuple[int, int]
) -> None:
    given = cells.clone()
    found = answer(given, box, *size)
    expect_unchanged(given, cells)
    expect_shape(found, size)
    values = _pasted(cells, box, size)
    sure = (values - 0.5).abs() > 1e-3  # pixels on the threshold may fall either way
    right = (values > 0.5) & sure
    expect_within(found * 1.0 * sure, right * 1.0, "the mask", rtol=0, atol=1e-6)


def _pasted(
    cells: Tensor, box: tuple[int, int, int, int], size: tuple[int, int]
) -> Tensor:
    """Paste into a canvas so large that the box lies inside, and cut the image out."""
    left, top, right, bottom = box
    margin = 200
    resized = F.interpolate(
        cells[None, None], (bottom - top, right - left), mode="bilinear"
    )
    canvas = torch.zeros(size[0] + 2 * margin, size[1] + 2 * margin)
    rows = slice(top + margin, bottom + margin)
    canvas[rows, left + margin : right + margin] = resized[0, 0]
    return canvas[margin : margin + size[0], margin : margin + size[1]]


def _cells(generator: torch.Generator) -> Tensor:
    """Return a mask of 28 cells that no mirror and no turn leaves as it is."""
    coarse = torch.rand(1, 1, 5, 5, generator=generator)
    coarse[..., :2, :3] = 0.95
    coarse[..., 3:, 3:] = 0.05
    return F.interpolate(coarse, (28, 28), mode="bicubic").clamp(0, 1)[0, 0]


@part(
    "maskrcnn-paste",
    "resizes the cells to the box, and puts them there",
    points=2,
    hint="`interpolate` takes (height, width): lower minus upper edge first.",
)
def _inside(answer: Answer, generator: torch.Generator) -> None:
    _expect_pasted(answer, _cells(generator), (10, 5, 60, 33), (48, 80))
    _expect_pasted(answer, _cells(generator), (3, 20, 12, 47), (48, 80))


@part(
    "maskrcnn-paste",
    "cuts off what reaches out of the image",
    points=2,
    hint="Cut the resized mask by as many rows and columns as the box lies outside.",
)
def _outside(answer: Answer, generator: torch.Generator) -> None:
    for box in ((-15, -8, 30, 22), (55, 30, 95, 60), (-9, 12, 90, 40)):
        _expect_pasted(answer, _cells(generator), box, (48, 80))


@part(
    "maskrcnn-paste",
    "a box wholly outside gives an empty mask",
    points=1,
    hint="A slice that ends before 0 counts from the other side: ask for the overlap.",
    hidden=True,
)
def _nowhere(answer: Answer, generator: torch.Generator) -> None:
    for box in ((-50, 5, -10, 30), (10, 60, 40, 90), (85, 3, 99, 20), (8, -40, 30, -5)):
        _expect_pasted(answer, _cells(generator), box, (48, 80))


def _expect_overlaps(answer: Answer, masks: Tensor, others: Tensor) -> None:
    given = masks.clone(), others.clone()
    found = answer(*given)
    expect_unchanged(given[0], masks)
    expect_unchanged(given[1], others)
    expect_shape(found, (len(masks), len(others)))
    right = torch.zeros(len(masks), len(others))
    for k, one in enumerate(masks):
        for n, other in enumerate(others):
            union = int((one | other).sum())
            right[k, n] = int((one & other).sum()) / union if union else 0.0
    expect_within(found, right, "the overlaps", rtol=1e-5, atol=1e-6)


def _masks(count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, 20, 30, generator=generator) > 0.6


@part(
    "maskrcnn-iou",
    "pixels that both have, over pixels that either has",
    points=2,
    hint="`masks[:, None] & others` has the shape (N, M, H, W).",
)
def _overlaps(answer: Answer, generator: torch.Generator) -> None:
    masks = _masks(4, generator)
    _expect_overlaps(answer, masks, _masks(3, generator))
    _expect_overlaps(answer, masks, masks)


@part(
    "maskrcnn-iou",
    "two empty masks overlap by 0",
    points=1,
    hint="Divide by at least 1.",
)
def _empty(answer: Answer, generator: torch.Generator) -> None:
    masks = _masks(3, generator)
    masks[1] = False
    _expect_overlaps(answer, masks, masks)


@part(
    "maskrcnn-iou",
    "without masks the table has no rows",
    points=1,
    hint="Broadcasting needs no special case.",
    hidden=True,
)
def _none(answer: Answer, generator: torch.Generator) -> None:
    masks = _masks(3, generator)
    _expect_overlaps(answer, masks[:0], masks)
    _expect_overlaps(answer, masks, masks[:0])
