"""Checks of the exercises of the chapter on attention."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect,
    expect_close,
    expect_equal,
    expect_unchanged,
)
from edulib.exercises.registry import part
from edulib.models.blocks.positions import sine_positions

TOKENS, WIDTH, HEADS = 196, 768, 12
SHARE = 0.9


@part(
    "attention-count",
    "multiply-adds of the two products over pairs",
    points=1,
    hint="Each of the N x N pairs costs D in the scores and D in the mixture, all "
    "heads together.",
)
def _pairs(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[0], float(2 * TOKENS**2 * WIDTH), "pairs")


@part(
    "attention-count",
    "multiply-adds of the four projections",
    points=1,
    hint="Each of the N tokens meets four matrices of D x D.",
)
def _projections(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], float(4 * TOKENS * WIDTH**2), "projections")


@part(
    "attention-count",
    "weights in all heads",
    points=1,
    hint="Each head has a weight for each pair of tokens.",
)
def _weights(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[2], float(HEADS * TOKENS**2), "weights")


@part(
    "attention-count",
    "tokens at which both cost the same",
    points=1,
    hint="Set 2 N^2 D equal to 4 N D^2 and divide by what both have.",
)
def _equal(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[3], float(2 * WIDTH), "equal_at")


def _tokens(generator: torch.Generator, *shape: int) -> list[Tensor]:
    """Return queries, keys and values: 4 that look, 6 that are looked at."""
    sizes = [(*shape, 4, 5), (*shape, 6, 5), (*shape, 6, 3)]
    return [torch.randn(size, generator=generator) for size in sizes]


def _right(parts: list[Tensor], mask: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(*parts, attn_mask=mask)


@part(
    "attention-write",
    "every query sees every key",
    points=2,
    hint="Softmax over the keys, the last axis; the root is of the width of a query.",
)
def _unmasked(answer: Answer, generator: torch.Generator) -> None:
    parts, mask = _tokens(generator), torch.ones(4, 6, dtype=torch.bool)
    expect_close(answer(*parts, mask), _right(parts, mask))


@part(
    "attention-write",
    "some keys are hidden",
    points=1,
    hint="A score of minus infinity before the softmax gives a weight of exactly 0.",
)
def _masked(answer: Answer, generator: torch.Generator) -> None:
    parts, mask = _tokens(generator), torch.ones(4, 6, dtype=torch.bool)
    mask[0, 1:], mask[1, :3], mask[3, 2] = False, False, False
    before = [tensor.clone() for tensor in (*parts, mask)]
    expect_close(answer(*parts, mask), _right(parts, mask))
    for given, copy in zip((*parts, mask), before, strict=True):
        expect_unchanged(given, copy)


@part(
    "attention-write",
    "a query that sees nothing gathers nothing",
    points=2,
    hint="The softmax of minus infinities is 0 / 0. Find these rows by mask.sum(-1).",
)
def _blind(answer: Answer, generator: torch.Generator) -> None:
    parts, mask = _tokens(generator), torch.ones(4, 6, dtype=torch.bool)
    mask[2] = False
    expected = _right(parts, mask)
    expected[2] = 0
    expect_close(answer(*parts, mask), expected)


@part(
    "attention-write",
    "batches and heads in front",
    points=1,
    hint="Use .mT for the transpose of the last two axes, and axis -1.",
    hidden=True,
)
def _batched(answer: Answer, generator: torch.Generator) -> None:
    parts, mask = _tokens(generator, 2, 3), torch.ones(4, 6, dtype=torch.bool)
    mask[0, 4:] = False
    expect_close(answer(*parts, mask), _right(parts, mask))


def _looks(answer: Answer, dim: int, step: int, tokens: int) -> Tensor:
    """Return the share that the token at the wanted distance has, for each query."""
    found = answer(dim, step)
    expect(
        isinstance(found, tuple | list) and len(found) == 2,
        "expected two matrices: return query, key",
    )
    query, key = found
    for name, matrix in (("query", query), ("key", key)):
        expect(
            isinstance(matrix, Tensor) and tuple(matrix.shape) == (dim, dim),
            f"expected {name} as a tensor ({dim}, {dim})",
        )
    codes = sine_positions(tokens, dim).double()
    scores = (codes @ query.double()) @ (codes @ key.double()).mT / math.sqrt(dim)
    weights = scores.softmax(-1)
    first, last = max(0, -step), min(tokens, tokens - step)
    asked = torch.arange(first, last)
    return weights[asked, asked + step]


def _check_looks(answer: Answer, step: int, dim: int = 32, tokens: int = 20) -> None:
    shares = _looks(answer, dim, step, tokens)
    lowest = min(shares.tolist())
    expect(
        lowest >= SHARE,
        f"a token gives only {lowest:.2f} of its weight to the one {step:+d} away, "
        f"expected {SHARE} or more",
    )


@part(
    "attention-neighbour",
    "one place to the right",
    points=2,
    hint="sin(p + s) = sin p cos s + cos p sin s: a rotation of each pair of channels, "
    "by an angle that depends on the channel and not on p.",
)
def _one(answer: Answer, generator: torch.Generator) -> None:
    _check_looks(answer, 1)


@part(
    "attention-neighbour",
    "three places to the left",
    points=1,
    hint="The sign of the step turns the rotation round.",
)
def _left(answer: Answer, generator: torch.Generator) -> None:
    _check_looks(answer, -3)


@part(
    "attention-neighbour",
    "two places to the right, at another width",
    points=1,
    hint="Are the frequencies computed from dim?",
)
def _wide(answer: Answer, generator: torch.Generator) -> None:
    _check_looks(answer, 2, dim=64)


@part(
    "attention-neighbour",
    "a longer row, and the token itself",
    points=1,
    hint="Nothing in your matrices may depend on the number of tokens. A step of 0 is "
    "no rotation at all.",
    hidden=True,
)
def _longer(answer: Answer, generator: torch.Generator) -> None:
    for step in (0, 5):
        _check_looks(answer, step, tokens=200)
