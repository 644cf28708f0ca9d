"""COCO's average precision equals pycocotools', of random and of hostile sets."""

import math

import numpy as np
import pytest
import torch
from detection_sets import CLASSES, HYPOTHESIS, detection, images, target
from hypothesis import given
from hypothesis import strategies as st

from edulib.benchmarks.average_precision import (
    coco_precision,
    coco_sets,
    made_detections,
)
from edulib.training.measures import (
    COCO_AREAS,
    coco_ap,
    coco_summary,
    compare,
    match_detections,
    precision_recall,
    voc_ap,
)

SMALL_AREAS = {"small": (0, 6), "medium": (6, 16), "large": (16, 1e5)}


def painted(one):
    """The same with masks: the boxes, some with a corner cut off."""
    masks = torch.zeros(len(one["boxes"]), 10, 10, dtype=torch.bool)
    for mask, (x, y, x2, y2) in zip(masks, one["boxes"].long().tolist(), strict=True):
        mask[y:y2, x:x2] = True
        mask[y, x] &= (x + y) % 2 == 0
    return {**one, "masks": masks}


def theirs(found, wanted, masks=False, areas=COCO_AREAS, max_detections=100):
    """What pycocotools says, under our names."""
    kind = "segm" if masks else "bbox"
    sets = coco_sets(found, wanted, masks)
    precision = coco_precision(*sets, kind, areas, max_detections)

    def mean(part):
        return float(np.nanmean(part)) if not np.isnan(part).all() else math.nan

    every = precision[..., 0]
    return {
        "AP": mean(every),
        "AP50": mean(every[0]),
        "AP75": mean(every[5]),
        **{f"AP_{name}": mean(precision[..., a]) for a, name in enumerate(areas, 1)},
        **{f"AP_{CLASSES[k]}": mean(every[..., k]) for k in range(every.shape[2])},
    }


def agree(found, wanted, **options):
    expected = theirs(found, wanted, **options)
    ours = coco_ap(found, wanted, classes=CLASSES, **options)
    assert ours == pytest.approx(
        {**dict.fromkeys(ours, math.nan), **expected}, abs=1e-9, nan_ok=True
    )
    return ours


@HYPOTHESIS
@given(images(), st.sampled_from([1, 2, 100]))
def test_boxes_are_measured_as_by_pycocotools(sets, most):
    agree(*sets, areas=SMALL_AREAS, max_detections=most)


@HYPOTHESIS
@given(images(), st.sampled_from([1, 2, 100]))
def test_masks_are_measured_as_by_pycocotools(sets, most):
    found, wanted = ([painted(one) for one in several] for several in sets)
    agree(found, wanted, masks=True, areas=SMALL_AREAS, max_detections=most)


def test_many_boxes_of_all_sizes_are_measured_as_by_pycocotools():
    found, wanted = made_detections(60, 2400, 3)
    ours = agree(found, wanted)
    assert 0.1 < ours["AP"] < ours["AP50"] < 0.9
    assert len({round(value, 6) for value in ours.values()}) == len(ours)


def test_more_than_a_hundred_detections_are_cut_as_by_pycocotools():
    found, wanted = made_detections(3, 900, 1)
    assert agree(found, wanted) != agree(found, wanted, max_detections=10)


def test_of_objects_that_overlap_alike_the_later_is_taken():
    wanted = [target([[0, 0, 4, 4], [2, 0, 6, 4]])]  # both share 12 of 20 pixels
    found = [detection([[1, 0, 5, 4], [2, 0, 6, 4]], [0.9, 0.8])]
    assert agree(found, wanted)["AP50"] == pytest.approx(51 / 101)
    turned = [{k: v.flip(0) for k, v in wanted[0].items()}]
    assert agree(found, turned)["AP50"] == 1


def test_any_number_of_detections_may_be_of_a_crowd():
    crowd = torch.tensor([True, False])
    wanted = [target([[0, 0, 9, 9], [20, 0, 24, 4]], crowd=crowd)]
    found = [detection([[0, 0, 3, 3], [4, 4, 8, 8], [20, 0, 24, 4]], [0.9, 0.8, 0.7])]
    assert agree(found, wanted)["AP"] == 1
    assert agree(found, [{**wanted[0], "crowd": ~crowd}])["AP"] == 0


def test_an_object_outside_the_range_is_taken_only_if_no_other_is_left():
    wanted = [target([[0, 0, 4, 4], [0, 0, 4, 3]], area=torch.tensor([30.0, 5]))]
    found = [detection([[0, 0, 4, 4], [0, 0, 4, 4]], [0.9, 0.8])]
    ours = agree(found, wanted, areas=SMALL_AREAS)
    assert (ours["AP50"], ours["AP_small"]) == (1, pytest.approx(0.6))


def test_scores_of_any_order_are_sorted():
    found, wanted = made_detections(5, 100, 2)
    turned = [{k: v.flip(0) for k, v in one.items()} for one in found]
    assert coco_ap(turned, wanted) == coco_ap(found, wanted)


def test_what_was_compared_one_by_one_is_summed_up_the_same():
    found, wanted = made_detections(5, 100, 2)
    compared = [compare(*pair) for pair in zip(found, wanted, strict=True)]
    assert coco_summary(compared) == coco_ap(found, wanted)


def test_without_objects_there_is_no_number():
    none = target([])
    ours = coco_ap([detection([[0, 0, 4, 4]], [0.5])], [none])
    assert all(math.isnan(value) for value in ours.values())
    assert math.isnan(voc_ap([detection([], [])], [none])["AP"])


def test_without_detections_it_is_zero():
    ours = coco_ap([detection([], [])], [target([[0, 0, 50, 50]])])
    assert (ours["AP"], ours["AP_medium"]) == (0, 0)
    assert math.isnan(ours["AP_small"])
    assert voc_ap([detection([], [])], [target([[0, 0, 5, 5]])], points=None) == {
        "AP": 0
    }


def test_one_of_two_found_first_is_eleven_ways_one_half():
    wanted = [target([[0, 0, 4, 4], [10, 10, 14, 14]])]
    found = [detection([[0, 0, 4, 4]], [0.5])]
    assert voc_ap(found, wanted)["AP"] == pytest.approx(6 / 11)
    assert voc_ap(found, wanted, points=None)["AP"] == pytest.approx(1 / 2)
    assert coco_ap(found, wanted)["AP"] == pytest.approx(51 / 101)


def test_each_detection_and_each_object_has_its_fate():
    crowd = torch.tensor([False, True, False])
    boxes = [[0, 0, 4, 4], [9, 0, 19, 9], [0, 9, 4, 13]]
    guesses = [[0, 0, 4, 5], [9, 0, 13, 4], [0, 0, 4, 4], [30, 0, 34, 4]]
    found = detection(guesses, [0.5, 0.9, 0.8, 0.3])
    matches = match_detections(found, target(boxes, crowd=crowd))
    assert matches.right.tolist() == [False, False, True, False]
    assert matches.wrong.tolist() == [True, False, False, True]
    assert matches.found.tolist() == [True, False, False]
    none = match_detections(detection([], []), target(boxes))
    assert (len(none.right), none.found.any()) == (0, False)


def test_all_detections_of_an_image_are_matched():
    boxes = [[0, 0, 4, 4]] * 101 + [[9, 9, 13, 13]]
    found = detection(boxes, torch.linspace(1, 0, 102).tolist())
    assert match_detections(found, target(boxes[-1:])).found.all()


def test_the_curve_of_a_class_says_its_ranks():
    wanted = [target([[0, 0, 4, 4], [9, 9, 14, 14]]), target([[0, 0, 4, 4]], [1])]
    found = [
        detection([[0, 0, 4, 4], [20, 0, 24, 4], [9, 9, 14, 14]], [0.9, 0.8, 0.7]),
        detection([[0, 0, 4, 4]], [0.95], [1]),
    ]
    curve = precision_recall(found, wanted, label=0)
    assert curve.recall.tolist() == [0.5, 0.5, 1]
    assert curve.precision.tolist() == pytest.approx([1, 1 / 2, 2 / 3])
    assert curve.scores.tolist() == [0.9, 0.8, 0.7]
    assert curve.ap == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_the_curve_of_all_classes_has_their_ap_below_it():
    found, wanted = made_detections(20, 400, 3)
    curve = precision_recall(found, wanted)
    ours = coco_ap(found, wanted, classes=CLASSES)
    assert curve.ap == pytest.approx(ours["AP50"])
    assert float(curve.precision.mean()) == pytest.approx(ours["AP50"])
    assert curve.scores is None
    strict = precision_recall(found, wanted, threshold=0.75)
    assert strict.ap == pytest.approx(ours["AP75"])
    alone = [precision_recall(found, wanted, label=k).ap for k in range(3)]
    assert sum(alone) / 3 == pytest.approx(ours["AP50"])


BOX = [[0.0, 0, 4, 4]]
NO_LABELS = {"boxes": torch.zeros(1, 4)}


@pytest.mark.parametrize(
    ("found", "wanted", "message"),
    [
        (detection([[0, 0, math.nan, 4]], [0.5]), target(BOX), "finite, got nan"),
        (detection(BOX, [math.nan]), target(BOX), "scores that are finite, got nan"),
        (detection(BOX, [math.inf]), target(BOX), "scores that are finite, got inf"),
        (detection([[4, 0, 0, 4]], [0.5]), target(BOX), r"x1 <= x2 .* got \[4.0, 0.0"),
        (detection(BOX, [0.5]), target([[0, 4, 4, 0]]), "y1 <= y2"),
        (detection(BOX, [0.5, 0.4]), target(BOX), r"scores \(N,\).* float64 \(2,\)"),
        (detection(BOX, [0.5]), target(BOX, [-1]), "labels from 0, got -1"),
        (detection(BOX, [0.5]), target(BOX, [0, 0]), r"labels \(N,\)"),
        (detection(BOX, [0.5]), NO_LABELS, "a tensor 'labels', got a dict"),
        (detection(BOX, [0.5]), target(BOX, crowd=torch.ones(1)), r"crowd \(N,\)"),
        (detection(BOX, [0.5]), target(BOX, area=torch.ones(2)), r"area \(N,\)"),
        (BOX, target(BOX), "a tensor 'boxes', got a list of 1"),
    ],
)
def test_what_cannot_be_measured_is_refused(found, wanted, message):
    for measure in (coco_ap, voc_ap, precision_recall):
        with pytest.raises(ValueError, match=message):
            measure([found], [wanted])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f, w: coco_ap(f, w[:0]), "same images, got 1 and 0"),
        (lambda f, w: coco_ap([], []), "at least one image"),
        (lambda f, w: voc_ap([], []), "at least one image"),
        (lambda f, w: coco_ap(f, w, classes=["cat"]), "1 names and the label 1"),
        (lambda f, w: coco_ap(f, w, max_detections=0), "max_detections of at least 1"),
        (lambda f, w: voc_ap(f, w, 50), r"\(0, 1\], got 50"),
        (lambda f, w: precision_recall(f, w, 3), "objects of class 3, got none"),
        (lambda f, w: precision_recall(f, w, threshold=0), r"\(0, 1\], got 0"),
    ],
)
def test_wrong_settings_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call([detection(BOX, [0.5])], [target(BOX, [1])])


def test_masks_of_two_sizes_are_refused():
    one, other = painted(detection(BOX, [0.5])), painted(target(BOX))
    with pytest.raises(ValueError, match=r"of one size, got \(1, 10, 10\) and \(1, 9"):
        coco_ap([one], [{**other, "masks": other["masks"][:, :9]}], masks=True)
    none = {**painted(target([])), "masks": torch.zeros(0, 3, 3, dtype=torch.bool)}
    assert math.isnan(coco_ap([one], [none], masks=True)["AP"])
    with pytest.raises(ValueError, match=r"masks \(N, H, W\), bool, got float32"):
        coco_ap([{**one, "masks": one["masks"].float()}], [other], masks=True)
