"""Checks of the exercises of the chapter on GoogLeNet."""

import torch
import torch.nn.functional as F
from torch import nn

from edulib.anatomy import count_macs
from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    copy_parameters,
    expect,
    expect_close,
    expect_equal,
    expect_shape,
    randomize,
)
from edulib.exercises.registry import forbid, part
from edulib.exercises.values import numbers
from edulib.models.classification.googlenet import Inception, conv_relu

_BLOCK_3B = (128, 128, 192, 32, 96, 64)


def _block_3b() -> Inception:
    return Inception(256, _BLOCK_3B, conv_relu, 5)


@part(
    "googlenet-cost",
    "the 5x5 branch with its reduction",
    points=1,
    hint="28 * 28 places; 256 to 32 channels by 1x1, then 32 to 96 by 5x5.",
)
def _reduced(answer: Answer, generator: torch.Generator) -> None:
    macs = count_macs(_block_3b().branch3, (256, 28, 28))
    expect_equal(answer[0], macs, "reduced_macs")


@part(
    "googlenet-cost",
    "the same channels without a reduction",
    points=1,
    hint="256 to 96 channels, 25 weights for each pair, 28 * 28 places.",
)
def _direct(answer: Answer, generator: torch.Generator) -> None:
    macs = count_macs(nn.Conv2d(256, 96, 5, padding=2), (256, 28, 28))
    expect_equal(answer[1], macs, "direct_macs")


@part(
    "googlenet-cost",
    "output channels of the block",
    points=1,
    hint="Four branches are joined; the reduce widths are inside of two of them.",
)
def _output_channels(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[2], _BLOCK_3B[0] + sum(_BLOCK_3B[2::2]) + 64, "output_channels")


forbid("googlenet-inception", Inception)

_WIDTHS = (4, 3, 6, 2, 5, 7)


def _images(generator: torch.Generator, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=generator)


def _pair(answer: Answer, generator: torch.Generator, *sizes: object) -> tuple:
    """The student's block and ours, with the same random parameters."""
    reference = Inception(*sizes, conv_relu, 5)
    randomize(reference, generator, 0.3, 0)
    block = answer.build(*sizes)
    copy_parameters(reference, block)
    return block, reference


@part(
    "googlenet-inception",
    "height and width are kept, channels are joined",
    points=1,
    hint="Padding 1 for 3x3 and for the pooling, 2 for 5x5; torch.cat along dim 1.",
)
def _shape(answer: Answer, generator: torch.Generator) -> None:
    output = answer.build(8, _WIDTHS)(_images(generator, 2, 8, 9, 6))
    expect_shape(output, (2, 22, 9, 6))


@part(
    "googlenet-inception",
    "six convolutions, created in the paper's order",
    points=1,
    hint="1x1; 3x3 reduce, 3x3; 5x5 reduce, 5x5; pool projection. All with biases.",
)
def _parameters(answer: Answer, generator: torch.Generator) -> None:
    _pair(answer, generator, 8, _WIDTHS)


@part(
    "googlenet-inception",
    "no value is negative",
    points=1,
    hint="A ReLU stands behind each convolution, the last of a branch included.",
)
def _rectified(answer: Answer, generator: torch.Generator) -> None:
    output = answer.build(8, _WIDTHS)(_images(generator, 2, 8, 7, 7))
    expect(bool((numbers(output) >= 0).all()), "the output has negative values.")


@part(
    "googlenet-inception",
    "agrees with the reference",
    points=3,
    hint="Order of the branches; ReLU behind the reductions; pooling before its 1x1.",
)
def _agrees(answer: Answer, generator: torch.Generator) -> None:
    block, reference = _pair(answer, generator, 8, _WIDTHS)
    x = _images(generator, 2, 8, 7, 7)
    expect_close(block(x.clone()), reference(x))


@part(
    "googlenet-inception",
    "other widths",
    points=1,
    hint="Every width comes from the arguments.",
    hidden=True,
)
def _other_widths(answer: Answer, generator: torch.Generator) -> None:
    block, reference = _pair(answer, generator, 5, (1, 2, 3, 4, 5, 6))
    x = _images(generator, 1, 5, 4, 8)
    expect_close(block(x.clone()), reference(x))


_CASES = ((16, 3, 9000), (64, 3, 15000), (64, 5, 15000), (32, 5, 6000))


@part(
    "googlenet-one-size",
    "64 channels, the size of the maps is kept",
    points=1,
    hint="padding=kernel // 2, and no stride.",
)
def _sixty_four(answer: Answer, generator: torch.Generator) -> None:
    for channels, kernel, budget in _CASES:
        x = _images(generator, 1, channels, 7, 9)
        expect_shape(answer.build(channels, kernel, budget)(x), (1, 64, 7, 9))


@part(
    "googlenet-one-size",
    "a 1x1 reduction, then the kernel that is asked for",
    points=1,
    hint="nn.Conv2d(in_channels, R, 1), nn.ReLU(), nn.Conv2d(R, 64, kernel, ...)",
)
def _kernels(answer: Answer, generator: torch.Generator) -> None:
    for channels, kernel, budget in _CASES:
        parameters = answer.build(channels, kernel, budget).parameters()
        sides = [p.shape[-1] for p in parameters.values() if p.ndim == 4]
        expect_equal(sides, [1, kernel], "the list of kernel sizes")


@part(
    "googlenet-one-size",
    "within the budget, and one more channel would not be",
    points=2,
    hint="(budget - 64) // (in_channels + 1 + 64 * kernel ** 2)",
)
def _budget(answer: Answer, generator: torch.Generator) -> None:
    for channels, kernel, budget in _CASES:
        parameters = answer.build(channels, kernel, budget).parameters()
        used = sum(p.numel() for p in parameters.values())
        step = channels + 1 + 64 * kernel**2
        expect(used <= budget, f"{used} parameters are more than {budget}.")
        expect(
            used + step > budget,
            f"{used} parameters: there is room for another channel within {budget}.",
        )


@part(
    "googlenet-one-size",
    "a ReLU behind each convolution",
    points=1,
    hint="Both convolutions are rectified, as in the paper.",
    hidden=True,
)
def _two_relus(answer: Answer, generator: torch.Generator) -> None:
    block = answer.build(16, 3, 9000)
    x = _images(generator, 1, 16, 6, 6)
    parameters = list(block.parameters().values())
    expect(len(parameters) == 4, "expected two convolutions, each with a bias.")
    inside = F.conv2d(x, *parameters[:2]).relu()
    expect_close(block(x.clone()), F.conv2d(inside, *parameters[2:], padding=1).relu())
