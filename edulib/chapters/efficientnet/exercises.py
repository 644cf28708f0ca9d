"""Checks of the exercises of the chapter on EfficientNet."""

from itertools import product

import torch
from torch import Tensor

from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect,
    expect_equal,
    expect_unchanged,
    expect_within,
)
from edulib.exercises.registry import part
from edulib.models.blocks.mobile import scale_channels
from edulib.models.classification.efficientnet import TABLE_1, scale_depth


@part(
    "efficientnet-count",
    "how many times the multiply-adds",
    points=1,
    hint="Depth counts once, width and resolution count twice.",
)
def _factor(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[0], 1.2**2 * 1.1**4 * 1.15**4, "factor")


@part(
    "efficientnet-count",
    "channels",
    points=1,
    hint="112 times 1.1 lies between 120 and 128.",
)
def _channels(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], scale_channels(112, 1.1), "channels")


@part(
    "efficientnet-count",
    "blocks",
    points=1,
    hint="Each stage is scaled, and rounded up, for itself.",
)
def _blocks(answer: Answer, generator: torch.Generator) -> None:
    blocks = sum(scale_depth(stage.depth, 1.4) for stage in TABLE_1)
    expect_equal(answer[2], blocks, "blocks")


def _weighed(x: Tensor, down: Tensor, up: Tensor) -> Tensor:
    """The same, one image and one channel at a time."""
    images = []
    for image in x:
        hidden = down @ torch.stack(
            [channel.sum() / channel.numel() for channel in image]
        )
        hidden = hidden / (1 + (-hidden).exp())
        weights = 1 / (1 + (-(up @ hidden)).exp())
        channels = zip(weights, image, strict=True)
        images.append(torch.stack([weight * channel for weight, channel in channels]))
    return torch.stack(images)


def _given(generator: torch.Generator, *sizes: int) -> list[Tensor]:
    """Maps and both matrices for sizes B, channels, rows, columns, squeezed."""
    images, channels, rows, columns, squeezed = sizes
    shapes = (
        (images, channels, rows, columns),
        (squeezed, channels),
        (channels, squeezed),
    )
    return [2 * torch.randn(shape, generator=generator) for shape in shapes]


def _compare_weighed(answer: Answer, given: list[Tensor]) -> None:
    copies = [tensor.clone() for tensor in given]
    found = answer(*copies)
    expect_unchanged(copies[0], given[0])
    expect_within(found, _weighed(*given), "the output", rtol=1e-4, atol=1e-4)


@part(
    "efficientnet-squeeze",
    "one image",
    points=1,
    hint="Mean over the places, narrow, swish, widen, sigmoid; then multiply.",
)
def _one(answer: Answer, generator: torch.Generator) -> None:
    _compare_weighed(answer, _given(generator, 1, 6, 4, 4, 2))


@part(
    "efficientnet-squeeze",
    "each image of a batch by its own means, more columns than rows",
    points=2,
    hint="The mean runs over rows and columns alone; weights get two axes more.",
)
def _several(answer: Answer, generator: torch.Generator) -> None:
    _compare_weighed(answer, _given(generator, 4, 3, 2, 5, 3))


@part(
    "efficientnet-squeeze",
    "gradients reach everything, also through maps of one pixel",
    points=1,
    hint="Nothing may be detached; maps of one pixel are their own mean.",
    hidden=True,
)
def _gradients(answer: Answer, generator: torch.Generator) -> None:
    _compare_weighed(answer, _given(generator, 1, 4, 1, 1, 1))
    given = _given(generator, 2, 4, 3, 2, 3)
    signal = torch.randn(given[0].shape, generator=generator)
    leaves = [tensor.clone().requires_grad_() for tensor in given]
    wanted = torch.autograd.grad(_weighed(*leaves), leaves, signal)
    again = [tensor.clone().requires_grad_() for tensor in given]
    found = answer.gradients(*again, signal=signal).inputs
    names = ("the maps", "the narrowing matrix", "the widening matrix")
    for name, own, right in zip(names, found, wanted, strict=True):
        expect(own is not None, f"no gradient reaches {name}.")
        expect_within(own, right, f"the gradient of {name}", rtol=1e-3, atol=1e-3)


def _triples(values: list[float], cost: float, tolerance: float) -> list[tuple]:
    """All triples, one after the other."""
    found = []
    for depth, width, resolution in product(sorted(values), repeat=3):
        factor = depth * width * width * resolution * resolution
        if abs(factor - cost) <= tolerance:
            found.append((depth, width, resolution))
    return found


def _compare_triples(
    answer: Answer, values: list[float], cost: float, tolerance: float
) -> None:
    wanted = _triples(values, cost, tolerance)
    given = list(values)
    found = answer(given, cost, tolerance)
    expect(given == values, "the list of values has changed: work on a copy.")
    expect(isinstance(found, list | tuple), "expected a list of triples.")
    expect_equal(len(found), len(wanted), "the number of triples")
    for row, right in zip(found, wanted, strict=True):
        expect_equal(tuple(row), right, "a triple (or its place in the list)")


@part(
    "efficientnet-grid",
    "the paper's grid at phi = 1",
    points=1,
    hint="Three loops; keep a triple if |d w w r r - cost| is at most the tolerance.",
)
def _paper(answer: Answer, generator: torch.Generator) -> None:
    _compare_triples(answer, [1.0, 1.1, 1.15, 1.2, 1.3], 2.0, 0.1)


@part(
    "efficientnet-grid",
    "another cost, values in no order",
    points=2,
    hint="Sort the triples: depth first, then width, then resolution.",
)
def _unsorted(answer: Answer, generator: torch.Generator) -> None:
    _compare_triples(answer, [1.5, 1.0, 2.0, 1.25], 4.0, 0.3)
    _compare_triples(answer, [3.0, 2.0, 1.0], 12.0, 0.0)


@part(
    "efficientnet-grid",
    "one value, and a grid in which nothing fits",
    points=1,
    hint="Where nothing fits, return an empty list.",
    hidden=True,
)
def _edges(answer: Answer, generator: torch.Generator) -> None:
    _compare_triples(answer, [1.0], 1.0, 0.1)
    _compare_triples(answer, [1.0, 1.5], 50.0, 1.0)
