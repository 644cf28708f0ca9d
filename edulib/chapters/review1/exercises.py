"""Checks of the exercises of the review of the first era."""

import torch
from torch import nn

from edulib.anatomy import count_macs, count_parameters
from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect,
    expect_equal,
)
from edulib.exercises.registry import part

_DENSE = nn.Linear(512 * 7 * 7, 4096, device="meta")
_CONV = nn.Conv2d(64, 64, 3, padding=1)


@part("review1-cost", "weights of the dense layer", points=1, hint="512 x 7 x 7 in.")
def _dense_params(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[0], count_parameters(_DENSE), "dense_params")


@part("review1-cost", "its multiply-adds", points=1, hint="Each weight is used once.")
def _dense_macs(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], 25088 * 4096, "dense_macs")


@part("review1-cost", "weights of the convolution", points=1, hint="64 x 64 x 3 x 3.")
def _conv_params(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[2], count_parameters(_CONV), "conv_params")


@part(
    "review1-cost",
    "multiply-adds of the convolution",
    points=1,
    hint="Each weight is used at each of the 224 x 224 places.",
)
def _conv_macs(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[3], count_macs(_CONV, (64, 224, 224)), "conv_macs")


def _front(costs: list[float], scores: list[float]) -> list[int]:
    pairs = list(zip(costs, scores, strict=True))

    def beaten(one: tuple[float, float]) -> bool:
        return any(c <= one[0] and s >= one[1] and (c, s) != one for c, s in pairs)

    kept = [index for index, pair in enumerate(pairs) if not beaten(pair)]
    return sorted(kept, key=lambda index: (costs[index], index))


def _expect_front(answer: Answer, costs: list[float], scores: list[float]) -> None:
    found = [int(index) for index in answer(list(costs), list(scores))]
    expect_equal(found, _front(costs, scores), f"front({costs}, {scores})")


@part("review1-front", "three models", points=1, hint="Who is dearer and no better?")
def _three(answer: Answer, generator: torch.Generator) -> None:
    _expect_front(answer, [1, 2, 3], [60, 55, 70])


@part("review1-front", "any number, cheapest first", points=2, hint="Sort at the end.")
def _many(answer: Answer, generator: torch.Generator) -> None:
    for count in (1, 5, 12):
        values = torch.rand(2, count, generator=generator)
        _expect_front(answer, *(100 * values).round().tolist())


@part(
    "review1-front",
    "ties",
    points=1,
    hint="Equal cost and a lower score: beaten. Equal in both: neither is.",
    hidden=True,
)
def _ties(answer: Answer, generator: torch.Generator) -> None:
    _expect_front(answer, [2, 2, 3, 1], [70, 60, 70, 50])
    _expect_front(answer, [5, 5], [60, 60])


def _chance(first: list[float], second: list[float]) -> float:
    wins = [(a > b) + 0.5 * (a == b) for a in first for b in second]
    return sum(wins) / len(wins)


def _expect_chance(answer: Answer, first: list[float], second: list[float]) -> None:
    found = float(answer(list(first), list(second)))
    wanted = _chance(first, second)
    expect(
        abs(found - wanted) < 1e-6,
        f"wins({first}, {second}) is {found:.3f}, expected {wanted:.3f}.",
    )


@part("review1-wins", "one always better", points=1, hint="All pairs are won: 1.")
def _always(answer: Answer, generator: torch.Generator) -> None:
    _expect_chance(answer, [0.6, 0.7], [0.1, 0.2])
    _expect_chance(answer, [0.1, 0.2], [0.6, 0.7])


@part("review1-wins", "all pairs", points=2, hint="Two loops, not one with zip.")
def _pairs(answer: Answer, generator: torch.Generator) -> None:
    for sizes in ((3, 3), (2, 5)):
        values = [torch.rand(size, generator=generator).tolist() for size in sizes]
        _expect_chance(answer, *values)
    _expect_chance(answer, [0.3, 0.6], [0.2, 0.4])


@part("review1-wins", "ties count half", points=1, hint="Add 0.5.", hidden=True)
def _half(answer: Answer, generator: torch.Generator) -> None:
    _expect_chance(answer, [0.5, 0.5, 0.7], [0.5, 0.7])
