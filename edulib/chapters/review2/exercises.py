"""Checks of the exercises of the review of the second era."""

import torch
from torch import Tensor, nn

from edulib.anatomy import count_parameters
from edulib.exercises.answer import Answer
from edulib.exercises.compare import expect_close, expect_equal
from edulib.exercises.registry import part

_FULL = nn.Conv2d(256, 256, 3, padding=1, bias=False)
_GROUPED = nn.Conv2d(256, 256, 3, padding=1, groups=32, bias=False)
_BOTTLENECK = nn.Sequential(
    nn.Conv2d(256, 64, 1, bias=False),
    nn.Conv2d(64, 64, 3, padding=1, bias=False),
    nn.Conv2d(64, 256, 1, bias=False),
)
_SEPARABLE = nn.Sequential(
    nn.Conv2d(256, 256, 3, padding=1, groups=256, bias=False),
    nn.Conv2d(256, 256, 1, bias=False),
)
_PLACES = 28 * 28


@part(
    "review2-price",
    "parameters",
    points=2,
    hint="Of 32 groups each has 8 maps in and 8 out; depthwise, each has one.",
)
def _parameters(answer: Answer, generator: torch.Generator) -> None:
    names = ("full", "grouped", "bottleneck", "separable")
    layers = (_FULL, _GROUPED, _BOTTLENECK, _SEPARABLE)
    for place, (name, layer) in enumerate(zip(names, layers, strict=True)):
        expect_equal(answer[place], count_parameters(layer), name)


@part("review2-price", "multiply-adds", points=1, hint="Each weight, at each place.")
def _macs(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[4], 67_840 * _PLACES, "separable_macs")


@part("review2-price", "numbers written", points=1, hint="All maps of each layer.")
def _written(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[5], (64 + 64 + 256) * _PLACES, "bottleneck_written")
    expect_equal(answer[6], (256 + 256) * _PLACES, "separable_written")


def _split(neither: float, network: float, recipe: float, both: float) -> Tensor:
    first = (network - neither + both - recipe) / 2
    return torch.tensor([first, both - neither - first])


def _expect_split(answer: Answer, accuracies: list[float]) -> None:
    found = torch.as_tensor(answer(*accuracies), dtype=torch.float32)
    wanted = _split(*accuracies)
    expect_close(found, wanted, f"split{tuple(accuracies)}")


@part("review2-split", "gains that add up", points=1, hint="The order is all the same.")
def _additive(answer: Answer, generator: torch.Generator) -> None:
    _expect_split(answer, [70.0, 72.0, 75.0, 77.0])


@part(
    "review2-split",
    "gains that do not",
    points=2,
    hint="Begin once with the network, once with the recipe.",
)
def _interacting(answer: Answer, generator: torch.Generator) -> None:
    for _ in range(3):
        values = 60 + 20 * torch.rand(4, generator=generator)
        _expect_split(answer, [round(value, 1) for value in values.tolist()])


@part("review2-split", "losses", points=1, hint="A gain may be negative.", hidden=True)
def _loss(answer: Answer, generator: torch.Generator) -> None:
    _expect_split(answer, [76.0, 74.0, 75.0, 70.0])


def _interval(first: Tensor, second: Tensor, picks: Tensor) -> Tensor:
    means = (second - first)[picks].mean(1)
    return torch.quantile(means, torch.tensor([0.05, 0.95]))


def _expect_interval(
    answer: Answer, first: Tensor, second: Tensor, picks: Tensor, what: str
) -> None:
    answered = answer(first.clone(), second.clone(), picks.clone())
    found = torch.stack([torch.as_tensor(end).float() for end in answered])
    wanted = _interval(first, second, picks)
    expect_close(found, wanted, f"the interval of {what}")


def _picks(draws: int, images: int, generator: torch.Generator) -> Tensor:
    return torch.randint(images, (draws, images), generator=generator)


@part("review2-interval", "a constant difference", points=1, hint="No spread at all.")
def _constant(answer: Answer, generator: torch.Generator) -> None:
    first = torch.rand(40, generator=generator)
    picks = _picks(50, 40, generator)
    _expect_interval(answer, first, first + 0.125, picks, "a constant difference")


@part(
    "review2-interval",
    "right or wrong, image by image",
    points=2,
    hint="Pick the same images for both; one mean a draw, then the quantiles.",
)
def _drawn(answer: Answer, generator: torch.Generator) -> None:
    for images in (30, 100):
        first = (torch.rand(images, generator=generator) < 0.6).float()
        second = (torch.rand(images, generator=generator) < 0.7).float()
        picks = _picks(200, images, generator)[:, :24]
        _expect_interval(answer, first, second, picks, f"24 of {images} images")


@part(
    "review2-interval",
    "shares of images",
    points=1,
    hint="Scores may be any numbers, and few or many may be picked.",
    hidden=True,
)
def _fewer(answer: Answer, generator: torch.Generator) -> None:
    first, second = torch.rand(2, 60, generator=generator)
    for picked in (5, 60):
        picks = _picks(100, 60, generator)[:, :picked]
        _expect_interval(answer, first, second, picks, f"{picked} of 60 images")
