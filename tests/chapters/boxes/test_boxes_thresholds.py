"""Suppression, the two thresholds, and the page's average precision."""

import json
import math

import pytest
import torch
from cards import page_cells

from edulib.chapters.boxes.suppression import (
    SCENES,
    SEEDS,
    count_errors,
    hard,
    is_crowded,
    load_suppressions,
    soft,
    suppress,
)
from edulib.chapters.boxes.thresholds import IOU, NMS, TwoThresholds, state
from edulib.data.splits import annotated_scenes

BOXES = torch.tensor(
    [[0.0, 0, 10, 10], [1, 0, 11, 10], [4, 0, 14, 10], [40, 40, 50, 50]]
)
SCORES = torch.tensor([0.9, 0.8, 0.7, 0.6])
OBJECTS = torch.tensor([[0.0, 0, 10, 10], [4, 0, 14, 10], [70, 70, 90, 90]])


def page_function(name):
    """A function as the page defines it, with all that stands in its cell."""
    cells = page_cells("boxes")
    sources = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    (source,) = [s for s in sources if s.startswith(f"def {name}(")]
    space = {"torch": torch}
    exec(source.partition("\n\n\n")[0], space)
    return space[name]


def coco_evaluation(boxes, scores, objects, threshold):
    """AP of one kind in one image by pycocotools, at one threshold."""
    coco = pytest.importorskip("pycocotools.coco")
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    truth = coco.COCO()
    truth.dataset = {
        "images": [{"id": 1}],
        "categories": [{"id": 1}],
        "annotations": [
            {"id": k + 1, "image_id": 1, "category_id": 1, "iscrowd": 0,
             "bbox": [*o[:2], o[2] - o[0], o[3] - o[1]],
             "area": (o[2] - o[0]) * (o[3] - o[1])}
            for k, o in enumerate(objects.tolist())
        ],
    }  # fmt: skip
    truth.createIndex()
    found = truth.loadRes(
        [
            {"image_id": 1, "category_id": 1, "score": s,
             "bbox": [*b[:2], b[2] - b[0], b[3] - b[1]]}
            for b, s in zip(boxes.tolist(), scores.tolist(), strict=True)
        ]
    )  # fmt: skip
    judged = evaluation.COCOeval(truth, found, "bbox")
    judged.params.iouThrs = torch.tensor([threshold], dtype=torch.float64).numpy()
    judged.evaluate()
    judged.accumulate()
    return float(judged.eval["precision"][0, :, 0, 0, -1].mean())


@pytest.mark.parametrize("threshold", [0.3, 0.45, 0.75, 1.0])
@pytest.mark.parametrize("match", [0.3, 0.5, 0.75])
def test_the_pages_average_precision_is_that_of_pycocotools(threshold, match):
    average_precision = page_function("average_precision")
    generator = torch.Generator().manual_seed(0)
    objects = 100 * torch.rand(7, 2, generator=generator)
    objects = torch.cat([objects, objects + 20], 1)
    boxes = objects.repeat(5, 1) + 4 * torch.randn(35, 4, generator=generator)
    scores = torch.rand(35, generator=generator)
    one = state(boxes, scores, objects, threshold, match)
    found = average_precision(torch.tensor(one.right).double(), 7, 101)
    kept = one.kept
    right = coco_evaluation(boxes[kept], scores[kept], objects, match)
    assert found == pytest.approx(right, abs=1e-9)
    assert one.ap == pytest.approx(right, abs=1e-9)


def test_the_three_averages_of_a_single_right_box():
    average_precision = page_function("average_precision")
    right = torch.tensor([1.0], dtype=torch.float64)
    values = [average_precision(right, 2, points) for points in (11, None, 101)]
    assert values == pytest.approx([6 / 11, 0.5, 51 / 101])


def test_a_state_says_which_boxes_stay_and_which_are_right():
    one = state(BOXES, SCORES, OBJECTS, 0.5, 0.5)
    assert one.kept == [0, 2, 3]  # box 1 overlaps box 0 by 0.82, box 2 by 0.43
    assert one.right == [True, True, False]
    assert one.found == [True, True, False]
    all_stay = state(BOXES, SCORES, OBJECTS, 1.0, 0.5)
    assert all_stay.right == [True, True, False, False]  # COCO: the best that is free
    assert one.recall[-1] == pytest.approx(2 / 3)


def test_each_state_is_drawn_and_told():
    shown = TwoThresholds(torch.rand(3, 100, 100), BOXES, SCORES, OBJECTS, "boats")
    html = shown._repr_html_()
    data = html.partition('data-states="')[2].partition('"')[0]
    states = json.loads(data.replace("&quot;", '"'))["states"]
    assert (len(states), len(states[0])) == (len(NMS), len(IOU))
    for row, line in zip(shown.states, states, strict=True):
        for one, told in zip(row, line, strict=True):
            kinds = told["boxes"][: len(BOXES)]
            assert kinds.count("r") == sum(one.right)
            assert len(kinds) - kinds.count("n") == len(one.kept)
            assert told["boxes"][len(BOXES) :].count("m") == one.found.count(False)
            assert f"AP {one.ap:.2f}" in told["said"]
            assert told["list"].count("✓") == sum(one.right)
    assert html.count('type="range"') == 2
    assert html.count('role="img"') == 2
    assert "AP of the boats" in repr(shown)


def test_a_neighbour_is_lowered_by_the_papers_gaussian():
    """Two boxes with an IoU of one half; sigma is one half."""
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 20]])
    _, lowered = soft(boxes, torch.tensor([0.9, 0.8]))
    wanted = torch.tensor([0.9, 0.8 * math.exp(-(0.5**2) / 0.5)])
    torch.testing.assert_close(lowered, wanted)


def test_boxes_of_other_kinds_are_left_alone():
    found = {"boxes": BOXES, "scores": SCORES, "labels": torch.tensor([0, 1, 0, 0])}
    kept = suppress(found, hard(0.4))
    assert kept["labels"].tolist() == [0, 1, 0]
    assert kept["scores"].tolist() == pytest.approx([0.9, 0.8, 0.6])
    softly = suppress(found, soft)
    assert len(softly["scores"]) == 4
    assert softly["scores"].tolist()[3] < 0.7  # box 2, lowered
    nothing = {name: value[:0] for name, value in found.items()}
    assert len(suppress(nothing, hard(0.4))["boxes"]) == 0


def test_errors_are_counted_at_a_score_of_one_half():
    found = {"boxes": BOXES, "scores": SCORES, "labels": torch.zeros(4).long()}
    target = {"boxes": OBJECTS, "labels": torch.zeros(3).long()}
    assert count_errors([found], [target]) == {"wrong": 2, "missed": 1, "objects": 3}
    assert is_crowded(target)
    assert not is_crowded({**target, "labels": torch.tensor([0, 1, 0])})


def test_stored_suppressions_are_complete():
    rules = load_suppressions()
    assert {len(rows) for rows in rules.values()} == {len(SEEDS)}
    for rows in rules.values():
        for row in rows:
            assert 40 < row["crowded_scenes"] < SCENES / 4
    at_half = {
        rule: sum(r["all"]["AP50"] for r in rows) for rule, rows in rules.items()
    }
    assert abs(at_half["hard 0.3"] - at_half["hard 0.7"]) < 0.03  # as the heading says


def test_the_shown_scene_has_the_most_objects_of_a_kind():
    scenes = annotated_scenes(train=1, val=500, image_size=128)[1]
    most = [
        int(scenes[k][1]["labels"].bincount().max())
        if len(scenes[k][1]["labels"])
        else 0
        for k in range(500)
    ]
    assert most.index(max(most)) == 130
    assert most.count(max(most)) == 1
