"""Each kind of error by an example, and all of them against a slow loop."""

import math

import pytest
from detection_sets import HYPOTHESIS, detection, images, target
from hypothesis import given
from test_voc import boxes_of, overlap

from edulib.training.measures import detection_errors

KINDS = ["correct", "localization", "similar", "other", "background"]
OBJECTS = target([[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]], [0, 1, 2])


@pytest.mark.parametrize(
    ("box", "kind"),
    [
        ([0, 0, 10, 9], "correct"),
        ([0, 0, 10, 5], "localization"),  # an IoU of exactly one half
        ([0, 0, 10, 1], "localization"),
        ([20, 0, 30, 10], "similar"),
        ([40, 0, 50, 10], "other"),
        ([0, 0, 10, 0.9], "background"),
        ([60, 0, 70, 10], "background"),
    ],
)
def test_a_detection_is_of_one_kind(box, kind):
    found = detection_errors([detection([box], [0.5])], [OBJECTS], similar=[{0, 1}])
    assert found == {name: float(name == kind) for name in KINDS}


def test_a_second_detection_of_an_object_is_an_error_of_localization():
    wanted = target([[0, 0, 10, 10], [60, 0, 70, 10]])
    found = detection([[0, 0, 10, 10]] * 2, [0.9, 0.8])
    errors = detection_errors([found], [wanted])
    assert (errors["correct"], errors["localization"]) == (0.5, 0.5)


def test_as_many_detections_count_as_there_are_objects_and_classes_count_alike():
    wanted = [target([[0, 0, 10, 10]] * 2, [0, 0]), target([[0, 0, 10, 10]], [1])]
    away = [20, 20, 30, 30]
    found = [
        detection([[0, 0, 10, 10], away, away], [0.9, 0.8, 0.7]),
        detection([away, [0, 0, 10, 10]], [0.6, 0.5], [1, 1]),
    ]
    errors = detection_errors(found, wanted)
    assert errors["correct"] == (1 / 2 + 0) / 2
    assert errors["background"] == (1 / 2 + 1) / 2


def test_without_detections_there_are_no_shares():
    assert all(
        math.isnan(share)
        for share in detection_errors([detection([], [])], [OBJECTS]).values()
    )


def test_no_images_have_no_errors():
    with pytest.raises(ValueError, match="at least one image, got none"):
        detection_errors([], [])


def kinds_by_the_rules(found, wanted, label, similar):
    """The kinds of the detections of a class that count, by falling score."""
    ranked = [
        (score, k, box)
        for k, one in enumerate(found)
        for box, score in boxes_of(one, label, "scores")
    ]
    taken, kinds = set(), []
    for _, k, box in sorted(ranked, key=lambda row: -row[0]):
        own = [
            (overlap(box, other), crowd)
            for other, crowd in boxes_of(wanted[k], label, "crowd")
        ]
        best = max([iou for iou, _ in own], default=0)
        which = [iou for iou, _ in own].index(best) if own else None
        groups = [
            [overlap(box, other) for x in some for (other,) in boxes_of(wanted[k], x)]
            for some in ([label], similar, range(3))
        ]
        met = [max(group, default=0) >= 0.1 for group in groups]
        if best > 0.5 and own[which][1]:
            continue
        if best > 0.5 and (k, which) not in taken:
            taken.add((k, which))
            kinds.append("correct")
            continue
        names = zip(met, KINDS[1:4], strict=True)
        kinds.append(next((name for fits, name in names if fits), "background"))
    return kinds


@HYPOTHESIS
@given(images())
def test_all_kinds_follow_the_rules(sets):
    found, wanted = sets
    shares = []
    for label, similar in ((0, [1]), (1, [0]), (2, [])):
        rows = [row for one in wanted for row in boxes_of(one, label, "crowd")]
        count = sum(not crowd for _, crowd in rows)
        top = kinds_by_the_rules(found, wanted, label, similar)[:count]
        if top:
            shares.append([top.count(kind) / len(top) for kind in KINDS])
    mean = [sum(column) / len(shares) for column in zip(*shares, strict=True)] or [
        math.nan
    ] * 5
    ours = detection_errors(found, wanted, similar=[(0, 1)])
    assert list(ours.values()) == pytest.approx(mean, nan_ok=True)
