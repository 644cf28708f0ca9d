"""Checks of the exercises of the chapter on maps and pyramids."""

from math import floor, log2, sqrt

import torch
import torch.nn.functional as F

from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect,
    expect_close,
    expect_equal,
    expect_unchanged,
)
from edulib.exercises.registry import part
from edulib.models.losses.focal import focal_loss
from edulib.models.segmentation.unet import unet


@part(
    "pixels-sizes",
    "the map of a tile of 252 pixels",
    points=2,
    hint="Every 3x3 convolution takes 2 pixels off, on its own level's grid.",
)
def _tile(answer: Answer, generator: torch.Generator) -> None:
    with torch.device("meta"):
        found = unet(width=4)(torch.empty(1, 1, 252, 252))
    expect_equal(answer[0], found.shape[-1], "tile")


@part(
    "pixels-sizes",
    "scores of an FCN-16s before the last enlargement",
    points=1,
    hint="The last step enlarges 16 times.",
)
def _scores(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], 512 // 16, "scores")


@part(
    "pixels-sizes",
    "the level of a region of 100 x 120 pixels",
    points=1,
    hint="log2(sqrt(100 * 120) / 224) is about -1.03; then round down.",
)
def _level(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[2], floor(4 + log2(sqrt(100 * 120) / 224)), "level")


@part(
    "pixels-focal",
    "the loss with a gamma, without weights",
    points=2,
    hint="p_t is p where the answer is yes and 1 - p where it is no.",
)
def _focal(answer: Answer, generator: torch.Generator) -> None:
    logits = 3 * torch.randn(50, generator=generator)
    targets = (torch.rand(50, generator=generator) < 0.3).float()
    for gamma in (0.0, 0.5, 2.0):
        right = focal_loss(logits, targets, None, gamma)
        expect_close(answer(logits, targets, gamma), right)


@part(
    "pixels-focal",
    "logits of 200 give finite numbers",
    points=1,
    hint="log(sigmoid(x)) is minus infinity for x = -200; F.logsigmoid(x) is -200.",
)
def _finite(answer: Answer, generator: torch.Generator) -> None:
    logits = torch.tensor([200.0, -200.0, 200.0, -200.0])
    targets = torch.tensor([1.0, 0.0, 0.0, 1.0])
    right = torch.tensor([0.0, 0.0, 200.0, 200.0])
    expect_close(answer(logits, targets, 2.0), right)


def _maps(generator: torch.Generator, *sides: tuple[int, int]) -> list[torch.Tensor]:
    return [torch.randn(2, 3, *side, generator=generator) for side in sides]


def _merged(maps: list[torch.Tensor]) -> list[torch.Tensor]:
    merged = [maps[-1]]
    for fine in reversed(maps[:-1]):
        merged.insert(0, fine + F.interpolate(merged[0], fine.shape[-2:]))
    return merged


@part(
    "pixels-topdown",
    "three levels, each half as large",
    points=2,
    hint="Begin with the last map; what is enlarged is the sum, not the map itself.",
)
def _three(answer: Answer, generator: torch.Generator) -> None:
    _compare(answer, _maps(generator, (16, 8), (8, 4), (4, 2)))


@part(
    "pixels-topdown",
    "odd sides",
    points=1,
    hint="13 is not twice 7: enlarge to the size of the finer map, not by two.",
)
def _odd(answer: Answer, generator: torch.Generator) -> None:
    _compare(answer, _maps(generator, (25, 13), (13, 7), (7, 4)))


@part(
    "pixels-topdown",
    "what was given stays as it was",
    points=1,
    hint="`x += y` changes the tensor of the caller; `x = x + y` makes a new one.",
    hidden=True,
)
def _unchanged(answer: Answer, generator: torch.Generator) -> None:
    maps = _maps(generator, (8, 8), (4, 4), (2, 2))
    before = [one.clone() for one in maps]
    answer(maps)
    expect(len(maps) == 3, "your function changed the list that it was given")
    for one, old in zip(maps, before, strict=True):
        expect_unchanged(one, old)


def _compare(answer: Answer, maps: list[torch.Tensor]) -> None:
    right = _merged(maps)
    found = answer([one.clone() for one in maps])
    expect(
        isinstance(found, list | tuple) and len(found) == len(right),
        f"expected a list of {len(right)} maps, the finest first",
    )
    for level, (one, other) in enumerate(zip(found, right, strict=True)):
        expect_close(one, other, f"map {level}")
