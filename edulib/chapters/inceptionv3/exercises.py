"""Checks of the exercises of the chapter on Inception-v3."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.anatomy import count_macs
from edulib.chapters.inceptionv3.calibration import calibration_error, reliability
from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect_equal,
    expect_shape,
    expect_unchanged,
    expect_within,
)
from edulib.exercises.registry import forbid, part

_GRID = (128, 17, 17)


@part(
    "inceptionv3-cost",
    "a 7x7 convolution",
    points=1,
    hint="49 weights for each pair of channels, used at each of the 17 * 17 places.",
)
def _whole(answer: Answer, generator: torch.Generator) -> None:
    layer = nn.Conv2d(128, 192, 7, padding=3, bias=False)
    expect_equal(answer[0], count_macs(layer, _GRID), "whole_macs")


@part(
    "inceptionv3-cost",
    "a row and a column",
    points=1,
    hint="The row has 128 channels on both sides, the column 128 and 192.",
)
def _thin(answer: Answer, generator: torch.Generator) -> None:
    row = nn.Conv2d(128, 128, (1, 7), padding=(0, 3), bias=False)
    column = nn.Conv2d(128, 192, (7, 1), padding=(3, 0), bias=False)
    macs = count_macs(nn.Sequential(row, column), _GRID)
    expect_equal(answer[1], macs, "thin_macs")


@part(
    "inceptionv3-cost",
    "the target of the right class",
    points=1,
    hint="Its own share, 1 - 0.2, and its part of the 0.2 that all classes share.",
)
def _target(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[2], 0.8 + 0.2 / 10, "target")


def _kernels(
    generator: torch.Generator, first: tuple[int, int], second: tuple[int, int]
) -> tuple[Tensor, Tensor, Tensor]:
    """Images, and the weights of two convolutions from 3 to 4 to 5 channels."""
    x = torch.randn(2, 3, 11, 12, generator=generator)
    one = torch.randn(4, 3, *first, generator=generator)
    two = torch.randn(5, 4, *second, generator=generator)
    return x, one, two


def _expect_same(
    answer: Answer,
    generator: torch.Generator,
    first: tuple[int, int],
    second: tuple[int, int],
) -> None:
    """Expect one convolution to give what two in a row do."""
    x, one, two = _kernels(generator, first, second)
    height, width = (a + b - 1 for a, b in zip(first, second, strict=True))
    before = one.clone(), two.clone()
    merged = answer(one, two)
    expect_shape(merged, (5, 3, height, width), what="the merged weight")
    expected = F.conv2d(F.conv2d(x, one), two)
    found = F.conv2d(x, merged)
    expect_within(found, expected, "what it computes", rtol=1e-3, atol=1e-3)
    for given, kept in zip((one, two), before, strict=True):
        expect_unchanged(given, kept)


@part(
    "inceptionv3-merge",
    "shape of the merged weight",
    points=1,
    hint="Output channels of the second, input channels of the first; sides a + b - 1.",
)
def _merged_shape(answer: Answer, generator: torch.Generator) -> None:
    _, one, two = _kernels(generator, (3, 3), (3, 3))
    expect_shape(answer(one, two), (5, 3, 5, 5), what="the merged weight")


@part(
    "inceptionv3-merge",
    "two 3x3 in a row are this one 5x5",
    points=3,
    hint="Shift the first kernel by (a, b), times the second's weight at (a, b), add.",
)
def _two_small(answer: Answer, generator: torch.Generator) -> None:
    _expect_same(answer, generator, (3, 3), (3, 3))


@part(
    "inceptionv3-merge",
    "a row and a column",
    points=1,
    hint="Take height and width of both kernels from their shapes.",
)
def _row_and_column(answer: Answer, generator: torch.Generator) -> None:
    _expect_same(answer, generator, (1, 7), (7, 1))


@part(
    "inceptionv3-merge",
    "kernels of different sizes",
    points=1,
    hint="The sides of the two kernels may differ.",
    hidden=True,
)
def _different_sizes(answer: Answer, generator: torch.Generator) -> None:
    _expect_same(answer, generator, (5, 2), (1, 4))


forbid("inceptionv3-calibration", calibration_error, reliability)


def _answers(
    generator: torch.Generator, count: int, scale: float
) -> tuple[Tensor, Tensor]:
    """Random logits of five classes, and labels that often agree with them."""
    logits = scale * torch.randn(count, 5, generator=generator)
    other = torch.randint(5, (count,), generator=generator)
    agrees = torch.rand(count, generator=generator) < 0.6
    return logits, torch.where(agrees, logits.argmax(1), other)


def _expect_error(answer: Answer, logits: Tensor, labels: Tensor, bins: int) -> None:
    right = calibration_error(reliability(logits.double(), labels, bins))
    expected = torch.tensor(right, dtype=torch.double)
    found = answer(logits, labels, bins)
    if type(found) in (int, float):
        found = torch.tensor(float(found))
    expect_within(found, expected, "the error", rtol=1e-3, atol=1e-4)


@part(
    "inceptionv3-calibration",
    "sure and always right: no error; sure and half right: 0.5",
    points=1,
    hint="The distance between confidence and accuracy in the last bin.",
)
def _extremes(answer: Answer, generator: torch.Generator) -> None:
    logits = torch.eye(4).repeat(3, 1) * 50
    labels = torch.arange(4).repeat(3)
    half = torch.where(torch.arange(12) < 6, labels, (labels + 1) % 4)
    _expect_error(answer, logits, labels, 10)
    _expect_error(answer, logits, half, 10)


@part(
    "inceptionv3-calibration",
    "ten bins, weighted by their share of the images",
    points=2,
    hint="Not the mean over the bins: weigh each by the share of images in it.",
)
def _ten_bins(answer: Answer, generator: torch.Generator) -> None:
    for scale in (0.5, 1.0, 3.0):
        _expect_error(answer, *_answers(generator, 400, scale), 10)


@part(
    "inceptionv3-calibration",
    "empty bins",
    points=1,
    hint="The mean of no image is nan; leave empty bins out.",
)
def _empty_bins(answer: Answer, generator: torch.Generator) -> None:
    _expect_error(answer, *_answers(generator, 7, 1.0), 10)


@part(
    "inceptionv3-calibration",
    "any number of bins",
    points=1,
    hint="The edges are k / bins.",
    hidden=True,
)
def _other_bins(answer: Answer, generator: torch.Generator) -> None:
    for bins in (1, 4, 25):
        _expect_error(answer, *_answers(generator, 300, 1.5), bins)
