"""Checks of the exercises of the chapter on SqueezeNet and MobileNet."""

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
from edulib.exercises.layers import (
    build_twins,
    expect_agreement,
    expect_same_evaluation,
    expect_same_gradients,
    random_maps,
)
from edulib.exercises.registry import forbid, part
from edulib.models.classification.mobilenet_v1 import DepthwiseSeparable
from edulib.models.classification.squeezenet import Fire

_IMAGE = (512, 14, 14)


@part(
    "mobilenet-count",
    "multiply-adds of the full convolution",
    points=1,
    hint="Each of its weights is used once at each of 14 x 14 places.",
)
def _full(answer: Answer, generator: torch.Generator) -> None:
    layer = nn.Conv2d(512, 512, 3, padding=1, bias=False)
    expect_equal(answer[0], count_macs(layer, _IMAGE), "full_macs")


@part(
    "mobilenet-count",
    "multiply-adds of the pair",
    points=1,
    hint="Nine weights for each channel, then one for each pair of channels.",
)
def _pair(answer: Answer, generator: torch.Generator) -> None:
    layers = DepthwiseSeparable(512, 512)
    expect_equal(answer[1], count_macs(layers, _IMAGE), "separable_macs")


@part(
    "mobilenet-count",
    "parameters of a fire module",
    points=1,
    hint="Three convolutions; each has one bias for each channel that it gives.",
)
def _fire(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[2], count_parameters(Fire(256, 32, 256)), "fire_parameters")


forbid("mobilenet-block", DepthwiseSeparable)


@part(
    "mobilenet-block",
    "has the parameters of a split convolution",
    points=1,
    hint="9 weights a channel, 1 for each pair of channels, 2 for each normalised map; "
    "no biases.",
)
def _parameters(answer: Answer, generator: torch.Generator) -> None:
    shapes = [tuple(p.shape) for p in DepthwiseSeparable(6, 10).parameters()]
    found = [tuple(p.shape) for p in answer.build(6, 10, 1).parameters().values()]
    expect(found == shapes, f"your parameters have the shapes {found}.")


@part(
    "mobilenet-block",
    "agrees with the book's block",
    points=2,
    hint="Normalise and clip (ReLU6) after the depthwise layer and after the 1x1.",
)
def _agrees(answer: Answer, generator: torch.Generator) -> None:
    expect_agreement(answer, DepthwiseSeparable, generator, 7, 5, 8, 1)
    expect_agreement(answer, DepthwiseSeparable, generator, 7, 6, 6, 1)


@part(
    "mobilenet-block",
    "halves the image, odd sizes too",
    points=1,
    hint="The depthwise convolution takes the stride, with one pixel of padding.",
)
def _strides(answer: Answer, generator: torch.Generator) -> None:
    expect_agreement(answer, DepthwiseSeparable, generator, 8, 4, 4, 2)
    expect_agreement(answer, DepthwiseSeparable, generator, 9, 4, 6, 2)


@part(
    "mobilenet-block",
    "in evaluation mode, normalises by what it has seen in training",
    points=1,
    hint="nn.BatchNorm2d keeps running statistics by itself; change nothing of that.",
)
def _evaluates(answer: Answer, generator: torch.Generator) -> None:
    expect_same_evaluation(answer, DepthwiseSeparable, generator, 4, 5, 1)


@part(
    "mobilenet-block",
    "also for one channel, and with the right gradients",
    points=1,
    hint="groups=in_channels, whatever their number; nothing may be detached.",
    hidden=True,
)
def _gradients(answer: Answer, generator: torch.Generator) -> None:
    expect_agreement(answer, DepthwiseSeparable, generator, 6, 1, 3, 1)
    block, reference = build_twins(answer, DepthwiseSeparable, generator, 4, 6, 1)
    x = random_maps(generator, 4, 6)
    expect_same_gradients(block, reference, x)


def _split(answer: Answer, kernel: Tensor) -> object:
    """What a student makes of a kernel, which must stay as it was."""
    given = kernel.clone()
    pair = answer(given)
    expect_unchanged(given, kernel)
    return pair


def _merged(pair: object, channels: int, filters: int) -> Tensor:
    """The one full kernel that a student's pair stands for."""
    expect(
        isinstance(pair, tuple | list) and len(pair) == 2,
        "expected a pair of tensors: depthwise, pointwise.",
    )
    depthwise, pointwise = pair
    expect_shape(depthwise, (channels, 1, 3, 3))
    expect_shape(pointwise, (filters, channels, 1, 1))
    return pointwise * depthwise[:, 0]


@part(
    "mobilenet-split",
    "a kernel that was made of a pair comes back",
    points=1,
    hint="kernel[:, c] is a column of N numbers times a row of 9.",
)
def _comes_back(answer: Answer, generator: torch.Generator) -> None:
    depthwise = torch.randn(4, 1, 3, 3, generator=generator)
    pointwise = torch.randn(6, 4, 1, 1, generator=generator)
    kernel = pointwise * depthwise[:, 0]
    found = _merged(_split(answer, kernel), 4, 6)
    expect_within(found, kernel, "the merged kernel", rtol=1e-3, atol=1e-4)


def _least(kernel: Tensor) -> float:
    """The smallest squared error that any pair has (Eckart and Young, 1936)."""
    sizes = torch.linalg.svdvals(kernel.transpose(0, 1).flatten(2))
    return sizes[:, 1:].square().sum().item()


def _expect_nearest(answer: Answer, kernel: Tensor) -> None:
    filters, channels = kernel.shape[:2]
    found = _merged(_split(answer, kernel), channels, filters)
    error = (found - kernel).square().sum().item()
    least = _least(kernel)
    expect(
        error <= 1.001 * least + 1e-6,
        f"the squared error of your pair is {error:.4g}, a pair with {least:.4g} "
        "exists.",
    )


@part(
    "mobilenet-split",
    "of any kernel, the nearest pair",
    points=2,
    hint="torch.linalg.svd of each channel's matrix; keep the largest singular value.",
)
def _nearest(answer: Answer, generator: torch.Generator) -> None:
    _expect_nearest(answer, torch.randn(5, 3, 3, 3, generator=generator))
    _expect_nearest(answer, torch.randn(12, 2, 3, 3, generator=generator))


@part(
    "mobilenet-split",
    "a channel that nobody reads does no harm",
    points=1,
    hint="Do not divide by what may be zero.",
    hidden=True,
)
def _dead_channel(answer: Answer, generator: torch.Generator) -> None:
    kernel = torch.randn(5, 3, 3, 3, generator=generator)
    kernel[:, 1] = 0
    _expect_nearest(answer, kernel)
