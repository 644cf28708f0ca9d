"""Checks of the exercises of the chapter on AlexNet."""

import torch
from torch import Tensor, nn
from torchvision.transforms.v2 import functional as transform

from edulib.anatomy import count_parameters
from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect,
    expect_equal,
    expect_shape,
    expect_unchanged,
    expect_within,
    is_equal,
)
from edulib.exercises.registry import part
from edulib.models.classification.alexnet import response_norm


@part("alexnet-count", "side of the maps of conv1", points=1, hint="(227 - 11) / 4 + 1")
def _side(answer: Answer, generator: torch.Generator) -> None:
    maps = nn.Conv2d(3, 1, 11, stride=4)(torch.zeros(1, 3, 227, 227))
    expect_equal(answer[0], maps.shape[-1], "side")


@part("alexnet-count", "parameters of conv1", points=1, hint="Mind the 96 biases.")
def _first(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], count_parameters(nn.Conv2d(3, 96, 11)), "first")


@part(
    "alexnet-count",
    "parameters of conv2 in two towers",
    points=1,
    hint="A filter sees the 48 maps of its own tower.",
)
def _towers(answer: Answer, generator: torch.Generator) -> None:
    layer = nn.Conv2d(96, 256, 5, groups=2)
    expect_equal(answer[2], count_parameters(layer), "two_towers")


@part(
    "alexnet-count",
    "parameters of conv2 in one tower",
    points=1,
    hint="A filter sees all 96 maps; the biases stay.",
)
def _tower(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[3], count_parameters(nn.Conv2d(96, 256, 5)), "one_tower")


def _maps(generator: torch.Generator, channels: int = 8) -> Tensor:
    """Maps so large that the normalisation changes them by a third and more."""
    return 60 * torch.randn(2, channels, 3, 4, generator=generator)


@part("alexnet-norm", "keeps the shape", points=1, hint="One number for each number.")
def _keeps_shape(answer: Answer, generator: torch.Generator) -> None:
    maps = _maps(generator)
    expect_shape(answer(maps), tuple(maps.shape))


@part(
    "alexnet-norm",
    "the formula, away from the first and last maps",
    points=2,
    hint="alpha multiplies the sum of five squares, not their mean.",
)
def _inside(answer: Answer, generator: torch.Generator) -> None:
    maps = _maps(generator)
    before = maps.clone()
    expected = response_norm()(maps)[:, 2:-2]
    found = answer(maps)
    expect_shape(found, tuple(maps.shape))
    expect_within(found[:, 2:-2], expected, "maps 2 to 5", rtol=1e-4, atol=1e-4)
    expect_unchanged(maps, before)


@part(
    "alexnet-norm",
    "the first and the last maps",
    points=1,
    hint="Map 0 has neighbours on one side only: its sum has three squares.",
)
def _ends(answer: Answer, generator: torch.Generator) -> None:
    maps, ends = _maps(generator), [0, 1, 6, 7]
    expected = response_norm()(maps)[:, ends]
    found = answer(maps)
    expect_shape(found, tuple(maps.shape))
    expect_within(found[:, ends], expected, "the ends", rtol=1e-4, atol=1e-4)


@part(
    "alexnet-norm",
    "any number of maps",
    points=1,
    hint="Take the number of maps from the tensor.",
    hidden=True,
)
def _any_number(answer: Answer, generator: torch.Generator) -> None:
    for channels in (3, 16):
        maps = _maps(generator, channels)
        expected = response_norm()(maps)
        found = answer(maps)
        expect_within(found, expected, f"{channels} maps", rtol=1e-4, atol=1e-4)


def _images(generator: torch.Generator) -> Tensor:
    return torch.rand(3, 3, 10, 12, generator=generator)


@part(
    "alexnet-crops", "ten crops of each image", points=1, hint="Stack in dimension 1."
)
def _ten(answer: Answer, generator: torch.Generator) -> None:
    expect_shape(answer(_images(generator), 8), (3, 10, 3, 8, 8))


@part(
    "alexnet-crops",
    "four corners and the centre",
    points=2,
    hint="The centre begins at half of what is left over.",
)
def _five(answer: Answer, generator: torch.Generator) -> None:
    images = _images(generator)
    expected = torch.stack(transform.five_crop(images, [8, 8]), dim=1)
    found = answer(images, 8)
    expect_shape(found, (3, 10, 3, 8, 8))
    expect(
        all(any(is_equal(crop, own) for own in found[0]) for crop in expected[0]),
        "one of the five crops is missing.",
    )


@part(
    "alexnet-crops",
    "and the same five mirrored",
    points=1,
    hint="Mirror left and right: the last dimension.",
)
def _mirrored(answer: Answer, generator: torch.Generator) -> None:
    images = _images(generator)
    found = answer(images, 6)
    expect_shape(found, (3, 10, 3, 6, 6))
    for crop in torch.stack(transform.five_crop(images, [6, 6]), dim=1)[1].flip(-1):
        expect(
            any(is_equal(crop, own) for own in found[1]),
            "a mirrored crop is missing.",
        )
