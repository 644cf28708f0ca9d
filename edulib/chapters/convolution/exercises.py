"""Checks of the exercises of the chapter on convolution."""

import torch
import torch.nn.functional as F
from torch import nn

from edulib.chapters.convolution.arithmetic import ConvSpec
from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect_close,
    expect_equal,
)
from edulib.exercises.registry import part


@part(
    "convolution-count",
    "output size of AlexNet's first layer",
    points=1,
    hint="How often does a step of 4 fit into 227 - 11, and where does one start?",
)
def _output(answer: Answer, generator: torch.Generator) -> None:
    right = ConvSpec(227, 3, 96, kernel=11, stride=4, padding=0).cost()["output"]
    expect_equal(answer[0], right, "alexnet_size")


@part(
    "convolution-count",
    "weights of AlexNet's second layer",
    points=1,
    hint="With two groups a kernel sees half of the input maps.",
)
def _weights(answer: Answer, generator: torch.Generator) -> None:
    setting = ConvSpec(27, 96, 256, kernel=5, stride=1, padding=2, groups=2)
    expect_equal(answer[1], setting.cost()["weights"], "alexnet_weights")


@part(
    "convolution-count",
    "multiply-adds of a 1x1 convolution",
    points=1,
    hint="Every weight is used once at each of the 56 x 56 places.",
)
def _macs(answer: Answer, generator: torch.Generator) -> None:
    setting = ConvSpec(56, 64, 256, kernel=1, stride=1, padding=0)
    expect_equal(answer[2], setting.cost()["macs"], "pointwise_macs")


@part(
    "convolution-count",
    "receptive field with dilations 1, 2, 4",
    points=2,
    hint="Each layer adds its dilation times (kernel size - 1).",
)
def _field(answer: Answer, generator: torch.Generator) -> None:
    windows = [ConvSpec(kernel=3, dilation=d).cost()["window"] for d in (1, 2, 4)]
    expect_equal(answer[3], 1 + sum(w - 1 for w in windows), "field")


def _compare(
    answer: Answer, generator: torch.Generator, stride: int, padding: int
) -> None:
    x = torch.randn(2, 3, 9, 12, generator=generator)
    weight = torch.randn(4, 3, 3, 3, generator=generator)
    right = F.conv2d(x, weight, stride=stride, padding=padding)
    expect_close(answer(x, weight, stride, padding), right)


@part(
    "convolution-im2col",
    "stride 1, no padding",
    points=2,
    hint="The row of a window and the row of a kernel must list the same order.",
)
def _plain(answer: Answer, generator: torch.Generator) -> None:
    _compare(answer, generator, stride=1, padding=0)


@part(
    "convolution-im2col",
    "with a stride",
    points=1,
    hint="x.unfold(2, k, stride) steps over the rows by the stride.",
)
def _stride(answer: Answer, generator: torch.Generator) -> None:
    _compare(answer, generator, stride=2, padding=0)


@part(
    "convolution-im2col",
    "with padding",
    points=1,
    hint="F.pad takes left, right, top, bottom.",
)
def _padding(answer: Answer, generator: torch.Generator) -> None:
    _compare(answer, generator, stride=1, padding=2)


@part(
    "convolution-im2col",
    "kernels of another size",
    points=1,
    hint="Read the kernel size from weight.shape.",
    hidden=True,
)
def _kernel(answer: Answer, generator: torch.Generator) -> None:
    x = torch.randn(1, 2, 8, 8, generator=generator)
    weight = torch.randn(3, 2, 5, 5, generator=generator)
    expect_close(answer(x, weight, 1, 0), F.conv2d(x, weight))


def _network(depth: int, generator: torch.Generator) -> nn.Sequential:
    layers = nn.Sequential(*(nn.Conv2d(1, 1, 3, bias=False) for _ in range(depth)))
    with torch.no_grad():
        for layer in layers:
            layer.weight.copy_(torch.randn(1, 1, 3, 3, generator=generator))
    return layers


@part(
    "convolution-influence",
    "one layer: the size of its weights",
    points=1,
    hint="Let the image require a gradient; then torch.autograd.grad(output, image).",
)
def _one_layer(answer: Answer, generator: torch.Generator) -> None:
    network = _network(1, generator)
    expect_close(answer(network, 3), network[0].weight[0, 0].abs())


@part(
    "convolution-influence",
    "several layers",
    points=2,
    hint="Differentiate one output unit, the one in the middle, and take abs().",
)
def _layers(answer: Answer, generator: torch.Generator) -> None:
    network = _network(3, generator)
    image = torch.zeros(1, 1, 11, 11, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(image)[0, 0, 2, 2], image)
    expect_close(answer(network, 11), gradient[0, 0].abs())
