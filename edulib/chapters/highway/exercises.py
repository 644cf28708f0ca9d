"""Checks of the exercises of the chapter on highway networks."""

from math import exp

import torch
from torch import Tensor, nn

from edulib.anatomy import count_parameters
from edulib.chapters.highway.networks import GeneralHighway
from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    copy_parameters,
    expect,
    expect_equal,
    expect_shape,
    expect_within,
    randomize,
)
from edulib.exercises.registry import forbid, part
from edulib.models.classification.highway import Highway, Plain

forbid("highway-layer", Highway)
forbid("highway-untied", Highway, GeneralHighway)


@part(
    "highway-count",
    "parameters of a highway layer of width 50",
    points=1,
    hint="Two dense layers, transform and gate, each with its weights and biases.",
)
def _gated(answer: Answer, generator: torch.Generator) -> None:
    layer = Highway(nn.Linear(50, 50), nn.Linear(50, 50))
    expect_equal(answer[0], count_parameters(layer), "gated")


@part(
    "highway-count",
    "parameters of a plain layer of width 71",
    points=1,
    hint="One dense layer: a weight for each pair of units, a bias for each unit.",
)
def _plain(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], count_parameters(Plain(nn.Linear(71, 71))), "plain")


@part(
    "highway-count",
    "share that 29 layers carry",
    points=1,
    hint="Each layer leaves 1 - sigmoid(-3) of what it receives; 29 of them multiply.",
)
def _share(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[2], (1 - 1 / (1 + exp(3.0))) ** 29, "share")


SPREAD = 0.6  # of random parameters: they saturate no gate


def _vectors(generator: torch.Generator, width: int) -> Tensor:
    return torch.randn(4, width, generator=generator)


def _layer_pair(answer: Answer, generator: torch.Generator, width: int) -> tuple:
    """The student's layer and ours, with the same random parameters."""
    ours = Highway(nn.Linear(width, width), nn.Linear(width, width))
    randomize(ours, generator, SPREAD, 0)
    layer = answer.build(width, -2.0)
    copy_parameters(ours, layer)
    return layer, ours


def _expect_drawn_by_torch(*weights: Tensor) -> None:
    """Weights of nn.Linear lie evenly between -1 and 1 over the root of the width."""
    for one in weights:
        bound = one.shape[1] ** -0.5
        expect(
            float(one.abs().max()) <= bound and float(one.std()) > 0.3 * bound,
            "the weights are not those that nn.Linear begins with: leave them as "
            "PyTorch draws them.",
        )


@part(
    "highway-layer",
    "starts the gate's biases where it is told, and nothing else",
    points=1,
    hint="nn.init.constant_(self.gate.bias, gate_bias); the transform keeps its own.",
)
def _starts(answer: Answer, generator: torch.Generator) -> None:
    for start in (-2.0, -5.0):
        values = list(answer.build(6, start).parameters().values())
        shapes = [tuple(v.shape) for v in values]
        expect(
            shapes == [(6, 6), (6,), (6, 6), (6,)],
            f"your parameters have the shapes {shapes}: expected those of the "
            "transform, then those of the gate.",
        )
        expect(
            int((values[3] != start).sum()) == 0,
            f"the gate's biases are not all {start:g} at the start.",
        )
        expect(
            sum(int((v == start).sum()) for v in values[:3]) == 0,
            "more than the gate's biases starts there.",
        )
        _expect_drawn_by_torch(values[0], values[2])
        expect(
            float(values[1].std()) > 0,
            "the transform's biases are all equal: leave them as PyTorch draws them.",
        )


@part(
    "highway-layer",
    "with its gates shut it hands on its input, negative numbers too",
    points=1,
    hint="x * (1 - t) is added after the ReLU of the transform, not before it.",
)
def _carries(answer: Answer, generator: torch.Generator) -> None:
    layer, x = answer.build(5, -2.0), _vectors(generator, 5)
    shut = [torch.ones(5, 5), torch.ones(5), torch.zeros(5, 5), torch.full((5,), -99.0)]
    layer.fill(shut)
    expect_within(layer(x.clone()), x, "the output", rtol=1e-4, atol=1e-5)


@part(
    "highway-layer",
    "agrees with equation 3",
    points=2,
    hint="t = torch.sigmoid(self.gate(x)); relu(self.transform(x)) * t + x * (1 - t).",
)
def _agrees(answer: Answer, generator: torch.Generator) -> None:
    layer, ours = _layer_pair(answer, generator, 7)
    x = _vectors(generator, 7)
    expect_within(layer(x.clone()), ours(x), "the output", rtol=1e-4, atol=1e-5)


@part(
    "highway-layer",
    "lets gradients through, those of the gate too",
    points=1,
    hint="Nothing may be detached; the gate learns as the transform does.",
    hidden=True,
)
def _learns(answer: Answer, generator: torch.Generator) -> None:
    layer, ours = _layer_pair(answer, generator, 5)
    x, signal = _vectors(generator, 5), _vectors(generator, 5)
    _expect_gradients(layer, ours, x, signal)


def _expect_gradients(
    layer: Answer, ours: nn.Module, x: Tensor, signal: Tensor
) -> None:
    found = layer.gradients(x, signal=signal)
    given = x.clone().requires_grad_()
    ours(given).backward(signal)
    wanted = [given.grad, *(p.grad for p in ours.parameters())]
    got = [found.inputs[0], *found.parameters.values()]
    for mine, right in zip(got, wanted, strict=True):
        expect(mine is not None, "a gradient is missing.")
        expect_within(mine, right, "a gradient", rtol=1e-3, atol=1e-5)


def _untied_pair(answer: Answer, generator: torch.Generator, width: int) -> tuple:
    ours = GeneralHighway(width)
    randomize(ours, generator, SPREAD, 0)
    layer = answer.build(width)
    copy_parameters(ours, layer)
    return layer, ours


@part(
    "highway-untied",
    "both gates open: a residual layer",
    points=1,
    hint="Where both sigmoids give 1, the output is relu(transform(x)) + x.",
)
def _residual(answer: Answer, generator: torch.Generator) -> None:
    ours, layer = GeneralHighway(5), answer.build(5)
    randomize(ours, generator, SPREAD, 0)
    with torch.no_grad():
        for gate in (ours.gate[0], ours.carry[0]):
            gate.weight.zero_()
            gate.bias.fill_(99)
    copy_parameters(ours, layer)
    x = _vectors(generator, 5)
    expected = ours.transform(x) + x
    expect_within(layer(x.clone()), expected, "the output", rtol=1e-4, atol=1e-5)


@part(
    "highway-untied",
    "agrees with equation 2",
    points=2,
    hint="Define transform, gate and carry in this order, three nn.Linear; C is a "
    "sigmoid of its own.",
)
def _untied_agrees(answer: Answer, generator: torch.Generator) -> None:
    layer, ours = _untied_pair(answer, generator, 6)
    x = _vectors(generator, 6)
    y = layer(x.clone())
    expect_shape(y, (4, 6))
    expect_within(y, ours(x), "the output", rtol=1e-4, atol=1e-5)


@part(
    "highway-untied",
    "begins by carrying",
    points=1,
    hint="Let the gate's bias start at -4 and the carry gate's at +4.",
)
def _begins(answer: Answer, generator: torch.Generator) -> None:
    values = list(answer.build(6).parameters().values())
    expect(len(values) == 6, f"your layer has {len(values)} parameters, expected 6.")
    for value, start in ((values[3], -4), (values[5], 4)):
        expect(
            int((value != start).sum()) == 0,
            f"a bias does not start at {start:+d} yet.",
        )
    _expect_drawn_by_torch(*values[::2])


@part(
    "highway-untied",
    "lets gradients through both gates",
    points=1,
    hint="Neither gate may be detached.",
    hidden=True,
)
def _untied_learns(answer: Answer, generator: torch.Generator) -> None:
    layer, ours = _untied_pair(answer, generator, 5)
    x, signal = _vectors(generator, 5), _vectors(generator, 5)
    _expect_gradients(layer, ours, x, signal)
