"""Checks of the exercises of the chapter on ResNet."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.anatomy import count_parameters
from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    copy_parameters,
    expect,
    expect_close,
    expect_equal,
    expect_shape,
    expect_within,
    randomize,
)
from edulib.exercises.registry import forbid, part
from edulib.models.classification.resnet import BasicBlock, Bottleneck


@part(
    "resnet-count",
    "parameters of the bottleneck",
    points=1,
    hint="Three convolutions without biases, and two numbers for each normalised map.",
)
def _bottleneck_parameters(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(
        answer[0], count_parameters(Bottleneck(256, 256)), "bottleneck_parameters"
    )


@part(
    "resnet-count",
    "multiply-adds of the bottleneck",
    points=1,
    hint="Each weight of a convolution is used once at every pixel of its output.",
)
def _bottleneck_macs(answer: Answer, generator: torch.Generator) -> None:
    block = Bottleneck(256, 256)
    weights = sum(p.numel() for p in block.parameters() if p.ndim == 4)
    expect_equal(answer[1], 56 * 56 * weights, "bottleneck_macs")


@part(
    "resnet-count",
    "parameters of two 3x3 layers of the same width",
    points=1,
    hint="256 maps in, 256 maps out, nine weights for each pair; normalised as well.",
)
def _basic_parameters(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[2], count_parameters(BasicBlock(256, 256)), "basic_parameters")


forbid("resnet-block", BasicBlock, Bottleneck)
forbid("resnet-preactivation", BasicBlock, Bottleneck)


def _pair(answer: Answer, generator: torch.Generator, *sizes: int) -> tuple:
    """The student's block and ours, with the same random parameters."""
    reference = BasicBlock(*sizes)
    randomize(reference, generator, 0.3, 1)
    block = answer.build(*sizes)
    copy_parameters(reference, block)
    return block, reference


def _images(generator: torch.Generator, channels: int, size: int) -> Tensor:
    return torch.rand(2, channels, size, size, generator=generator)


@part(
    "resnet-block",
    "keeps the shape, with no parameters in the shortcut",
    points=1,
    hint="Where shapes agree the shortcut is nn.Identity(); convolutions need padding.",
)
def _block_keeps_shape(answer: Answer, generator: torch.Generator) -> None:
    block, _ = _pair(answer, generator, 6, 6, 1)
    x = _images(generator, 6, 8)
    expect_shape(block(x), tuple(x.shape))


@part(
    "resnet-block",
    "is the identity when its residual branch gives zero",
    points=1,
    hint="Add the input itself to what the two layers give, and only then rectify.",
)
def _block_is_identity(answer: Answer, generator: torch.Generator) -> None:
    block = answer.build(4, 4, 1)
    block.fill([torch.zeros_like(p) for p in block.parameters().values()])
    x = _images(generator, 4, 6)
    expect_close(block(x), x)


@part(
    "resnet-block",
    "agrees with the book's block",
    points=2,
    hint="relu(shortcut(x) + residual(x)): normalise twice, rectify in the middle and "
    "after the sum.",
)
def _block_agrees(answer: Answer, generator: torch.Generator) -> None:
    block, reference = _pair(answer, generator, 5, 5, 1)
    x = _images(generator, 5, 7)
    expect_within(block(x), reference(x), "the output", rtol=1e-3, atol=1e-5)


@part(
    "resnet-block",
    "projects where it halves the image, where it widens, and where it does both",
    points=1,
    hint="The shortcut is then a 1x1 convolution with the same stride, normalised.",
)
def _block_projects(answer: Answer, generator: torch.Generator) -> None:
    for sizes in ((4, 8, 2), (4, 8, 1), (4, 4, 2)):
        block, reference = _pair(answer, generator, *sizes)
        x = _images(generator, 4, 8)
        what = f"the output of ResidualBlock{sizes}"
        expect_within(block(x), reference(x), what, rtol=1e-3, atol=1e-5)


@part(
    "resnet-block",
    "also for odd sizes, and with the right gradients",
    points=1,
    hint="The input may not be changed in place, and nothing may be detached.",
    hidden=True,
)
def _block_gradients(answer: Answer, generator: torch.Generator) -> None:
    block, reference = _pair(answer, generator, 4, 6, 2)
    x = _images(generator, 4, 9)
    image, output = x.clone().requires_grad_(), block(x.clone())
    expect_shape(output, (2, 6, 5, 5))
    # The gradient of the sum of the output's squares
    (found,) = block.gradients(x, signal=2 * output).inputs
    expect(found is not None, "no gradient reaches the input.")
    reference(image).square().sum().backward()
    what = "the gradient of the input"
    expect_within(found, image.grad, what, rtol=1e-3, atol=1e-4)


@part(
    "resnet-preactivation",
    "an idle branch lets everything pass, negative numbers too",
    points=1,
    hint="Nothing follows the addition: no ReLU, no normalisation.",
)
def _clean_path(answer: Answer, generator: torch.Generator) -> None:
    block = answer.build(4, 4)
    block.fill([torch.zeros_like(p) for p in block.parameters().values()])
    x = torch.randn(2, 4, 6, 6, generator=generator)
    expect_close(block(x), x)


def _residual_branch(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.BatchNorm2d(in_channels),
        nn.ReLU(),
        nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
    )


def _expect_preactivation(
    answer: Answer,
    generator: torch.Generator,
    in_channels: int,
    out_channels: int,
    stride: int,
) -> None:
    """Compare with our branch of the same parameters, and the padded input."""
    residual = _residual_branch(in_channels, out_channels, stride)
    block = answer.build(in_channels, out_channels, stride)
    copy_parameters(residual, block)
    x = torch.randn(3, in_channels, 6, 6, generator=generator)
    zeros = (0, 0, 0, 0, 0, out_channels - in_channels)  # behind the channels
    expected = F.pad(x[:, :, ::stride, ::stride], zeros) + residual(x)
    what = f"the output of PreActivationBlock({in_channels}, {out_channels}, {stride})"
    expect_within(block(x), expected, what, rtol=1e-3, atol=1e-5)


@part(
    "resnet-preactivation",
    "normalise, rectify, convolve, twice, then add",
    points=2,
    hint="Define norm, convolution, norm, convolution in this order, without biases.",
)
def _preactivation_agrees(answer: Answer, generator: torch.Generator) -> None:
    _expect_preactivation(answer, generator, 4, 4, 1)


@part(
    "resnet-preactivation",
    "halves the image without new parameters",
    points=1,
    hint="The first convolution takes the stride; ZeroPadding(in, out, stride) is the "
    "shortcut.",
)
def _preactivation_strides(answer: Answer, generator: torch.Generator) -> None:
    block = answer.build(3, 6, 2)
    expected = [(3,), (3,), (6, 3, 3, 3), (6,), (6,), (6, 6, 3, 3)]
    got = [tuple(p.shape) for p in block.parameters().values()]
    expect(got == expected, f"your parameters have the shapes {got}.")
    x = torch.randn(2, 3, 8, 8, generator=generator)
    block.fill([torch.zeros_like(p) for p in block.parameters().values()])
    y = block(x)
    expect_shape(y, (2, 6, 4, 4))
    expect_close(y[:, :3], x[:, :, ::2, ::2], "the part of the shortcut")
    _expect_preactivation(answer, generator, 3, 6, 2)


@part(
    "resnet-preactivation",
    "widens without halving",
    points=1,
    hint="ZeroPadding looks after every case: use it whatever the stride.",
    hidden=True,
)
def _preactivation_widens(answer: Answer, generator: torch.Generator) -> None:
    _expect_preactivation(answer, generator, 3, 6, 1)
