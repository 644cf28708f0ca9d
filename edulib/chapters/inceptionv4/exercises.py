"""Checks of the exercises of the chapter on Inception-v4 and Inception-ResNet."""

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
)
from edulib.exercises.registry import part
from edulib.exercises.values import plain


@part(
    "inceptionv4-price",
    "weights of the last 1x1 layer",
    points=1,
    hint="It reads the channels of both branches, gives 896, and has a bias.",
)
def _mix_weights(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[0], 256 * 896 + 896, "mix_weights")


@part(
    "inceptionv4-price",
    "weights of the row and the column",
    points=1,
    hint="Each has seven weights for a pair of channels, 128 in and 128 out.",
)
def _thin_weights(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], 2 * 7 * 128 * 128, "thin_weights")


@part(
    "inceptionv4-price",
    "side of the grid behind the valid layers",
    points=1,
    hint="Valid padding: (side - kernel) // stride + 1, three times.",
)
def _side(answer: Answer, generator: torch.Generator) -> None:
    side = 299
    for kernel, stride in ((3, 2), (3, 1), (3, 2)):
        side = (side - kernel) // stride + 1
    expect_equal(answer[2], side, "side")


def _mixture(maps: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.conv2d(maps, weight, bias)


def _expect_sum(
    answer: Answer, generator: torch.Generator, scale: float, few: bool = False
) -> None:
    # The few are signed and not square: the formula holds for any numbers
    batch, channels, width, *sides = (3, 3, 5, 3, 2) if few else (2, 8, 6, 4, 4)
    x = torch.randn(batch, channels, *sides, generator=generator)
    maps = torch.randn(batch, width, *sides, generator=generator)
    if not few:
        x, maps = x.relu(), maps.relu()
    weight = torch.randn(channels, width, 1, 1, generator=generator)
    bias = 3 * torch.randn(channels, generator=generator)
    before = x, maps, weight, bias
    given = [tensor.clone() for tensor in before]
    found = answer(*given, scale)
    expect_shape(found, tuple(x.shape))
    expected = (x + scale * _mixture(maps, weight, bias)).relu()
    expect_close(found, expected)
    for now, then in zip(given, before, strict=True):
        expect_unchanged(now, then)


@part(
    "inceptionv4-sum",
    "adds the mixture, scaled, bias included",
    points=2,
    hint="F.conv2d(maps, weight, bias) is the mixture; all of it is scaled.",
)
def _scaled_sum(answer: Answer, generator: torch.Generator) -> None:
    _expect_sum(answer, generator, 0.2)


@part(
    "inceptionv4-sum",
    "with another scale, other sizes and negative numbers",
    points=1,
    hint="Take scale and sizes from the arguments; only the sum is rectified.",
)
def _other_scale(answer: Answer, generator: torch.Generator) -> None:
    _expect_sum(answer, generator, 1.0, few=True)


@part(
    "inceptionv4-sum",
    "with a scale of zero the block is the identity",
    points=1,
    hint="What comes in is never negative here, so that the last ReLU changes nothing.",
    hidden=True,
)
def _no_scale(answer: Answer, generator: torch.Generator) -> None:
    _expect_sum(answer, generator, 0.0)


def _train(
    start: tuple[Tensor, Tensor, float, float], data: list[tuple[Tensor, ...]]
) -> list[Tensor]:
    """Outputs of a block whose last layer is trained by plain SGD, step by step."""
    weight, bias, scale, rate = start
    weight, bias = weight.clone(), bias.clone()
    outputs = []
    for x, maps, target in data:
        weight.requires_grad_()
        bias.requires_grad_()
        output = (x + scale * _mixture(maps, weight, bias)).relu()
        loss = (output - target).square().mean()
        slopes = torch.autograd.grad(loss, (weight, bias))
        outputs.append(output.detach())
        weight, bias = (
            (p - rate * slope).detach()
            for p, slope in zip((weight, bias), slopes, strict=True)
        )
    return outputs


def _expect_twin(
    answer: Answer, generator: torch.Generator, scale: float, rate: float, steps: int
) -> None:
    weight = torch.randn(6, 4, 1, 1, generator=generator, dtype=torch.double)
    bias = torch.randn(6, generator=generator, dtype=torch.double)
    given = weight.clone(), bias.clone()
    found = answer(*given, scale, rate)
    expect(
        type(found) in (tuple, list) and len(found) == 3,
        "expected three values: weight, bias and rate.",
    )
    expect_shape(found[0], (6, 4, 1, 1), "the weight")
    expect_shape(found[1], (6,), "the bias")
    new_rate = plain(found[2], "the rate", "a float")
    expect(type(new_rate) in (int, float), "the rate is no number.")
    data = [
        (
            torch.randn(8, 6, 3, 3, generator=generator, dtype=torch.double).relu(),
            torch.randn(8, 4, 3, 3, generator=generator, dtype=torch.double).relu(),
            torch.randn(8, 6, 3, 3, generator=generator, dtype=torch.double),
        )
        for _ in range(steps)
    ]
    theirs = _train((weight, bias, scale, rate), data)
    twin = (found[0].double(), found[1].double(), 1.0, float(new_rate))
    for step, (mine, right) in enumerate(
        zip(_train(twin, data), theirs, strict=True), 1
    ):
        expect_close(mine, right, f"the output in step {step}")
    for now, then in zip(given, (weight, bias), strict=True):
        expect_unchanged(now, then)


@part(
    "inceptionv4-twin",
    "gives the same before it is trained",
    points=1,
    hint="The scale multiplies weight and bias alike.",
)
def _same_start(answer: Answer, generator: torch.Generator) -> None:
    _expect_twin(answer, generator, 0.3, 0.4, steps=1)


@part(
    "inceptionv4-twin",
    "gives the same after steps of training",
    points=2,
    hint="The scale stands once in the gradient, and once more in what the step does "
    "to the output.",
)
def _same_training(answer: Answer, generator: torch.Generator) -> None:
    _expect_twin(answer, generator, 0.3, 0.4, steps=6)


@part(
    "inceptionv4-twin",
    "for a scale above 1, too",
    points=1,
    hint="Nothing in the rule needs a small scale.",
    hidden=True,
)
def _larger_scale(answer: Answer, generator: torch.Generator) -> None:
    _expect_twin(answer, generator, 1.5, 0.1, steps=4)
