"""The verdicts on the page's cards, computed anew from the stored results."""

from statistics import fmean

import pytest
from cards import page_cells, stored_ends, stored_verdict

from edulib.notebook import Verdict, judge_means

WORSE = {"negatives": "all negatives", "shapes": "squares"}


def last(variant, measure="AP"):
    return stored_ends("ssd-parts", variant, f"val_{measure}")


def gain(variant, measure="AP"):
    return judge_means(last(variant, measure), last("three maps", measure))


@pytest.mark.parametrize("name", WORSE)
def test_cards(name):
    assert stored_verdict("ssd", name) == gain(WORSE[name]).value


def test_small_objects_gain_what_large_ones_lose_in_sign():
    """What the first card, its heading, the summary and the quiz say."""
    assert stored_verdict("ssd", "maps") == Verdict.IN_PART.value
    assert gain("one map", "AP_small") is Verdict.HOLDS
    assert gain("one map", "AP_large") is Verdict.OPPOSITE
    assert gain("one map", "AP_medium") is Verdict.HOLDS
    assert gain("one map") is Verdict.UNTESTED


def test_bars_are_as_the_text_for_those_who_do_not_see_them_says():
    cells = page_cells("ssd")
    images = (c["metadata"].get("mystnb", {}).get("image", {}) for c in cells)
    (words,) = (i["alt"] for i in images if "pairs of bars" in i.get("alt", ""))
    for size in ("small", "medium", "large"):
        for variant in ("three maps", "one map"):
            assert f"{fmean(last(variant, f'AP_{size}')):.2f}" in words
