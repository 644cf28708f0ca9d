"""Checks of the exercises of the chapter on ResNeXt."""

import torch
import torch.nn.functional as F
from torch import Tensor

from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect,
    expect_close,
    expect_equal,
    expect_shape,
    expect_unchanged,
    is_equal,
)
from edulib.exercises.registry import part

Branch = tuple[Tensor, Tensor, Tensor]


@part(
    "resnext-price",
    "weights of a block of 64 branches",
    points=1,
    hint="Each branch has three layers: 256 to 4, 4 to 4 with nine weights a pair, and "
    "4 to 256.",
)
def _block_weights(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[0], 64 * (256 * 4 + 9 * 4 * 4 + 4 * 256), "block_weights")


@part(
    "resnext-price",
    "multiply-adds of its 3x3 layer",
    points=1,
    hint="The weights of the 3x3 layers of all branches, each used once at every "
    "pixel.",
)
def _middle_macs(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], 56 * 56 * 64 * 9 * 4 * 4, "middle_macs")


@part(
    "resnext-price",
    "width of three branches at the price of the bottleneck",
    points=1,
    hint="Compute 3 (256 d + 9 d d + 256 d) for whole numbers d, and take that which "
    "comes nearest to 69,632, below or above.",
)
def _width_of_three(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[2], 30, "width_of_three")


def _branches(
    generator: torch.Generator, cardinality: int, sizes: tuple[int, int, int]
) -> list[Branch]:
    """Random weights of branches; sizes are channels in, inside and out."""
    before, width, after = sizes
    return [
        (
            torch.randn(width, before, 1, 1, generator=generator),
            torch.randn(width, width, 3, 3, generator=generator),
            torch.randn(after, width, 1, 1, generator=generator),
        )
        for _ in range(cardinality)
    ]


def _sum_of_branches(x: Tensor, branches: list[Branch]) -> Tensor:
    total = torch.zeros(())
    for first, middle, last in branches:
        y = F.conv2d(x, first).relu()
        y = F.conv2d(y, middle, padding=1).relu()
        total = total + F.conv2d(y, last)
    return total


def _grouped(x: Tensor, merged: Branch, cardinality: int) -> Tensor:
    first, middle, last = merged
    y = F.conv2d(x, first).relu()
    y = F.conv2d(y, middle, padding=1, groups=cardinality).relu()
    return F.conv2d(y, last)


def _merged(answer: Answer, branches: list[Branch]) -> Branch:
    """Return the answer's three weights; the branches it was given must stay."""
    given = [tuple(weight.clone() for weight in branch) for branch in branches]
    handed = list(given)
    found = answer(handed)
    expect(
        type(found) in (tuple, list) and len(found) == 3,
        "expected three tensors: first, middle and last.",
    )
    expect(
        len(handed) == len(given),
        "the list of branches has changed: work on a new one.",
    )
    for mine, own in zip(given, branches, strict=True):
        for weight, before in zip(mine, own, strict=True):
            expect_unchanged(weight, before)
    return tuple(found)


def _expect_merged(
    answer: Answer,
    generator: torch.Generator,
    cardinality: int,
    sizes: tuple[int, int, int],
) -> None:
    branches = _branches(generator, cardinality, sizes)
    found = _merged(answer, branches)
    before, width, after = sizes
    inside = cardinality * width
    shapes = (
        (inside, before, 1, 1),
        (inside, width, 3, 3),
        (after, inside, 1, 1),
    )
    for what, weight, shape in zip(
        ("first", "middle", "last"), found, shapes, strict=True
    ):
        expect_shape(weight, shape, what)
    x = torch.randn(2, before, 5, 5, generator=generator)
    expect_close(
        _grouped(x, found, cardinality),
        _sum_of_branches(x, branches),
        "the output of the grouped block",
    )


@part(
    "resnext-merge",
    "two branches become two groups",
    points=2,
    hint="The first 1x1 layers lie below one another (more outputs), the last ones "
    "side by side (more inputs).",
)
def _two_branches(answer: Answer, generator: torch.Generator) -> None:
    _expect_merged(answer, generator, 2, (6, 3, 6))


@part(
    "resnext-merge",
    "any number of branches, and other channels out than in",
    points=1,
    hint="Use torch.cat on the list of all branches: dim 0 for outputs, dim 1 for "
    "inputs.",
)
def _many_branches(answer: Answer, generator: torch.Generator) -> None:
    _expect_merged(answer, generator, 5, (4, 2, 7))


@part(
    "resnext-merge",
    "one branch stays as it is",
    points=1,
    hint="With one branch there is nothing to put together.",
    hidden=True,
)
def _one_branch(answer: Answer, generator: torch.Generator) -> None:
    branches = _branches(generator, 1, (3, 4, 5))
    found = _merged(answer, branches)
    for what, weight, own in zip(
        ("first", "middle", "last"), found, branches[0], strict=True
    ):
        expect_close(weight, own, what)


def _full(answer: Answer, weight: Tensor, groups: int) -> object:
    """Return the answer's weight; the one it was given must stay."""
    given = weight.clone()
    full = answer(given, groups)
    expect_unchanged(given, weight)
    return full


def _expect_full(
    answer: Answer, generator: torch.Generator, groups: int, width: int, side: int
) -> None:
    weight = torch.randn(groups * width, width, side, side, generator=generator)
    full = _full(answer, weight, groups)
    channels = groups * width
    expect_shape(full, (channels, channels, side, side), "the full weight")
    x = torch.randn(2, channels, 6, 6, generator=generator)
    expect_close(
        F.conv2d(x, full),
        F.conv2d(x, weight, groups=groups),
        "the output of the full convolution",
    )


@part(
    "resnext-full",
    "gives what the grouped convolution gives",
    points=2,
    hint="Output channel o belongs to group o // width, whose inputs begin at that "
    "group times width.",
)
def _full_agrees(answer: Answer, generator: torch.Generator) -> None:
    _expect_full(answer, generator, 3, 2, 3)


@part(
    "resnext-full",
    "with exact zeros between the groups",
    points=1,
    hint="Start from zeros and write only the blocks.",
)
def _full_zeros(answer: Answer, generator: torch.Generator) -> None:
    weight = 1 + torch.rand(8, 2, 3, 3, generator=generator)
    full = _full(answer, weight, 4)
    expect_shape(full, (8, 8, 3, 3), "the full weight")
    ones = torch.block_diag(*[torch.ones(2, 2)] * 4)
    zeros = (ones == 0)[:, :, None, None].expand(8, 8, 3, 3)
    found = torch.where(zeros, full, torch.zeros(()))
    expect(
        is_equal(found, torch.zeros(8, 8, 3, 3)),
        "a weight between two groups is not zero.",
    )


@part(
    "resnext-full",
    "one group, one channel a group, and kernels of another side",
    points=1,
    hint="Take all sizes from weight.shape.",
    hidden=True,
)
def _full_extremes(answer: Answer, generator: torch.Generator) -> None:
    for groups, width, side in ((1, 4, 3), (5, 1, 3), (2, 3, 1)):
        _expect_full(answer, generator, groups, width, side)
