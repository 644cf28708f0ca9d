"""Checks of the exercises of the chapter on Xception."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import count_macs, count_parameters
from edulib.exercises.answer import Answer
from edulib.exercises.compare import expect, expect_equal, expect_shape, expect_within
from edulib.exercises.registry import part
from edulib.exercises.values import numbers


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


def _error(weight: Tensor, filters: Tensor, mix: Tensor) -> float:
    """Sum of squares of what is left of an ordinary convolution's weights."""
    return (weight - torch.einsum("oc,chw->ochw", mix, filters)).square().sum().item()


def _factors(answer: Answer, weight: Tensor) -> tuple[Tensor, Tensor]:
    """The student's filters and mix, as plain numbers of the right shapes."""
    found = answer(weight.clone())
    filters, mix = numbers(found[0]), numbers(found[1])
    out_channels, channels = weight.shape[:2]
    expect_shape(filters, (channels, *weight.shape[2:]))
    expect_shape(mix, (out_channels, channels))
    return filters, mix


@part(
    "xception-factor",
    "a convolution that is separable is found again",
    points=2,
    hint="For channel c, weight[:, c] has the rank 1: a column of the mix times a "
    "filter.",
)
def _found_again(answer: Answer, generator: torch.Generator) -> None:
    _, filters, mix = _case(generator, 1, 4, 1, 1, 6)
    weight = torch.einsum("oc,chw->ochw", mix, filters)
    left = _error(weight, *_factors(answer, weight))
    expect(left < 1e-6, f"squares that are left: {left:.3g}, expected 0.")


def _best(weight: Tensor) -> float:
    """The least that separable weights can leave: all but the first singular value."""
    matrices = weight.transpose(0, 1).flatten(2)
    return torch.linalg.svdvals(matrices)[:, 1:].square().sum().item()


@part(
    "xception-factor",
    "of another the nearest one",
    points=3,
    hint="torch.linalg.svd of weight[:, c].flatten(1), for each channel c by itself.",
)
def _nearest(answer: Answer, generator: torch.Generator) -> None:
    weight = torch.randn(6, 4, 3, 3, generator=generator)
    left, best = _error(weight, *_factors(answer, weight)), _best(weight)
    expect(left < 1.0001 * best, f"left are {left:.2f}, possible are {best:.2f}.")


@part(
    "xception-factor",
    "other numbers of channels, other sizes of filter",
    points=1,
    hint="Take all sizes from weight.shape.",
    hidden=True,
)
def _other_sizes(answer: Answer, generator: torch.Generator) -> None:
    weight = torch.randn(3, 7, 5, 5, generator=generator)
    left, best = _error(weight, *_factors(answer, weight)), _best(weight)
    expect(left < 1.0001 * best, f"left are {left:.2f}, possible are {best:.2f}.")
