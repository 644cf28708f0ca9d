"""Checks of the exercises of the chapter on ZFNet."""

import torch
from torch import Tensor, nn

from edulib.anatomy import receptive_field
from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect,
    expect_close,
    expect_equal,
    expect_shape,
    expect_unchanged,
    expect_within,
    randomize,
)
from edulib.exercises.registry import part
from edulib.exercises.values import numbers
from edulib.explanation import deconvnet


def _alexnet() -> nn.Module:
    """The first two layers of AlexNet."""
    return nn.Sequential(
        nn.Conv2d(3, 96, 11, stride=4), nn.MaxPool2d(3, 2), nn.Conv2d(96, 256, 5)
    )


@part(
    "zfnet-sizes", "side of conv1", points=1, hint="How often does 4 fit in 227 - 11?"
)
def _conv1_side(answer: Answer, generator: torch.Generator) -> None:
    side = _alexnet()[0](torch.zeros(1, 3, 227, 227)).shape[-1]
    expect_equal(answer[0], side, "conv1_side")


@part(
    "zfnet-sizes",
    "receptive field of conv2",
    points=1,
    hint="Five neighbours after pooling, each 19 pixels wide, begin 8 pixels apart.",
)
def _conv2_field(answer: Answer, generator: torch.Generator) -> None:
    field = receptive_field(_alexnet(), (3, 227, 227), "2")
    expect_equal(answer[1], field.size[0], "conv2_field")


@part(
    "zfnet-sizes",
    "finest stripes that conv1 can place",
    points=1,
    hint="Two samples a period; the samples lie 4 pixels apart.",
)
def _finest_period(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[2], 2 * _alexnet()[0].stride[0], "finest_period")


@part(
    "zfnet-sizes",
    "what stripes of 5 pixels look like to conv1",
    points=1,
    hint="Stripes of period 5, sampled every 4 pixels: when is the pattern repeated?",
)
def _alias(answer: Answer, generator: torch.Generator) -> None:
    samples = torch.cos(2 * torch.pi * torch.arange(0, 2000, 4).double() / 5)
    peak = int(torch.fft.rfft(samples).abs().argmax())
    expect_equal(answer[3], round(2000 / peak), "alias_period")


def _signals(generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Inputs and signals coming down, each positive and negative."""
    x = torch.randn(2, 3, 6, 6, generator=generator)
    return x, torch.randn(2, 3, 6, 6, generator=generator)


def _sent_down(answer: Answer, x: Tensor, signal: Tensor) -> Tensor:
    (passed,) = answer.method("apply").gradients(x, signal=signal).inputs
    expect(passed is not None, "no signal can go down through the output.")
    return passed


@part(
    "zfnet-relu",
    "on the way up it is a ReLU",
    points=1,
    hint="forward returns x where x is positive, 0 elsewhere.",
)
def _goes_up(answer: Answer, generator: torch.Generator) -> None:
    x, _ = _signals(generator)
    before = x.clone()
    expect_close(answer.method("apply")(x), x.clamp(min=0))
    expect_unchanged(x, before)


@part(
    "zfnet-relu",
    "negative signals stop",
    points=1,
    hint="The signal itself is rectified, as the maps were on the way up.",
)
def _negative_stops(answer: Answer, generator: torch.Generator) -> None:
    x, signal = _signals(generator)
    passed = _sent_down(answer, x, -signal.abs())
    expect(bool((numbers(passed) == 0).all()), "a negative signal came through.")


@part(
    "zfnet-relu",
    "positive signals pass, whether the unit fired or not",
    points=2,
    hint="That is the difference from the gradient: what x was plays no part.",
)
def _positive_passes(answer: Answer, generator: torch.Generator) -> None:
    x, signal = _signals(generator)
    expect_close(_sent_down(answer, x, signal.abs()), signal.abs(), "what came down")


@part(
    "zfnet-relu",
    "in a network it makes a DeconvNet",
    points=2,
    hint="First get the three parts above right.",
)
def _makes_a_deconvnet(answer: Answer, generator: torch.Generator) -> None:
    net = nn.Sequential(
        nn.Conv2d(3, 6, 5, stride=2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(6, 4, 3)
    )
    randomize(net, generator, 1, 0)
    image = torch.rand(1, 3, 31, 31, generator=generator, requires_grad=True)
    first = net[0](image)
    rectified = answer.method("apply")(first.detach())
    expect_shape(rectified, tuple(first.shape))
    rectified.requires_grad_()
    strongest = net[3](net[2](rectified)).flatten(1).max()
    (signal,) = torch.autograd.grad(strongest, rectified)
    passed = _sent_down(answer, first.detach(), signal)
    (picture,) = torch.autograd.grad(first, image, passed)
    maps = net(image.detach()).flatten(2).amax(2)
    expected = deconvnet(net, image.detach(), "3", int(maps.argmax()))
    found = picture * strongest.detach().clamp(min=0)
    expect_within(found, expected, "the reconstruction", rtol=1e-3, atol=1e-3)


@part(
    "zfnet-relu",
    "tensors of any shape and precision",
    points=1,
    hint="Nothing may be made with a fixed shape or type.",
    hidden=True,
)
def _any_shape(answer: Answer, generator: torch.Generator) -> None:
    x = torch.randn(5, generator=generator).double()
    signal = torch.randn(5, generator=generator).double()
    passed = _sent_down(answer, x, signal)
    expect(passed.dtype == torch.float64, f"float64 went in, {passed.dtype} came out.")
    expect_close(passed, signal.clamp(min=0), "what came down")


_LOOKS = ((7, 2), (11, 2), (7, 4), (11, 4))


@part(
    "zfnet-first-look",
    "conv1 has the kernel and the stride that are asked for",
    points=1,
    hint="nn.Conv2d(3, 32, kernel, stride=stride, padding=kernel // 2)",
)
def _first_layer(answer: Answer, generator: torch.Generator) -> None:
    for kernel, stride in _LOOKS:
        conv1 = answer.build(kernel, stride).part("conv1")
        weight = next(iter(conv1.parameters().values()))
        # 32 pixels more give 32 / stride places more, whatever the padding
        small, large = (conv1(torch.zeros(1, 3, s, s)).shape[-1] for s in (64, 96))
        expect(large > small, "conv1 gives as many places for 96 pixels as for 64.")
        got = (weight.shape[-1], 32 // (large - small), len(weight))
        expect_equal(got, (kernel, stride, 32), "(kernel, stride, maps) of conv1")


@part(
    "zfnet-first-look",
    "layer 3 sees maps of 8 x 8, whatever the first look",
    points=2,
    hint="conv2: 5x5, padding 2, and a stride that makes up for conv1's.",
)
def _equal_afterwards(answer: Answer, generator: torch.Generator) -> None:
    image = torch.zeros(1, 3, 64, 64)
    for kernel, stride in _LOOKS:
        maps = answer.build(kernel, stride).output_of("conv2", image)
        what = f"conv2's output for {kernel}x{kernel}/{stride}"
        expect_shape(maps, (1, 64, 8, 8), what)


@part(
    "zfnet-first-look",
    "64 classes",
    points=1,
    hint="SmallZFNet(conv1, conv2, num_classes=64)",
    hidden=True,
)
def _classes(answer: Answer, generator: torch.Generator) -> None:
    x = torch.rand(2, 3, 64, 64, generator=generator)
    expect_shape(answer.build(7, 4)(x), (2, 64), "the scores")
