"""Checks of the exercises of the chapter on Faster R-CNN."""

import torch
from torch import Tensor, nn

from edulib.anatomy import count_parameters
from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect,
    expect_equal,
    expect_shape,
    expect_unchanged,
    expect_within,
)
from edulib.exercises.registry import forbid, part
from edulib.models.ops.matching import match

_MAP = (25, 38)
_ANCHORS = 12


@part(
    "fasterrcnn-count",
    "anchors of the image",
    points=1,
    hint="Places of the map times anchors at a place.",
)
def _anchors(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[0], _MAP[0] * _MAP[1] * _ANCHORS, "anchors")


@part(
    "fasterrcnn-count",
    "channels of the two output layers",
    points=1,
    hint="Each anchor needs two scores and four offsets.",
)
def _channels(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], _ANCHORS * (2 + 4), "channels")


@part(
    "fasterrcnn-count",
    "parameters of the RPN",
    points=1,
    hint="A 3x3 convolution of 256 channels, and two 1x1; each with biases.",
)
def _parameters(answer: Answer, generator: torch.Generator) -> None:
    layers = nn.Sequential(
        nn.Conv2d(256, 256, 3), nn.Conv2d(256, _ANCHORS * (2 + 4), 1)
    )
    expect_equal(answer[2], count_parameters(layers), "parameters")


forbid("fasterrcnn-labels", match)


def _expect_labels(answer: Answer, overlaps: Tensor, *thresholds: float) -> None:
    given = overlaps.clone()
    found = answer(given, *thresholds)
    expect_unchanged(given, overlaps)
    expect_shape(found, (overlaps.shape[1],))
    high, low = thresholds or (0.7, 0.3)
    right = _labels(overlaps, high, low)
    expect_within(found * 1.0, right, "the labels", rtol=0, atol=1e-6)


def _labels(overlaps: Tensor, high: float, low: float) -> Tensor:
    """The rule in arithmetic: a check may not rest on what an answer could replace."""
    best = overlaps.max(0).values
    most = overlaps.max(1, keepdim=True).values
    rescued = ((overlaps == most) & (most > 0)).float().max(0).values
    positive = torch.maximum((best >= high).float(), rescued)
    between = (best >= low).float() * (1 - positive)
    return positive - between


@part(
    "fasterrcnn-labels",
    "labels by the two thresholds",
    points=1,
    hint="The highest IoU of each anchor with any object decides.",
)
def _thresholds(answer: Answer, generator: torch.Generator) -> None:
    overlaps = torch.tensor(
        [[0.95, 0.8, 0.5, 0.2, 0.0, 0.4], [0.0, 0.1, 0.4, 0.25, 0.9, 0.75]]
    )
    _expect_labels(answer, overlaps)
    _expect_labels(answer, overlaps, 0.85, 0.45)
    _expect_labels(answer, overlaps, 0.75, 0.25)  # both are reached exactly


@part(
    "fasterrcnn-labels",
    "the best anchors of an object are positive, ties included",
    points=2,
    hint="Over each row the maximum, whatever its value; compare with it.",
)
def _best(answer: Answer, generator: torch.Generator) -> None:
    overlaps = torch.tensor(
        [[0.8, 0.1, 0.2, 0.0, 0.1], [0.0, 0.5, 0.35, 0.5, 0.1]],
    )
    _expect_labels(answer, overlaps)
    low = torch.tensor([[0.1, 0.25, 0.0, 0.2], [0.0, 0.1, 0.9, 0.0]])
    _expect_labels(answer, low)


@part(
    "fasterrcnn-labels",
    "an object that no anchor touches makes none positive",
    points=1,
    hint="If the maximum of a row is 0, every anchor would equal it.",
    hidden=True,
)
def _untouched(answer: Answer, generator: torch.Generator) -> None:
    overlaps = torch.tensor([[0.0, 0.0, 0.0, 0.0], [0.1, 0.8, 0.0, 0.2]])
    _expect_labels(answer, overlaps)


def _recalls(overlaps: Tensor, threshold: float) -> Tensor:
    """Recall with the first 1, 2, ... proposals."""
    return (overlaps.cummax(1).values >= threshold).float().mean(0)


def _expect_recalls(answer: Answer, overlaps: Tensor, *threshold: float) -> None:
    given = overlaps.clone()
    found = answer(given, *threshold)
    expect_unchanged(given, overlaps)
    expect_shape(found, (overlaps.shape[1],))
    right = _recalls(overlaps, *(threshold or (0.5,)))
    expect_within(found * 1.0, right, "the recalls", rtol=0, atol=1e-5)


@part(
    "fasterrcnn-recall",
    "recall with 1, 2, ... proposals",
    points=2,
    hint="An object that the first two cover is covered by the first three.",
)
def _curve(answer: Answer, generator: torch.Generator) -> None:
    _expect_recalls(answer, torch.rand(7, 12, generator=generator) * 0.8)
    _expect_recalls(answer, torch.rand(30, 5, generator=generator))


@part(
    "fasterrcnn-recall",
    "for any threshold, which itself counts",
    points=1,
    hint="At least the threshold: greater or equal.",
)
def _any_threshold(answer: Answer, generator: torch.Generator) -> None:
    overlaps = torch.tensor([[0.25, 0.75, 0.5], [0.0, 0.125, 0.75]])
    for threshold in (0.5, 0.75, 0.125):
        _expect_recalls(answer, overlaps, threshold)


@part(
    "fasterrcnn-recall",
    "the curve never falls, and a proposal may cover two objects",
    points=1,
    hint="Count objects, not proposals.",
    hidden=True,
)
def _covers_two(answer: Answer, generator: torch.Generator) -> None:
    overlaps = torch.tensor([[0.6, 0.1, 0.0], [0.7, 0.0, 0.2], [0.0, 0.1, 0.8]])
    _expect_recalls(answer, overlaps)
    found = answer(torch.rand(9, 20, generator=generator), 0.5)
    expect(found.diff().min().item() >= 0, "recall cannot fall with more proposals.")
