"""Checks of the exercises of the chapter on boxes and average precision."""

import numpy as np
import torch
import torchvision.ops
from torch import Tensor

from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect,
    expect_shape,
    expect_unchanged,
    expect_within,
)
from edulib.exercises.registry import forbid, part
from edulib.exercises.values import NotAttemptedError, kind, numbers, plain
from edulib.models.ops.iou import generalized_iou, iou, pairwise_iou
from edulib.models.ops.nms import nms, nms_per_class, soft_nms
from edulib.training.measures import coco_ap, precision_recall, voc_ap
from edulib.training.measures.ranking import average_precision, interpolate

_FIRST = torch.tensor([10.0, 10, 50, 40])
_SECOND = torch.tensor([30.0, 20, 70, 60])
_LIST = torch.tensor([1.0, 0, 1, 1, 0])  # right or wrong, of five objects
_OBJECTS = 5
_ROUNDED = 1e-3  # numbers may be rounded to three digits


def _expect_number(given: object, right: float, what: str, near: float) -> None:
    """Compare a number, or a tensor of one, with the right one."""
    value = plain(given, what, "a number")
    if value is ...:
        raise NotAttemptedError
    if type(value) is Tensor:
        held = numbers(value)
        expect(held.size == 1, f"{what} holds {held.size} numbers, expected one.")
        value = float(held.reshape(-1)[0])
    expect(type(value) in (int, float), f"{what} is {kind(value)}, expected a number.")
    expect(abs(value - right) <= near, f"{what} is {value:.4g}: not right yet.")


@part(
    "boxes-count",
    "intersection over union",
    points=1,
    hint="The shared box reaches from (30, 20) to (50, 40).",
)
def _overlap(answer: Answer, generator: torch.Generator) -> None:
    _expect_number(answer[0], iou(_FIRST, _SECOND).item(), "iou_ab", _ROUNDED)


@part(
    "boxes-count",
    "generalized IoU",
    points=1,
    hint="The smallest box around both has 60 x 50 pixels.",
)
def _generalized(answer: Answer, generator: torch.Generator) -> None:
    _expect_number(
        answer[1], generalized_iou(_FIRST, _SECOND).item(), "giou_ab", _ROUNDED
    )


@part(
    "boxes-count",
    "precision and recall after the fourth",
    points=2,
    hint="Of four boxes three are right; of five objects three are found.",
)
def _both(answer: Answer, generator: torch.Generator) -> None:
    right = _LIST[:4].sum().item()
    _expect_number(answer[2], right / 4, "precision_4", _ROUNDED)
    _expect_number(answer[3], right / _OBJECTS, "recall_4", _ROUNDED)


@part(
    "boxes-count",
    "average precision, as an area",
    points=1,
    hint="At each new recall, the best precision from there on, times 0.2.",
)
def _area(answer: Answer, generator: torch.Generator) -> None:
    right = _LIST.cumsum(0)
    precision = right / torch.arange(1, 6)
    area = average_precision((right / _OBJECTS).numpy(), precision.numpy(), None)
    _expect_number(answer[4], area, "ap_area", _ROUNDED)


forbid(
    "boxes-nms",
    nms,
    nms_per_class,
    soft_nms,
    torchvision.ops.nms,
    torchvision.ops.batched_nms,
)


def _expect_kept(
    answer: Answer, boxes: Tensor, scores: Tensor, labels: Tensor, threshold: float
) -> None:
    given = boxes.clone(), scores.clone(), labels.clone()
    found = answer(*given, threshold)
    for mine, before in zip(given, (boxes, scores, labels), strict=True):
        expect_unchanged(mine, before)
    right = _right_kept(boxes, scores, labels, threshold)
    expect_shape(found, tuple(right.shape))
    expect_within(found * 1.0, right * 1.0, "the kept", rtol=0, atol=1e-6)


def _right_kept(
    boxes: Tensor, scores: Tensor, labels: Tensor, threshold: float
) -> Tensor:
    """Return what stays, by torchvision's suppression in each kind."""
    kept = []
    for label in labels.unique():
        own = (labels == label).nonzero()[:, 0]
        kept.append(own[torchvision.ops.nms(boxes[own], scores[own], threshold)])
    found = torch.cat(kept)
    return found[scores[found].argsort(descending=True)]


def _row(*lefts: float) -> Tensor:
    """Boxes of 10 x 10 beside one another."""
    lefts = torch.tensor(lefts).float()
    zeros = torch.zeros_like(lefts)
    return torch.stack([lefts, zeros, lefts + 10, zeros + 10], -1)


@part(
    "boxes-nms",
    "keeps the surest and strikes out what overlaps it too much",
    points=2,
    hint="While boxes are left: take the best, keep those that overlap it up to the "
    "threshold.",
)
def _strikes(answer: Answer, generator: torch.Generator) -> None:
    boxes = _row(0, 2, 30, 31, 60)
    scores = torch.tensor([0.6, 0.9, 0.5, 0.4, 0.8])
    labels = torch.zeros(5, dtype=torch.int64)
    _expect_kept(answer, boxes, scores, labels, 0.5)
    _expect_kept(answer, boxes, scores, labels, 0.75)
    half = torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 20.0]])
    _expect_kept(answer, half, scores[:2], labels[:2], 0.5)  # IoU of 0.5 exactly


@part(
    "boxes-nms",
    "what was struck out strikes out nothing",
    points=1,
    hint="Compare with the boxes that are kept only.",
)
def _chain(answer: Answer, generator: torch.Generator) -> None:
    scores = torch.tensor([0.9, 0.8, 0.7, 0.6])
    labels = torch.zeros(4, dtype=torch.int64)
    _expect_kept(answer, _row(0, 3, 6, 9), scores, labels, 0.45)


@part(
    "boxes-nms",
    "kinds do not strike out one another",
    points=1,
    hint="Only boxes of the same label are compared.",
)
def _kinds(answer: Answer, generator: torch.Generator) -> None:
    for _ in range(3):
        boxes = 40 * torch.rand(30, 2, generator=generator)
        sides = 8 + 20 * torch.rand(30, 2, generator=generator)
        boxes = torch.cat([boxes, boxes + sides], -1)
        scores = torch.rand(30, generator=generator)
        labels = torch.randint(0, 3, (30,), generator=generator)
        _expect_kept(answer, boxes, scores, labels, 0.4)


@part(
    "boxes-nms",
    "of no boxes, keeps none",
    points=1,
    hint="torch.stack of an empty list is an error: ask first.",
    hidden=True,
)
def _no_boxes(answer: Answer, generator: torch.Generator) -> None:
    found = answer(
        torch.zeros(0, 4), torch.zeros(0), torch.zeros(0, dtype=torch.int64), 0.5
    )
    expect_shape(found, (0,))


forbid("boxes-ap", coco_ap, voc_ap, precision_recall, average_precision, interpolate)

_Image = tuple[Tensor, Tensor, Tensor]  # boxes, scores, objects


def _expect_ap(answer: Answer, images: list[_Image], threshold: float = 0.5) -> None:
    given = [tuple(one.clone() for one in image) for image in images]
    boxes, scores, objects = (list(several) for several in zip(*given, strict=True))
    mine = answer(boxes, scores, objects, threshold)
    for image, before in zip(given, images, strict=True):
        for one, other in zip(image, before, strict=True):
            expect_unchanged(one, other)
    right = _right_ap(images, threshold)
    _expect_number(mine, right, "AP", near=1e-4)


def _right_ap(images: list[_Image], threshold: float) -> float:
    """Return AP of one kind, by COCO's rules."""
    scores, hits = [], []
    for boxes, sure, objects in images:
        overlaps = pairwise_iou(boxes, objects).double().numpy()
        for k in np.argsort(-sure.numpy(), kind="stable"):
            best = overlaps[k].max(initial=-1)
            scores.append(sure.numpy()[k])
            hits.append(best >= threshold)
            if hits[-1]:
                overlaps[:, overlaps[k].argmax()] = -1
    found = np.array(hits)[np.argsort(-np.array(scores), kind="stable")].cumsum()
    count = sum(len(objects) for _, _, objects in images)
    precision = found / np.arange(1, len(found) + 1)
    return average_precision(found / count, precision, 101)


def _scores(*values: float) -> Tensor:
    return torch.tensor(values)


@part(
    "boxes-ap",
    "one list over all images",
    points=1,
    hint="Match image by image, then sort the detections of all images together.",
)
def _one_list(answer: Answer, generator: torch.Generator) -> None:
    images = [
        (_row(0, 50), _scores(0.9, 0.3), _row(1, 80)),
        (_row(20, 70), _scores(0.8, 0.6), _row(71)),
        (_row(5), _scores(0.7), _row(5, 40, 90)),
    ]
    _expect_ap(answer, images)


@part(
    "boxes-ap",
    "an object is found once, by the surest",
    points=2,
    hint="Go through the boxes of an image by falling score; an object that was taken "
    "is gone.",
)
def _once(answer: Answer, generator: torch.Generator) -> None:
    _expect_ap(answer, [(_row(2, 0, 40), _scores(0.6, 0.9, 0.3), _row(1, 41))])
    _expect_ap(answer, [(_row(0, 1, 2), _scores(0.5, 0.9, 0.7), _row(1))])


@part(
    "boxes-ap",
    "a box takes the best object that is free, from the threshold on",
    points=1,
    hint="Set the IoU with taken objects to -1, then take the maximum.",
)
def _best_free(answer: Answer, generator: torch.Generator) -> None:
    image = (_row(0, 1, 30), _scores(0.9, 0.8, 0.7), _row(0, 3))
    _expect_ap(answer, [image])
    _expect_ap(answer, [(_row(0), _scores(0.9), _row(2))], 0.7)
    _expect_ap(answer, [(_row(0), _scores(0.9), _row(2))], 0.6)
    tall = torch.tensor([[0.0, 0.0, 10.0, 20.0]])
    _expect_ap(answer, [(_row(0), _scores(0.9), tall)], 0.5)  # IoU of 0.5 exactly
    small = torch.tensor([[0.0, 0.0, 2.0, 2.0]])  # IoU of 1/3; of 1/2 by pixels counted
    _expect_ap(answer, [(small, _scores(0.9), small + torch.tensor([1, 0, 1, 0]))], 0.4)


@part(
    "boxes-ap",
    "the mean over 101 recalls of the best precision from there on",
    points=2,
    hint="Recalls that are not reached count as 0.",
)
def _recalls(answer: Answer, generator: torch.Generator) -> None:
    lefts = [20.0 * k for k in range(12)]
    boxes = _row(*(left + (9 if k % 3 == 1 else 1) for k, left in enumerate(lefts)))
    scores = torch.linspace(0.95, 0.1, 12)
    objects = _row(*lefts, 300)
    _expect_ap(answer, [(boxes, scores, objects)])


@part(
    "boxes-ap",
    "images without boxes or without objects",
    points=1,
    hint="An image without objects can still have wrong boxes; of no boxes AP is 0.",
    hidden=True,
)
def _empty(answer: Answer, generator: torch.Generator) -> None:
    nothing = torch.zeros(0, 4)
    images = [
        (_row(0), _scores(0.9), nothing),
        (nothing, torch.zeros(0), _row(5)),
        (_row(1), _scores(0.5), _row(1)),
    ]
    _expect_ap(answer, images)
    found = answer([nothing], [torch.zeros(0)], [_row(3)], 0.5)
    _expect_number(found, 0, "AP of no boxes", near=1e-6)
