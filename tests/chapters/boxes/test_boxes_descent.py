"""Boxes that descend on losses, live and as stored, and the cards that say so."""

from statistics import fmean

import pytest
import torch
from cards import stored_verdict

from edulib.chapters.boxes.descent import (
    LOSSES,
    OFFSETS,
    RATES,
    SEEDS,
    descend,
    descend_offsets,
    load_descents,
    measure,
    starts,
)
from edulib.chapters.boxes.suppression import THRESHOLDS, load_suppressions
from edulib.models.ops.boxes import box_area, cxcywh_to_xyxy
from edulib.models.ops.iou import iou
from edulib.notebook import judge_means


def seeds(name, rate):
    return [fmean(row["apart"][1:]) for row in load_descents()[name, rate]]


def at_best(name):
    return max((seeds(name, rate) for rate in RATES), key=fmean)


def test_the_page_shows_the_verdict_that_descents_give_on_silence():
    arrived = {
        name: [row["arrived"] for row in load_descents()[name, 0.1]]
        for name in ("IoU", "GIoU")
    }
    verdict = judge_means(arrived["IoU"], arrived["GIoU"])
    assert stored_verdict("boxes", "apart") == verdict.value


def test_the_page_shows_the_verdict_that_descents_give_on_speed():
    verdict = judge_means(at_best("GIoU"), at_best("DIoU"))
    assert stored_verdict("boxes", "faster") == verdict.value


def test_the_page_shows_the_verdict_on_soft_suppression():
    found = {
        rule: [row["all"]["AP"] for row in rows]
        for rule, rows in load_suppressions().items()
    }
    best = max((found[f"hard {t}"] for t in THRESHOLDS), key=fmean)
    verdict = judge_means(best, found["soft"], least=0.011)
    assert stored_verdict("boxes", "soft") == verdict.value


def test_stored_descents_are_complete_and_those_of_the_program():
    rows = load_descents()
    assert set(rows) == {(n, rate) for n in (*LOSSES, OFFSETS) for rate in RATES}
    for several in rows.values():
        assert [row["seed"] for row in several] == list(SEEDS)
    again, (stored, *_) = measure("GIoU", 0, 0.3), rows["GIoU", 0.3]
    assert again["starts"] == stored["starts"]
    assert again["apart"][:6] == pytest.approx(stored["apart"][:6], abs=1e-3)


def test_starts_are_as_the_simulation_has_them():
    boxes, targets = starts(0, points=2)
    assert boxes.shape == targets.shape == (2 * 343, 4)
    away = (boxes[:, :2] - targets[:, :2]).norm(dim=1)
    assert away.max() <= 3
    ones = torch.ones(len(targets), dtype=torch.float64)
    torch.testing.assert_close(box_area(cxcywh_to_xyxy(targets)), ones)
    assert box_area(cxcywh_to_xyxy(boxes)).min() == pytest.approx(0.5)
    assert len(torch.cat([boxes, targets], 1).unique(dim=0)) == 2 * 343


def test_a_box_apart_stands_still_on_iou_and_arrives_on_the_others():
    box, target = torch.tensor([[1.0, 1, 1, 1]]), torch.tensor([[3.0, 2, 1, 2]])
    aim = cxcywh_to_xyxy(target)
    paths = {name: descend(box, target, loss) for name, loss in LOSSES.items()}
    assert torch.equal(paths["IoU"][-1], paths["IoU"][0])
    for name in ("GIoU", "DIoU", "CIoU"):
        assert iou(paths[name][-1], aim).item() > 0.9
    assert iou(descend_offsets(box, target)[-1], aim).item() > 0.99
