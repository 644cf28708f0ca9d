"""The verdicts on the page's cards, computed anew from the stored results."""

import json
from pathlib import Path
from statistics import fmean

import pytest

import edulib
from edulib.experiments import load_experiment
from edulib.notebook import Verdict, judge_means

PAGE = Path(edulib.__file__).parents[1] / "book" / "era2_residual" / "ssd.ipynb"
WORSE = {"negatives": "all negatives", "shapes": "squares"}


def last(variant, measure="AP"):
    runs = load_experiment("ssd-parts")[variant][f"val_{measure}"]
    assert len(runs) == 3
    return [values[-1] for values in runs]


def stored_verdict(name):
    cells = json.loads(PAGE.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    texts = ["".join(o.get("data", {}).get("text/plain", [])) for o in outputs]
    (card,) = [text for text in texts if text.startswith(f"Claim {name!r}")]
    return card.rpartition("[")[2].rstrip("]")


def gain(variant, measure="AP"):
    return judge_means(last(variant, measure), last("three maps", measure))


@pytest.mark.parametrize("name", WORSE)
def test_cards(name):
    assert stored_verdict(name) == gain(WORSE[name]).value


def test_small_objects_gain_what_large_ones_lose_in_sign():
    """What the first card, its heading, the summary and the quiz say."""
    assert stored_verdict("maps") == Verdict.IN_PART.value
    assert gain("one map", "AP_small") is Verdict.HOLDS
    assert gain("one map", "AP_large") is Verdict.OPPOSITE
    assert gain("one map", "AP_medium") is Verdict.HOLDS
    assert gain("one map") is Verdict.UNTESTED


def test_bars_are_as_the_text_for_those_who_do_not_see_them_says():
    cells = json.loads(PAGE.read_text(encoding="utf-8"))["cells"]
    images = (c["metadata"].get("mystnb", {}).get("image", {}) for c in cells)
    (words,) = (i["alt"] for i in images if "pairs of bars" in i.get("alt", ""))
    for size in ("small", "medium", "large"):
        for variant in ("three maps", "one map"):
            assert f"{fmean(last(variant, f'AP_{size}')):.2f}" in words
