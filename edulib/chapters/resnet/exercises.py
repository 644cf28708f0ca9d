"""Checks of the exercises of the chapter on ResNet."""

import torch
from torch import Tensor, nn

from edulib.anatomy import count_parameters
from edulib.exercises.compare import (
    copy_parameters,
    expect,
    expect_close,
    expect_equal,
    expect_shape,
)
from edulib.exercises.registry import part
from edulib.models.classification.resnet import BasicBlock, Bottleneck


@part(
    "resnet-count",
    "parameters of the bottleneck",
    points=1,
    hint="Three convolutions without biases, and two numbers for each normalised map.",
)
def _bottleneck_parameters(answer: tuple, generator: torch.Generator) -> None:
    expect_equal(
        answer[0], count_parameters(Bottleneck(256, 256)), "bottleneck_parameters"
    )


@part(
    "resnet-count",
    "multiply-adds of the bottleneck",
    points=1,
    hint="Each weight of a convolution is used once at every pixel of its output.",
)
def _bottleneck_macs(answer: tuple, generator: torch.Generator) -> None:
    block = Bottleneck(256, 256)
    weights = sum(p.numel() for p in block.parameters() if p.ndim == 4)
    expect_equal(answer[1], 56 * 56 * weights, "bottleneck_macs")


@part(
    "resnet-count",
    "parameters of two 3x3 layers of the same width",
    points=1,
    hint="256 maps in, 256 maps out, nine weights for each pair; normalised as well.",
)
def _basic_parameters(answer: tuple, generator: torch.Generator) -> None:
    expect_equal(answer[2], count_parameters(BasicBlock(256, 256)), "basic_parameters")


def _pair(answer: type, generator: torch.Generator, *sizes: int) -> tuple:
    """The student's block and ours, with the same random parameters."""
    reference = BasicBlock(*sizes)
    with torch.no_grad():
        for parameter in reference.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(0.3 * noise + (parameter.ndim == 1))
    block = answer(*sizes)
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
def _block_keeps_shape(answer: type, generator: torch.Generator) -> None:
    block, _ = _pair(answer, generator, 6, 6, 1)
    x = _images(generator, 6, 8)
    expect_shape(block(x), tuple(x.shape))


@part(
    "resnet-block",
    "is the identity when its residual branch gives zero",
    points=1,
    hint="Add the input itself to what the two layers give, and only then rectify.",
)
def _block_is_identity(answer: type, generator: torch.Generator) -> None:
    block = answer(4, 4, 1)
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    x = _images(generator, 4, 6)
    expect_close(block(x), x)


@part(
    "resnet-block",
    "agrees with the book's block",
    points=2,
    hint="relu(shortcut(x) + residual(x)): normalise twice, rectify in the middle and "
    "after the sum.",
)
def _block_agrees(answer: type, generator: torch.Generator) -> None:
    block, reference = _pair(answer, generator, 5, 5, 1)
    x = _images(generator, 5, 7)
    expect_close(block(x), reference(x), rtol=1e-3)


@part(
    "resnet-block",
    "halves the image and widens the channels through a projection",
    points=1,
    hint="The shortcut is then a 1x1 convolution with the same stride, normalised.",
)
def _block_projects(answer: type, generator: torch.Generator) -> None:
    block, reference = _pair(answer, generator, 4, 8, 2)
    x = _images(generator, 4, 8)
    expect_close(block(x), reference(x), rtol=1e-3)


@part(
    "resnet-block",
    "also for odd sizes, and with the right gradients",
    points=1,
    hint="The input may not be changed in place, and nothing may be detached.",
    hidden=True,
)
def _block_gradients(answer: type, generator: torch.Generator) -> None:
    block, reference = _pair(answer, generator, 4, 6, 2)
    x = _images(generator, 4, 9)
    gradients = []
    for module in (block, reference):
        image = x.clone().requires_grad_()
        module(image * 1.0).square().sum().backward()
        gradients.append(image.grad)
    expect_close(*gradients, "the gradient of the input", rtol=1e-3, atol=1e-4)


@part(
    "resnet-preactivation",
    "an idle branch lets everything pass, negative numbers too",
    points=1,
    hint="Nothing follows the addition: no ReLU, no normalisation.",
)
def _clean_path(answer: type, generator: torch.Generator) -> None:
    block = answer(4, 4)
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    x = torch.randn(2, 4, 6, 6, generator=generator)
    expect_close(block(x), x)


class _PreActivation(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.conv1(self.norm1(x).relu())
        return x + self.conv2(self.norm2(inner).relu())


@part(
    "resnet-preactivation",
    "normalise, rectify, convolve, twice, then add",
    points=2,
    hint="Define norm, convolution, norm, convolution in this order, without biases.",
)
def _preactivation_agrees(answer: type, generator: torch.Generator) -> None:
    reference, block = _PreActivation(4), answer(4, 4)
    copy_parameters(reference, block)
    x = torch.randn(3, 4, 6, 6, generator=generator)
    expect_close(block(x), reference(x), rtol=1e-3)


@part(
    "resnet-preactivation",
    "halves the image without new parameters",
    points=1,
    hint="The first convolution takes the stride; ZeroPadding(in, out, stride) is the "
    "shortcut.",
)
def _preactivation_strides(answer: type, generator: torch.Generator) -> None:
    block = answer(3, 6, 2)
    expected = [(3,), (3,), (6, 3, 3, 3), (6,), (6,), (6, 6, 3, 3)]
    got = [tuple(p.shape) for p in block.parameters()]
    expect(got == expected, f"your parameters have the shapes {got}.")
    x = torch.randn(2, 3, 8, 8, generator=generator)
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    y = block(x)
    expect_shape(y, (2, 6, 4, 4))
    expect_close(y[:, :3], x[:, :, ::2, ::2], "the part of the shortcut")
