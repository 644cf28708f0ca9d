"""VOC's average precision equals a slow loop of its rules."""

import math

import pytest
from detection_sets import CLASSES, HYPOTHESIS, detection, images, target
from hypothesis import given
from hypothesis import strategies as st

from edulib.training.measures import coco_ap, voc_ap


def overlap(box, other):
    x, y, x2, y2 = box
    a, b, a2, b2 = other
    width, height = min(x2, a2) - max(x, a), min(y2, b2) - max(y, b)
    if width <= 0 or height <= 0:
        return 0
    shared = width * height
    return shared / ((x2 - x) * (y2 - y) + (a2 - a) * (b2 - b) - shared)


def boxes_of(one, label, *names):
    """Boxes of one class, each with more of what is known of it."""
    columns = [one[name].tolist() for name in ("boxes", *names)]
    labels = one["labels"].tolist()
    rows = zip(labels, *columns, strict=True)
    return [row[1:] for row in rows if row[0] == label]


def hits_by_the_rules(found, wanted, label, threshold):
    """Whether each detection, by falling score, is right; and how many could be."""
    objects = [boxes_of(one, label, "crowd") for one in wanted]
    ranked = [
        (score, k, box)
        for k, one in enumerate(found)
        for box, score in boxes_of(one, label, "scores")
    ]
    ranked.sort(key=lambda row: -row[0])
    taken, hits = set(), []
    for _, k, box in ranked:
        overlaps = [overlap(box, other) for other, _ in objects[k]]
        best = max(overlaps, default=0)
        if best <= threshold:
            hits.append(False)
            continue
        which = overlaps.index(best)
        if not objects[k][which][1]:
            hits.append((k, which) not in taken)
            taken.add((k, which))
    return hits, sum(not crowd for one in objects for _, crowd in one)


def area_by_the_rules(hits, count, points):
    """Mean precision at some recalls, or the area, by the definition of both."""
    if not count:
        return math.nan
    curve = [
        (sum(hits[:n]) / count, sum(hits[:n]) / n) for n in range(1, len(hits) + 1)
    ]
    if points:
        levels = [k / (points - 1) for k in range(points)]
        tops = [max((p for r, p in curve if r > t - 1e-9), default=0) for t in levels]
        return sum(tops) / points
    area, before = 0.0, 0.0
    for n, (recall, _) in enumerate(curve):
        area += (recall - before) * max(p for _, p in curve[n:])
        before = recall
    return area


@HYPOTHESIS
@given(images(), st.sampled_from([0.3, 0.5]), st.sampled_from([None, 5]))
def test_voc_follows_its_rules(sets, threshold, points):
    ours = voc_ap(*sets, threshold, points, classes=CLASSES)
    slow = [
        area_by_the_rules(*hits_by_the_rules(*sets, k, threshold), points)
        for k in range(3)
    ]
    assert [ours[f"AP_{name}"] for name in CLASSES] == pytest.approx(
        slow, abs=1e-9, nan_ok=True
    )
    known = [value for value in slow if not math.isnan(value)]
    mean = sum(known) / len(known) if known else math.nan
    assert ours["AP"] == pytest.approx(mean, nan_ok=True)


def test_voc_gives_a_detection_only_the_object_it_overlaps_most():
    wanted = [target([[0, 0, 10, 10], [3, 0, 13, 10]])]
    found = [detection([[0, 0, 10, 10], [1, 0, 11, 10]], [0.9, 0.8])]
    assert voc_ap(found, wanted, points=None)["AP"] == 0.5
    assert coco_ap(found, wanted)["AP50"] == 1


def test_an_iou_of_the_threshold_is_enough_for_coco_and_not_for_voc():
    wanted, found = [target([[0, 0, 4, 4]])], [detection([[0, 0, 4, 2]], [0.9])]
    assert (coco_ap(found, wanted)["AP50"], voc_ap(found, wanted)["AP"]) == (1, 0)
