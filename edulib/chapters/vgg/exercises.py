"""Checks of the exercises of the chapter on VGG."""

import torch
from torch import Tensor, nn

from edulib.anatomy import count_parameters, receptive_field
from edulib.chapters.vgg.networks import vgg_small
from edulib.exercises.answer import Answer, read_parameters
from edulib.exercises.compare import (
    expect,
    expect_equal,
    expect_shape,
    expect_within,
    is_equal,
)
from edulib.exercises.registry import part
from edulib.models.classification.vgg import VGG


def _stack(layers: int) -> nn.Sequential:
    """3x3 convolutions with 256 channels, without biases."""
    return nn.Sequential(
        *(nn.Conv2d(256, 256, 3, padding=1, bias=False) for _ in range(layers))
    )


@part(
    "vgg-count",
    "what three 3x3 see",
    points=1,
    hint="Each further 3x3 adds one pixel on either side.",
)
def _side(answer: Answer, generator: torch.Generator) -> None:
    field = receptive_field(_stack(3), (256, 32, 32))
    expect_equal(answer[0], field.size[0], "side")


@part(
    "vgg-count",
    "weights of three 3x3",
    points=1,
    hint="A 3x3 convolution from C to C channels has 9 C C weights.",
)
def _small(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], count_parameters(_stack(3)), "three_small")


@part(
    "vgg-count",
    "weights of one 7x7",
    points=1,
    hint="49 where the 3x3 has 9, and only one of them.",
)
def _large(answer: Answer, generator: torch.Generator) -> None:
    layer = nn.Conv2d(256, 256, 7, bias=False)
    expect_equal(answer[2], count_parameters(layer), "one_large")


@part(
    "vgg-count",
    "parameters of the first dense layer",
    points=1,
    hint="The last maps are 512 of 7 x 7; each of 4,096 units has a bias, too.",
)
def _dense(answer: Answer, generator: torch.Generator) -> None:
    layer = nn.Linear(512 * 7 * 7, 4096, device="meta")
    expect_equal(answer[3], count_parameters(layer), "first_dense")


def _case(generator: torch.Generator, side: int) -> tuple[nn.Linear, Tensor]:
    """A dense layer over 6 maps of ``side`` x ``side``, and two such maps."""
    linear = nn.Linear(6 * side * side, 5)
    for parameter in linear.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return linear, torch.randn(2, 6, side, side, generator=generator)


@part(
    "vgg-slide",
    "one place: equal to the dense layer",
    points=2,
    hint="A row of the matrix is a filter that was flattened: channels, rows, columns.",
)
def _equal(answer: Answer, generator: torch.Generator) -> None:
    linear, maps = _case(generator, 3)
    expected = linear(maps.flatten(1))
    found = answer.build(linear, 6, 3)(maps)
    expect_shape(found, (2, 5, 1, 1))
    expect_within(found.flatten(1), expected, "the output", rtol=1e-4, atol=1e-4)


@part(
    "vgg-slide",
    "larger maps: the dense layer at every place",
    points=2,
    hint="No padding, stride 1.",
)
def _slides(answer: Answer, generator: torch.Generator) -> None:
    linear, _ = _case(generator, 3)
    maps = torch.randn(1, 6, 5, 4, generator=generator)
    expected = linear(maps[:, :, 2:5, 1:4].flatten(1))
    found = answer.build(linear, 6, 3)(maps)
    expect_shape(found, (1, 5, 3, 2))
    place = found[:, :, 2, 1]
    expect_within(place, expected, "the last place", rtol=1e-4, atol=1e-4)


@part(
    "vgg-slide",
    "the dense layer is left as it was",
    points=1,
    hint="Copy the numbers; do not reshape the layer's own weight in place.",
    hidden=True,
)
def _untouched(answer: Answer, generator: torch.Generator) -> None:
    linear, _ = _case(generator, 2)
    before = read_parameters(linear)
    convolution = answer.build(linear, 6, 2)
    convolution.fill([p + 1 for p in convolution.parameters().values()])
    for name, parameter in read_parameters(linear).items():
        same = is_equal(parameter, before[name])
        expect(same, f"the {name} of the dense layer has changed.")


_COPIED = ("stage1.0", "stage2.0", "stage3.0", "stage3.2")
_DENSE = ("head.0", "head.3", "head.6")


def _networks(generator: torch.Generator) -> tuple[VGG, VGG]:
    """Narrow configurations A and D with random weights and biases."""
    networks = vgg_small(4), vgg_small(4, depths=(2, 2, 3, 3, 3))
    for network in networks:
        for parameter in network.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator)
    return networks


def _expect_copied(answer: Answer, generator: torch.Generator, names: tuple) -> None:
    shallow, deep = _networks(generator)
    learned = read_parameters(shallow)
    answer(shallow, deep)
    found = read_parameters(deep)
    for name in names:
        pairs = [(learned[k], found.get(k)) for k in (f"{name}.weight", f"{name}.bias")]
        same = all(new is not None and is_equal(old, new) for old, new in pairs)
        expect(same, f"{name} of the deep network is not that of the shallow one.")


@part(
    "vgg-grow",
    "the first four convolutions",
    points=1,
    hint="Convolution k of a stage goes to convolution k of the same stage.",
)
def _convolutions(answer: Answer, generator: torch.Generator) -> None:
    _expect_copied(answer, generator, _COPIED)


@part(
    "vgg-grow",
    "the three dense layers",
    points=1,
    hint="Both networks have the same head: load_state_dict takes all of it.",
)
def _dense_layers(answer: Answer, generator: torch.Generator) -> None:
    _expect_copied(answer, generator, _DENSE)


@part(
    "vgg-grow",
    "all others as they were",
    points=1,
    hint="Stages 4 and 5, and the further convolutions of stages 1 to 3, stay random.",
)
def _others(answer: Answer, generator: torch.Generator) -> None:
    shallow, deep = _networks(generator)
    before = read_parameters(deep)
    answer(shallow, deep)
    for name, parameter in read_parameters(deep).items():
        if name.rpartition(".")[0] not in (*_COPIED, *_DENSE):
            expect(is_equal(parameter, before[name]), f"{name} has changed.")


@part(
    "vgg-grow",
    "the shallow network keeps its own weights",
    points=1,
    hint="Copy the numbers, so that training one network leaves the other alone.",
    hidden=True,
)
def _separate(answer: Answer, generator: torch.Generator) -> None:
    shallow, deep = _networks(generator)
    before = list(read_parameters(shallow).values())
    answer(shallow, deep)
    with torch.no_grad():
        for parameter in deep.parameters():
            parameter.add_(1)
    same = map(is_equal, before, read_parameters(shallow).values())
    expect(all(same), "a step of the deep network changed the shallow one.")
