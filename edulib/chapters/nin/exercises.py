"""Checks of the exercises of the chapter on Network in Network."""

import numpy as np
import torch
from torch import Tensor, nn

from edulib.anatomy import count_macs, count_parameters
from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect,
    expect_equal,
    expect_shape,
    expect_unchanged,
    expect_within,
)
from edulib.exercises.registry import part
from edulib.exercises.values import numbers
from edulib.models.classification.nin import MLPConv

_MAPS = (256, 6, 6)


@part("nin-count", "a dense layer", points=1, hint="Each class has 9,216 weights.")
def _dense(answer: Answer, generator: torch.Generator) -> None:
    layer = nn.Linear(256 * 6 * 6, 1000, device="meta")
    expect_equal(answer[0], count_parameters(layer), "dense")


@part("nin-count", "a 1x1 convolution", points=1, hint="Each class has 256 weights.")
def _one_by_one(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], count_parameters(nn.Conv2d(256, 1000, 1)), "one_by_one")


@part("nin-count", "the average", points=1, hint="What could be learned in it?")
def _average(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[2], count_parameters(nn.AdaptiveAvgPool2d(1)), "average")


@part(
    "nin-count",
    "multiply-adds of the 1x1 convolution",
    points=1,
    hint="Each weight is used at each of the 36 places.",
)
def _macs(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[3], count_macs(nn.Conv2d(256, 1000, 1), _MAPS), "macs")


def _case(
    generator: torch.Generator, size: tuple[int, int], kernel_size: int
) -> tuple[Tensor, list[nn.Linear], Tensor]:
    """Images, the layers of a perceptron, and what mlpconv makes of them."""
    reference = MLPConv(3, (7, 5, 4), kernel_size)
    layers = []
    for convolution in (reference[0], reference[2], reference[4]):
        weight = torch.randn(convolution.weight.shape, generator=generator)
        bias = torch.randn(convolution.bias.shape, generator=generator)
        layer = nn.Linear(weight[0].numel(), len(weight))
        for module in (convolution, layer):
            module.weight.data = weight.view(module.weight.shape).clone()
            module.bias.data = bias.clone()
        layers.append(layer)
    x = torch.randn(2, 3, *size, generator=generator)
    return x, layers, reference(x)


@part(
    "nin-mlpconv",
    "shape of the maps",
    points=1,
    hint="Without padding, H - kernel_size + 1 windows fit under each other.",
)
def _shape(answer: Answer, generator: torch.Generator) -> None:
    x, layers, expected = _case(generator, (8, 8), 3)
    expect_shape(answer(x, layers, 3), tuple(expected.shape))


@part(
    "nin-mlpconv",
    "equal to a convolution and two 1x1 convolutions",
    points=3,
    hint="A ReLU follows every layer, also the last one.",
)
def _values(answer: Answer, generator: torch.Generator) -> None:
    x, layers, expected = _case(generator, (8, 8), 3)
    before = x.clone()
    expect_within(answer(x, layers, 3), expected, "the maps", rtol=1e-3, atol=1e-3)
    expect_unchanged(x, before)


@part(
    "nin-mlpconv",
    "any number of layers",
    points=1,
    hint="Loop over the list.",
)
def _any_depth(answer: Answer, generator: torch.Generator) -> None:
    x, layers, _ = _case(generator, (6, 6), 3)
    weight = layers[0].weight.view(7, 3, 3, 3)
    expected = nn.functional.conv2d(x, weight, layers[0].bias).relu()
    found = answer(x, layers[:1], 3)
    expect_within(found, expected, "one layer alone", rtol=1e-3, atol=1e-3)


@part(
    "nin-mlpconv",
    "images that are not square, other windows",
    points=1,
    hint="Rows and columns are counted separately.",
    hidden=True,
)
def _oblong(answer: Answer, generator: torch.Generator) -> None:
    for size, kernel_size in (((9, 6), 5), ((4, 7), 1)):
        x, layers, expected = _case(generator, size, kernel_size)
        found = answer(x, layers, kernel_size)
        expect_within(found, expected, "the maps", rtol=1e-3, atol=1e-3)


def _maps(generator: torch.Generator) -> Tensor:
    return 2 * torch.randn(2, 3, 4, 5, generator=generator)


@part("nin-soft-pool", "one value a map", points=1, hint="Sum over rows and columns.")
def _pooled_shape(answer: Answer, generator: torch.Generator) -> None:
    expect_shape(answer(_maps(generator), 1.0), (2, 3))


@part(
    "nin-soft-pool",
    "the formula",
    points=2,
    hint="Divide by h * w inside the logarithm, by r outside.",
)
def _formula(answer: Answer, generator: torch.Generator) -> None:
    maps = _maps(generator)
    for r in (0.5, 1.0, 3.0):
        expected = (r * maps.double()).exp().mean((2, 3)).log() / r
        expect_within(answer(maps, r), expected, f"r = {r}", rtol=1e-3, atol=1e-5)


@part(
    "nin-soft-pool",
    "large values do not overflow",
    points=1,
    hint="torch.logsumexp takes the maximum out before exp.",
)
def _large(answer: Answer, generator: torch.Generator) -> None:
    maps = _maps(generator)
    found = answer(maps + 500, 1.0)
    finite = np.isfinite(numbers(found)).all()
    expect(bool(finite), "values around 500 became inf or nan.")
    expect_within(found - 500, answer(maps, 1.0), "maps + 500", rtol=1e-2, atol=1e-2)


@part(
    "nin-soft-pool",
    "a gradient reaches every place",
    points=1,
    hint="Use tensor operations only, no .item() and no .detach().",
    hidden=True,
)
def _gradient(answer: Answer, generator: torch.Generator) -> None:
    ones = torch.ones(2, 3)
    (found,) = answer.gradients(_maps(generator), 0.5, signal=ones).inputs
    expect(found is not None, "no gradient can pass.")
    what = "sum of each map's gradient"
    expect_within(found.sum((2, 3)), ones, what, rtol=1e-4, atol=1e-5)
