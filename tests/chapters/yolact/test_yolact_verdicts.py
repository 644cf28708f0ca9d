"""The verdicts on the page's cards, computed anew from the stored results."""

import json

from cards import stored_ends, stored_verdict

from edulib.benchmarks.instances import FILE
from edulib.notebook import Verdict, judge_means


def last(measure):
    return stored_ends("yolact-crop", "true box", f"val_{measure}")


def test_the_card_of_the_crop():
    """The opposite: leaving the crop out costs something with medium and large."""
    pairs = [
        (last(f"uncropped_mask_AP_{size}"), last(f"mask_AP_{size}"))
        for size in ("medium", "large")
    ]
    costs = [judge_means(*pair) is Verdict.HOLDS for pair in pairs]
    expected = {0: "holds", 1: "in_part", 2: "opposite"}[sum(costs)]
    assert stored_verdict("yolact", "localise") == expected


def test_the_card_of_fast_nms():
    pairs = zip(last("nms_mask_AP"), last("mask_AP"), strict=True)
    lost = [slow - fast for slow, fast in pairs]
    times = json.loads(FILE.read_text())
    parts = [sum(lost) / 3 < 0.01]
    parts += [times[other]["high"] < 1 for other in ("loop", "compiled")]
    expected = {0: "untested", 3: "holds"}.get(sum(parts), "in_part")
    assert stored_verdict("yolact", "nms") == expected


def test_the_card_of_the_speed():
    networks = json.loads(FILE.read_text())["networks"]
    assert networks["low"] <= networks["ratio"] <= networks["high"]
    expected = "holds" if networks["high"] < 1 else "untested"
    assert stored_verdict("yolact", "speed") == expected


def test_the_crop_changes_masks():
    assert last("mask_AP") != last("uncropped_mask_AP")
    assert all(0 < value < 1 for value in last("AP"))
