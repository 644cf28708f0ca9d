"""Checks of the exercises of the chapter on MobileNet v2 and v3."""

import torch
from torch import Tensor
from torch.nn import functional as F

from edulib.anatomy import count_macs, count_parameters
from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect,
    expect_equal,
    expect_shape,
    expect_unchanged,
    expect_within,
)
from edulib.exercises.layers import (
    build_twins,
    expect_agreement,
    expect_same_evaluation,
    expect_same_gradients,
    random_maps,
)
from edulib.exercises.registry import forbid, part
from edulib.models.classification.mobilenet_v2 import InvertedResidual

_MAPS = (96, 14, 14)


@part(
    "mobilenetv2-count",
    "multiply-adds of the block",
    points=1,
    hint="Three convolutions; a weight is used once at each of 14 x 14 places.",
)
def _macs(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[0], count_macs(_counted(), _MAPS), "block_macs")


@part(
    "mobilenetv2-count",
    "parameters of the block",
    points=1,
    hint="The weights of three convolutions, and two numbers for each channel of three "
    "normalisations: 576, 576 and 96 channels.",
)
def _parameters(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], count_parameters(_counted()), "block_parameters")


@part(
    "mobilenetv2-count",
    "numbers that a thin and a wide shortcut keep",
    points=1,
    hint="The block's input, and the maps between its layers: one number a channel and "
    "place.",
)
def _kept(answer: Answer, generator: torch.Generator) -> None:
    places = _MAPS[1] * _MAPS[2]
    expect_equal(answer[2], 96 * places, "thin_numbers")
    expect_equal(answer[3], 6 * 96 * places, "wide_numbers")


def _counted() -> InvertedResidual:
    return InvertedResidual(96, 96, stride=1, expansion=6)


forbid("mobilenetv2-block", InvertedResidual)


@part(
    "mobilenetv2-block",
    "has the parameters of three convolutions, or of two",
    points=1,
    hint="With expansion 1 nothing is widened; no biases, two numbers for each "
    "normalised map.",
)
def _shapes(answer: Answer, generator: torch.Generator) -> None:
    for sizes in ((4, 6, 1, 3), (4, 6, 2, 1)):
        right = [tuple(p.shape) for p in InvertedResidual(*sizes).parameters()]
        found = [tuple(p.shape) for p in answer.build(*sizes).parameters().values()]
        expect(found == right, f"Inverted{sizes} has parameters of shapes {found}.")


@part(
    "mobilenetv2-block",
    "without a shortcut, agrees with the book's block",
    points=2,
    hint="ReLU6 after the first and after the depthwise layer, nothing after the last.",
)
def _agrees(answer: Answer, generator: torch.Generator) -> None:
    expect_agreement(answer, InvertedResidual, generator, 7, 4, 7, 1, 3)
    expect_agreement(answer, InvertedResidual, generator, 6, 5, 7, 1, 1)


@part(
    "mobilenetv2-block",
    "adds its input where it can, and halves the image with stride 2",
    points=2,
    hint="The input is added with stride 1 and as many channels out as in, only then.",
)
def _adds(answer: Answer, generator: torch.Generator) -> None:
    expect_agreement(answer, InvertedResidual, generator, 7, 5, 5, 1, 2)
    expect_agreement(answer, InvertedResidual, generator, 8, 4, 4, 2, 2)
    expect_agreement(answer, InvertedResidual, generator, 9, 4, 6, 2, 6)


@part(
    "mobilenetv2-block",
    "in evaluation mode, normalises by what it has seen in training",
    points=1,
    hint="nn.BatchNorm2d keeps running statistics by itself; change nothing of that.",
)
def _evaluates(answer: Answer, generator: torch.Generator) -> None:
    expect_same_evaluation(answer, InvertedResidual, generator, 4, 4, 1, 2)


@part(
    "mobilenetv2-block",
    "with the right gradients, through the shortcut, too",
    points=1,
    hint="Nothing may be detached; the input is added as it is.",
    hidden=True,
)
def _gradients(answer: Answer, generator: torch.Generator) -> None:
    block, reference = build_twins(answer, InvertedResidual, generator, 4, 4, 1, 3)
    x = random_maps(generator, 4, 6)
    expect_same_gradients(block, reference, x)


def _weights(
    generator: torch.Generator, thin: int, wide: int, out: int
) -> tuple[Tensor, Tensor, Tensor]:
    shapes = (wide, thin, 1, 1), (wide, 1, 3, 3), (out, wide, 1, 1)
    return tuple(torch.randn(shape, generator=generator) for shape in shapes)


def _expect_whole(answer: Answer, generator: torch.Generator, *sizes: int) -> None:
    """Compare one way to cut a block with the block in one piece."""
    thin, wide, out, parts = sizes
    weights = _weights(generator, thin, wide, out)
    x = random_maps(generator, thin, 6)
    given, kept = x.clone(), [weight.clone() for weight in weights]
    found = answer(given, *kept, parts)
    for one, before in zip((given, *kept), (x, *weights), strict=True):
        expect_unchanged(one, before)
    expect(
        isinstance(found, tuple | list) and len(found) == 2,
        "expected a pair: the output, the largest number of wide channels.",
    )
    expand, depthwise, project = weights
    inner = F.relu6(F.conv2d(x, expand))
    inner = F.relu6(F.conv2d(inner, depthwise, padding=1, groups=wide))
    right = F.conv2d(inner, project)
    expect_shape(found[0], tuple(right.shape))
    what = f"the output in {parts} parts"
    expect_within(found[0], right, what, rtol=1e-3, atol=1e-3)
    expect_equal(found[1], -(-wide // parts), f"the wide channels held, {parts} parts")


@part(
    "mobilenetv2-parts",
    "one part is the whole block",
    points=1,
    hint="conv2d, relu6, conv2d with groups and padding 1, relu6, conv2d.",
)
def _one_part(answer: Answer, generator: torch.Generator) -> None:
    _expect_whole(answer, generator, 3, 6, 4, 1)


@part(
    "mobilenetv2-parts",
    "equal parts add up to it",
    points=2,
    hint="Rows of expand and depthwise belong to columns of project; add the results.",
)
def _equal_parts(answer: Answer, generator: torch.Generator) -> None:
    _expect_whole(answer, generator, 4, 12, 3, 3)
    _expect_whole(answer, generator, 2, 6, 5, 6)


@part(
    "mobilenetv2-parts",
    "so do parts that do not divide the channels",
    points=1,
    hint="As torch.chunk cuts: 10 channels in 4 parts are 3, 3, 3 and 1.",
    hidden=True,
)
def _unequal_parts(answer: Answer, generator: torch.Generator) -> None:
    _expect_whole(answer, generator, 3, 10, 2, 4)
