"""The verdicts on the page's cards, computed anew from the stored results."""

import json
from pathlib import Path

import pytest

import edulib
from edulib.chapters.ssd.verdicts import LEAST, judge_ap
from edulib.experiments import load_experiment
from edulib.notebook import Verdict

PAGE = Path(edulib.__file__).parents[1] / "book" / "era2_residual" / "ssd.ipynb"
WORSE = {"maps": "one map", "negatives": "all negatives", "shapes": "squares"}


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


@pytest.mark.parametrize("name", WORSE)
def test_cards(name):
    verdict = judge_ap(last(WORSE[name]), last("three maps"))
    assert stored_verdict(name) == verdict.value


def test_small_objects_gain_what_large_ones_lose_in_sign():
    """What the heading, the summary and the quiz say."""
    assert judge_ap(last("one map", "AP_small"), last("three maps", "AP_small")) is (
        Verdict.HOLDS
    )
    assert judge_ap(last("one map", "AP_large"), last("three maps", "AP_large")) is (
        Verdict.OPPOSITE
    )


@pytest.mark.parametrize(
    ("gaps", "verdict"),
    [
        ((0.03, 0.04, 0.05), Verdict.HOLDS),
        ((0.01, 0.02, 0.02), Verdict.IN_PART),  # all agree, little
        ((0.1, 0.1, -0.01), Verdict.IN_PART),  # much, one does not agree
        ((0.02, 0.02, 0.001), Verdict.UNTESTED),  # one has no sign
        ((0.0, 0.0, 0.0), Verdict.UNTESTED),
        ((-0.02, -0.02, -0.02), Verdict.UNTESTED),
        ((-0.03, -0.04, -0.05), Verdict.OPPOSITE),
        ((-0.1, -0.1, 0.01), Verdict.UNTESTED),
    ],
)
def test_a_difference_counts_if_it_is_large_and_seeds_agree(gaps, verdict):
    assert judge_ap([0.4] * 3, [0.4 + gap for gap in gaps]) is verdict


def test_seeds_pair():
    assert LEAST > 0
    for worse, better in (([0.1], [0.1, 0.2]), ([], [])):
        with pytest.raises(ValueError, match="as many seeds"):
            judge_ap(worse, better)
