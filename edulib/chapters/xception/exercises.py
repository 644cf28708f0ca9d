"""Checks of the exercises of the chapter on Xception."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import count_macs, count_parameters
from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    copy_parameters,
    expect,
    expect_equal,
    expect_shape,
    expect_within,
    randomize,
)
from edulib.exercises.registry import part


def _layers(kernel: int = 3) -> tuple[nn.Conv2d, nn.Sequential]:
    """An ordinary and a separable convolution from 728 to 728 channels."""
    ordinary = nn.Conv2d(728, 728, kernel, padding=kernel // 2, bias=False)
    separable = nn.Sequential(
        nn.Conv2d(728, 728, kernel, padding=kernel // 2, groups=728, bias=False),
        nn.Conv2d(728, 728, 1, bias=False),
    )
    return ordinary, separable


@part(
    "xception-count",
    "weights of the ordinary convolution",
    points=1,
    hint="728 filters, each 3x3 for each of 728 channels.",
)
def _ordinary(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[0], count_parameters(_layers()[0]), "ordinary_weights")


@part(
    "xception-count",
    "weights of the separable convolution",
    points=1,
    hint="One 3x3 filter a channel, and a 1x1 convolution from 728 to 728 channels.",
)
def _separable(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], count_parameters(_layers()[1]), "separable_weights")


@part(
    "xception-count",
    "multiply-adds of its spatial half",
    points=1,
    hint="Nine for each channel at each of 19 x 19 places.",
)
def _spatial(answer: Answer, generator: torch.Generator) -> None:
    macs = count_macs(_layers()[1][0], (728, 19, 19))
    expect_equal(answer[2], macs, "spatial_macs")


@part(
    "xception-count",
    "what a 5x5 costs in addition",
    points=1,
    hint="Only the spatial half grows: 25 weights for each channel in place of nine.",
)
def _larger(answer: Answer, generator: torch.Generator) -> None:
    more = count_parameters(_layers(5)[1]) - count_parameters(_layers()[1])
    expect_equal(answer[3], more, "added_weights")


def _case(generator: torch.Generator, *sizes: int) -> tuple[Tensor, Tensor, Tensor]:
    """Images, a filter for each of their channels, and a mix of the channels."""
    batch, channels, height, width, out_channels = sizes
    draw = [
        torch.randn(shape, generator=generator)
        for shape in (
            (batch, channels, height, width),
            (channels, 3, 3),
            (out_channels, channels),
        )
    ]
    return tuple(draw)


def _expected(x: Tensor, filters: Tensor, mix: Tensor) -> Tensor:
    maps = F.conv2d(x, filters[:, None], padding=1, groups=len(filters))
    return F.conv2d(maps, mix[:, :, None, None])


@part(
    "xception-separable",
    "the shape of the result",
    points=1,
    hint="Pad by one pixel: height and width stay, the channels are those of the mix.",
)
def _shape(answer: Answer, generator: torch.Generator) -> None:
    x, filters, mix = _case(generator, 2, 3, 6, 5, 4)
    expect_shape(answer(x, filters, mix), (2, 4, 6, 5))


@part(
    "xception-separable",
    "with a mix that changes nothing, each map is filtered by itself",
    points=2,
    hint="Channel c meets filter c alone. Do not turn the filter around.",
)
def _alone(answer: Answer, generator: torch.Generator) -> None:
    x, filters, _ = _case(generator, 2, 3, 6, 5, 3)
    expected = _expected(x, filters, torch.eye(3))
    found = answer(x.clone(), filters.clone(), torch.eye(3))
    expect_within(found, expected, "the output", rtol=1e-4, atol=1e-5)


@part(
    "xception-separable",
    "then the channels are mixed",
    points=2,
    hint="Row k of the mix holds the weights of output channel k.",
)
def _mixed(answer: Answer, generator: torch.Generator) -> None:
    x, filters, mix = _case(generator, 1, 4, 5, 7, 6)
    expected = _expected(x, filters, mix)
    found = answer(x.clone(), filters.clone(), mix.clone())
    expect_within(found, expected, "the output", rtol=1e-4, atol=1e-5)


@part(
    "xception-separable",
    "nothing is rectified in between, and one channel is enough",
    points=1,
    hint="Filter and mix, no activation function.",
    hidden=True,
)
def _one_channel(answer: Answer, generator: torch.Generator) -> None:
    x, filters, mix = _case(generator, 1, 1, 4, 4, 2)
    found = answer(x - 3, filters, -mix)
    expected = _expected(x - 3, filters, -mix)
    expect_within(found, expected, "the output", rtol=1e-4, atol=1e-5)


def _reference(in_channels: int, out_channels: int, multiplier: int) -> nn.Sequential:
    between = multiplier * in_channels
    return nn.Sequential(
        nn.Conv2d(in_channels, between, 3, padding=1, groups=in_channels, bias=False),
        nn.ReLU(),
        nn.Conv2d(between, out_channels, 1, bias=False),
        nn.BatchNorm2d(out_channels),
    )


def _twins(answer: Answer, generator: torch.Generator, *sizes: int) -> tuple:
    """The student's layer and ours, with the same random parameters."""
    reference = _reference(*sizes)
    randomize(reference, generator, 1, 3)
    layer = answer.build(*sizes)
    copy_parameters(reference, layer)
    return layer, reference


def _expect_agreement(
    answer: Answer, generator: torch.Generator, sizes: tuple[int, int, int]
) -> None:
    layer, reference = _twins(answer, generator, *sizes)
    x = torch.randn(2, sizes[0], 6, 5, generator=generator)
    what = f"the output of Thick{sizes}"
    expect_within(layer(x.clone()), reference(x), what, rtol=1e-3, atol=1e-4)


@part(
    "xception-thick",
    "has the parameters of m filters a channel",
    points=2,
    hint="9 weights for each of the C m maps, C m for each output channel, 2 for each "
    "normalised map; no biases.",
)
def _parameters(answer: Answer, generator: torch.Generator) -> None:
    shapes = [tuple(p.shape) for p in _reference(4, 6, 3).parameters()]
    found = [tuple(p.shape) for p in answer.build(4, 6, 3).parameters().values()]
    expect(found == shapes, f"your parameters have the shapes {found}.")


@part(
    "xception-thick",
    "filters, rectifies, mixes and normalises",
    points=2,
    hint="Depthwise, ReLU, pointwise, normalisation, in this order; one pixel of "
    "padding keeps the size.",
)
def _computes(answer: Answer, generator: torch.Generator) -> None:
    _expect_agreement(answer, generator, (4, 6, 3))
    _expect_agreement(answer, generator, (3, 3, 2))


@part(
    "xception-thick",
    "also with one filter a channel, and with the right gradients",
    points=1,
    hint="m = 1 is an ordinary depthwise convolution; nothing may be detached.",
    hidden=True,
)
def _gradients(answer: Answer, generator: torch.Generator) -> None:
    _expect_agreement(answer, generator, (5, 2, 1))
    layer, reference = _twins(answer, generator, 4, 3, 2)
    x = torch.randn(2, 4, 5, 5, generator=generator)
    image, output = x.clone().requires_grad_(), layer(x.clone())
    (found,) = layer.gradients(x, signal=2 * output).inputs
    expect(found is not None, "no gradient reaches the input.")
    reference(image).square().sum().backward()
    what = "the gradient of the input"
    expect_within(found, image.grad, what, rtol=1e-2, atol=1e-2)
