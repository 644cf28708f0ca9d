"""Checks of the exercises of the chapter on DETR."""

from itertools import permutations

import torch
from torch import Tensor

from edulib.anatomy import count_parameters
from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect,
    expect_equal,
    expect_shape,
    expect_unchanged,
    expect_within,
)
from edulib.exercises.registry import forbid, part
from edulib.models.detection.detr import DecoderLayer
from edulib.models.losses.set_matching import SetLoss, match_sets


@part(
    "detr-count",
    "places of the encoder at 640 x 960 pixels",
    points=1,
    hint="The last map has a place for every 32 pixels in each direction.",
)
def _places(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[0], 20 * 30, "places")


@part(
    "detr-count",
    "pairs of places with the dilated stage",
    points=1,
    hint="Four times the places, and each is weighed with each.",
)
def _pairs(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], (40 * 60) ** 2, "pairs_dc5")


@part(
    "detr-count",
    "parameters of a decoder layer",
    points=1,
    hint="Two attentions of four matrices each, a feed-forward network, three "
    "normalisations.",
)
def _layer(answer: Answer, generator: torch.Generator) -> None:
    wanted = count_parameters(DecoderLayer(256, 8, 2048))
    expect_equal(answer[2], wanted, "layer_parameters")


forbid("detr-cost", SetLoss.costs)


def _sets(generator: torch.Generator, predictions: int, objects: int) -> list[Tensor]:
    """Return logits, boxes, labels and true boxes of one image."""
    logits = 2 * torch.randn(predictions, 5, generator=generator)
    boxes = 0.1 + 0.5 * torch.rand(predictions, 4, generator=generator)
    labels = torch.randint(4, (objects,), generator=generator)
    truths = 0.1 + 0.5 * torch.rand(objects, 4, generator=generator)
    return [logits, boxes, labels, truths]


def _expect_costs(answer: Answer, given: list[Tensor]) -> None:
    before = [one.clone() for one in given]
    found = answer(*given)
    for one, other in zip(given, before, strict=True):
        expect_unchanged(one, other)
    logits, boxes, labels, truths = before
    expect_shape(found, (len(boxes), len(truths)))
    right = SetLoss().costs(logits, boxes, labels, truths)
    # what is the same for all pairs changes no matching
    shifted = found - found.mean(), right - right.mean()
    expect_within(*shifted, "the differences of costs", rtol=1e-4, atol=1e-4)


@part(
    "detr-cost",
    "boxes that are alike: only the probability of the kind counts",
    points=1,
    hint="A softmax over all K + 1, then the columns of the objects' kinds.",
)
def _kinds(answer: Answer, generator: torch.Generator) -> None:
    logits, boxes, labels, _ = _sets(generator, 6, 3)
    boxes[:] = torch.tensor([0.5, 0.4, 0.2, 0.3])
    _expect_costs(answer, [logits, boxes, labels, boxes[:3].clone()])


@part(
    "detr-cost",
    "all three terms, with their weights",
    points=2,
    hint="5 times the absolute differences of the four numbers, minus 2 times GIoU.",
)
def _all_terms(answer: Answer, generator: torch.Generator) -> None:
    for predictions, objects in ((6, 3), (4, 4), (9, 1)):
        _expect_costs(answer, _sets(generator, predictions, objects))


forbid("detr-match", match_sets)


def _expect_match(answer: Answer, costs: Tensor) -> None:
    given = costs.clone()
    found = answer(given)
    expect_unchanged(given, costs)
    predictions, objects = costs.shape
    expect_shape(found, (objects,))
    chosen = [int(one) for one in found.tolist()]
    expect(
        len(set(chosen)) == len(chosen),
        f"two objects have the same prediction: {chosen}",
    )
    table = costs.tolist()

    def total(rows: tuple[int, ...] | list[int]) -> float:
        return sum(table[row][column] for column, row in enumerate(rows))

    least = min(total(rows) for rows in permutations(range(predictions), objects))
    expect(
        abs(total(chosen) - least) < 1e-5,
        f"the pairs cost {total(chosen):.3f} together, and {least:.3f} is possible",
    )


@part(
    "detr-match",
    "as many predictions as objects",
    points=1,
    hint="itertools.permutations(range(N), M) goes through all choices.",
)
def _square(answer: Answer, generator: torch.Generator) -> None:
    _expect_match(answer, torch.tensor([[-3.0, -2.5], [-2.8, 0.0]]))
    for _ in range(4):
        _expect_match(answer, torch.randn(4, 4, generator=generator))


@part(
    "detr-match",
    "more predictions than objects",
    points=1,
    hint="A prediction without an object costs nothing.",
)
def _more(answer: Answer, generator: torch.Generator) -> None:
    # both objects like the same prediction best
    _expect_match(answer, torch.tensor([[-3.0, -2.5], [-2.8, 0.0], [1.0, 2.0]]))
    for objects in (1, 2, 3):
        for _ in range(3):
            _expect_match(answer, torch.randn(6, objects, generator=generator))


@part(
    "detr-match",
    "without objects, nothing is matched",
    points=1,
    hint="Of no objects there is one choice, and it is empty: shape (0,).",
    hidden=True,
)
def _nothing(answer: Answer, generator: torch.Generator) -> None:
    expect_shape(answer(torch.empty(5, 0)), (0,))
