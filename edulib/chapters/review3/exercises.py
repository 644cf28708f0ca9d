"""Checks of the exercises of the review of the third era."""

import math
from itertools import pairwise

import torch
from torch import Tensor

from edulib.exercises.answer import Answer
from edulib.exercises.compare import expect, expect_close, expect_equal
from edulib.exercises.registry import part
from edulib.exercises.values import plain

_WIDTH = 768
_TOKENS = (14 * 14, 28 * 28)


def _linear(tokens: int) -> int:
    return 12 * tokens * _WIDTH**2


def _pairs(tokens: int) -> int:
    return 2 * tokens**2 * _WIDTH


@part(
    "review3-growth",
    "dense layers",
    points=2,
    hint="Four matrices of D x D, and two of D x 4D, once for each token.",
)
def _dense(answer: Answer, generator: torch.Generator) -> None:
    for place, tokens in enumerate(_TOKENS):
        expect_equal(answer[place], _linear(tokens), f"linear_{(14, 28)[place]}")


@part(
    "review3-growth",
    "pairs of tokens",
    points=2,
    hint="Each query with each key, then each weight with each value: D for a pair.",
)
def _attention(answer: Answer, generator: torch.Generator) -> None:
    for place, tokens in enumerate(_TOKENS):
        expect_equal(answer[2 + place], _pairs(tokens), f"pairs_{(14, 28)[place]}")


@part("review3-growth", "where both are equal", points=1, hint="12 N D D = 2 N N D.")
def _equal(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[4], 6 * _WIDTH, "equal_tokens")


def _at_cost(costs: list[float], scores: list[float], cost: float) -> float | None:
    family = sorted(zip(costs, scores, strict=True))
    for (low, worse), (high, better) in pairwise(family):
        if low <= cost <= high:
            share = math.log(cost / low) / math.log(high / low)
            return worse + share * (better - worse)
    return None


def _expect_score(
    answer: Answer, costs: list[float], scores: list[float], cost: float
) -> None:
    found = plain(answer(list(costs), list(scores), cost))
    wanted = _at_cost(costs, scores, cost)
    what = f"at_cost({costs}, {scores}, {cost})"
    if wanted is None:
        expect(found is None, f"{what} is {found}, and nobody has measured that.")
    else:
        expect_equal(found, wanted, what)


@part(
    "review3-equal",
    "between two models",
    points=1,
    hint="Half-way between costs of 1 and 4 lies 2: take logarithms.",
)
def _between(answer: Answer, generator: torch.Generator) -> None:
    _expect_score(answer, [1.0, 4.0], [70.0, 76.0], 2.0)
    _expect_score(answer, [1.0, 4.0], [70.0, 76.0], 4.0)


@part(
    "review3-equal",
    "a family in any order",
    points=1,
    hint="Sort by cost; the two neighbours of the asked cost decide.",
)
def _family(answer: Answer, generator: torch.Generator) -> None:
    costs = [8.0, 0.5, 3.0, 1.2]
    for _ in range(3):
        scores = (60 + 20 * torch.rand(4, generator=generator)).tolist()
        scores = [round(score, 1) for score in scores]
        cost = 0.6 + 7 * torch.rand(1, generator=generator).item()
        _expect_score(answer, costs, scores, round(cost, 2))


@part(
    "review3-equal",
    "outside of the family",
    points=1,
    hint="Nobody has measured a model of that cost: None.",
    hidden=True,
)
def _outside(answer: Answer, generator: torch.Generator) -> None:
    for cost in (0.9, 4.1):
        _expect_score(answer, [4.0, 1.0], [76.0, 70.0], cost)


def _faster(times: Tensor) -> Tensor:
    first, second = times[:, :, None], times[:, None, :]
    return ((first < second).float() + 0.5 * (first == second).float()).mean(0)


def _expect_shares(answer: Answer, times: Tensor, what: str) -> None:
    found = torch.as_tensor(answer(times.clone()), dtype=torch.float32)
    expect_close(found, _faster(times), f"the shares of {what}")


@part(
    "review3-faster",
    "one always faster",
    points=1,
    hint="Row i, column j: how often i took less time than j.",
)
def _always(answer: Answer, generator: torch.Generator) -> None:
    times = 1 + torch.rand(7, 2, generator=generator)
    times[:, 1] += 2
    _expect_shares(answer, times, "two networks that never change places")


@part(
    "review3-faster",
    "round by round",
    points=2,
    hint="Compare within a round, then take the mean over the rounds.",
)
def _rounds(answer: Answer, generator: torch.Generator) -> None:
    for rounds, networks in ((9, 3), (20, 5)):
        times = torch.rand(rounds, networks, generator=generator)
        _expect_shares(answer, times, f"{networks} networks in {rounds} rounds")


@part(
    "review3-faster",
    "equal times",
    points=1,
    hint="A tie counts one half, on the diagonal as well.",
    hidden=True,
)
def _ties(answer: Answer, generator: torch.Generator) -> None:
    times = torch.randint(1, 4, (12, 4), generator=generator).float()
    _expect_shares(answer, times, "times in whole milliseconds")
