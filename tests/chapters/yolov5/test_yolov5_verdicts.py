"""The verdicts on the page's cards, computed anew from the stored results."""

from statistics import fmean

import pytest
import torch
from cards import page_cells, stored_ends, stored_verdict

from edulib.chapters.yolov5.data import seen_often, sizes_of
from edulib.chapters.yolov5.networks import SCENE_ANCHORS
from edulib.models.detection.yolov5 import COCO_ANCHORS
from edulib.models.detection.yolov5.grid import fits
from edulib.notebook import Verdict, judge_means

SIZES = ("small", "medium", "large")


def last(variant, measure="AP"):
    experiment = "yolov5-rate" if variant == "constant" else "yolov5-parts"
    return stored_ends(experiment, variant, f"val_{measure}")


def test_the_card_of_mosaic():
    found = [
        judge_means(last("plain", f"AP_{size}"), last("mosaic", f"AP_{size}"))
        for size in SIZES
    ]
    expected = Verdict.of(
        *(one is Verdict.HOLDS for one in found),
        opposite=all(one is Verdict.OPPOSITE for one in found),
    )
    assert stored_verdict("yolov5", "mosaic") == expected.value


def test_the_card_of_anchors():
    objects = sizes_of(seen_often()[1])
    ratios = [
        fits(objects, torch.tensor(levels).flatten(0, 1)).amin(1).mean()
        for levels in (SCENE_ANCHORS, COCO_ANCHORS)
    ]
    gain = judge_means(last("given anchors"), last("plain"))
    expected = Verdict.of(bool(ratios[0] < ratios[1]), gain is Verdict.HOLDS)
    assert stored_verdict("yolov5", "anchors") == expected.value


def test_the_card_of_the_average():
    parts = [
        judge_means(last(name), last(name, "mean_AP")) for name in ("plain", "constant")
    ]
    expected = Verdict.of(*(part is Verdict.HOLDS for part in parts))
    assert stored_verdict("yolov5", "average") == expected.value


@pytest.mark.parametrize("size", SIZES)
def test_bars_are_as_the_text_for_those_who_do_not_see_them_says(size):
    cells = page_cells("yolov5")
    images = (c["metadata"].get("mystnb", {}).get("image", {}) for c in cells)
    (words,) = (i["alt"] for i in images if "pairs of bars" in i.get("alt", ""))
    for variant in ("plain", "mosaic"):
        assert f"{fmean(last(variant, f'AP_{size}')):.2f}" in words
