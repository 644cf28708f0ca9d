"""Checks of the exercises of the chapter on SSD."""

import torch
from torch import Tensor, nn

from edulib.anatomy import count_parameters
from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect_equal,
    expect_shape,
    expect_unchanged,
    expect_within,
)
from edulib.exercises.registry import forbid, part
from edulib.models.detection.ssd.loss import hardest
from edulib.models.ops.anchors import default_boxes
from edulib.models.ops.matching import match, match_each_first

_SIDES = (64, 32, 16, 8, 4, 2, 1)
_SHAPES = (4, 6, 6, 6, 6, 4, 4)
_SCALES = (0.07, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.05)


@part(
    "ssd-count",
    "default boxes of all maps",
    points=1,
    hint="Places of a map times boxes in a cell, summed over seven maps.",
)
def _boxes(answer: Answer, generator: torch.Generator) -> None:
    maps = [(side, side) for side in _SIDES]
    ratios = [(2, 3)[: shapes // 2 - 1] for shapes in _SHAPES]
    total = len(default_boxes((512, 512), maps, _SCALES, ratios))
    expect_equal(answer[0], total, "total_boxes")


@part(
    "ssd-count",
    "channels of the predictors",
    points=1,
    hint="Each of six boxes needs a number for each kind, one for the background, and "
    "four offsets.",
)
def _channels(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], 6 * (20 + 1 + 4), "channels")


@part(
    "ssd-count",
    "their parameters",
    points=1,
    hint="A 3x3 convolution has 9 weights for each pair of channels, and biases.",
)
def _parameters(answer: Answer, generator: torch.Generator) -> None:
    layer = nn.Conv2d(1024, 6 * (20 + 1 + 4), 3)
    expect_equal(answer[2], count_parameters(layer), "parameters")


forbid("ssd-hardest", hardest)


def _expect_marks(answer: Answer, entropy: Tensor, matched: Tensor, ratio: int) -> None:
    given = entropy.clone(), matched.clone()
    found = answer(*given, ratio)
    expect_unchanged(given[0], entropy)
    expect_unchanged(given[1], matched)
    expect_shape(found, tuple(matched.shape))
    right = hardest(entropy[None], matched[None], ratio)[0]
    expect_within(found * 1.0, right * 1.0, "the marks", rtol=0, atol=1e-6)


def _losses(generator: torch.Generator, count: int) -> Tensor:
    return torch.rand(count, generator=generator).mul(5)


def _some(count: int, *chosen: int) -> Tensor:
    marks = torch.zeros(count, dtype=torch.bool)
    marks[list(chosen)] = True
    return marks


@part(
    "ssd-hardest",
    "marks the negatives with the highest loss, as many as asked",
    points=2,
    hint="Rank the negatives by their loss; keep ratio times the number of matches.",
)
def _marks(answer: Answer, generator: torch.Generator) -> None:
    entropy = _losses(generator, 40)
    entropy[[3, 17]] = 0.001  # what is matched has a low loss
    _expect_marks(answer, entropy, _some(40, 3, 17), 3)
    _expect_marks(answer, entropy, _some(40, 3, 17), 5)


@part(
    "ssd-hardest",
    "never marks a matched box, however high its loss",
    points=1,
    hint="Take the matched boxes out before you rank.",
)
def _not_matched(answer: Answer, generator: torch.Generator) -> None:
    entropy = _losses(generator, 40)
    entropy[[5, 20, 31]] = 9
    _expect_marks(answer, entropy, _some(40, 5, 20, 31), 3)


@part(
    "ssd-hardest",
    "with too few negatives marks all; without a match, none",
    points=1,
    hint="Comparing ranks with a number needs no special case.",
    hidden=True,
)
def _few(answer: Answer, generator: torch.Generator) -> None:
    entropy = _losses(generator, 8)
    _expect_marks(answer, entropy, _some(8, 0, 1, 2, 3), 3)
    _expect_marks(answer, entropy, _some(8), 3)


forbid("ssd-match", match, match_each_first)


def _expect_matches(answer: Answer, overlaps: Tensor, threshold: float = 0.5) -> None:
    given = overlaps.clone()
    found = answer(given, threshold)
    expect_unchanged(given, overlaps)
    expect_shape(found, (overlaps.shape[1],))
    right = torch.tensor(_matched(overlaps, threshold))
    expect_within(found * 1.0, right * 1.0, "the objects", rtol=0, atol=1e-6)


def _matched(overlaps: Tensor, threshold: float) -> list[int]:
    """Return the object of each box, -1 for none, by a loop."""
    rows, found = overlaps.tolist(), [-1] * overlaps.shape[1]
    best = [threshold] * len(found)
    for number, row in enumerate(rows):
        for k, overlap in enumerate(row):
            if overlap >= best[k]:
                best[k], found[k] = overlap, number
    for number, row in enumerate(rows):
        found[row.index(max(row))] = number
    return found


@part(
    "ssd-match",
    "boxes above the threshold get the object that they overlap most",
    points=1,
    hint="Over the objects, the maximum of each column and where it is.",
)
def _above(answer: Answer, generator: torch.Generator) -> None:
    overlaps = torch.tensor(
        [[0.9, 0.6, 0.1, 0.0, 0.55, 0.2], [0.0, 0.7, 0.8, 0.5, 0.0, 0.4]]
    )
    _expect_matches(answer, overlaps)
    _expect_matches(answer, overlaps, 0.65)


@part(
    "ssd-match",
    "an object that no box fits well gets its best one",
    points=1,
    hint="For each row the box with the highest IoU, whatever the threshold.",
)
def _rescued(answer: Answer, generator: torch.Generator) -> None:
    overlaps = torch.tensor([[0.1, 0.3, 0.2, 0.0], [0.0, 0.0, 0.1, 0.8]])
    _expect_matches(answer, overlaps)


@part(
    "ssd-match",
    "an object's best box is its own, even if another overlaps it more",
    points=2,
    hint="Do the rescue last, and let it overwrite.",
)
def _contested(answer: Answer, generator: torch.Generator) -> None:
    overlaps = torch.tensor([[0.9, 0.7, 0.0, 0.0], [0.1, 0.6, 0.55, 0.0]])
    _expect_matches(answer, overlaps)
    for _ in range(4):
        _expect_matches(answer, _random_overlaps(generator))


def _random_overlaps(generator: torch.Generator) -> Tensor:
    """Four objects whose best boxes are four, one of them badly overlapped."""
    overlaps = 0.75 * torch.rand(4, 30, generator=generator)
    overlaps[3] *= 0.6
    best = torch.randperm(30, generator=generator)[:4]
    overlaps[torch.arange(4), best] = torch.tensor([0.8, 0.85, 0.9, 0.47])
    return overlaps


@part(
    "ssd-match",
    "without objects all boxes are background",
    points=1,
    hint="The maximum over no rows is an error: ask first.",
    hidden=True,
)
def _none(answer: Answer, generator: torch.Generator) -> None:
    _expect_matches(answer, torch.zeros(0, 7))
