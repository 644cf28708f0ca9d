"""The verdicts on the page's cards, computed anew from the stored results."""

import json
from pathlib import Path

import pytest

import edulib
from edulib.experiments import load_experiment
from edulib.notebook import judge_means

PAGE = Path(edulib.__file__).parents[1] / "book" / "era2_residual" / "maskrcnn.ipynb"
LEAST = 0.03


def last(variant, measure="mask_AP"):
    runs = load_experiment("maskrcnn-branches")[variant][f"val_{measure}"]
    assert len(runs) == 3
    return [values[-1] for values in runs]


def stored_verdict(name):
    cells = json.loads(PAGE.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    texts = ["".join(o.get("data", {}).get("text/plain", [])) for o in outputs]
    (card,) = [text for text in texts if text.startswith(f"Claim {name!r}")]
    return card.rpartition("[")[2].rstrip("]")


PAIRS = {
    "coarse": ("pooled, stride 16", "aligned, stride 16"),
    "sigmoid": ("softmax", "aligned"),
}


@pytest.mark.parametrize("name", PAIRS)
def test_cards_of_one_difference(name):
    worse, better = map(last, PAIRS[name])
    assert stored_verdict(name) == judge_means(worse, better).value


def test_the_card_of_two_gains():
    """The gain at stride 16 against the gain at stride 4, with each seed."""
    fine = zip(last("pooled"), last("aligned"), strict=True)
    coarse = zip(*map(last, PAIRS["coarse"]), strict=True)
    more = [
        (c_high - c_low) - (f_high - f_low)
        for (f_low, f_high), (c_low, c_high) in zip(fine, coarse, strict=True)
    ]
    mean = sum(more) / len(more)
    if mean >= LEAST:
        expected = "holds" if min(more) > 0 else "in_part"
    else:
        expected = "opposite" if mean <= -LEAST and max(more) < 0 else "untested"
    assert stored_verdict("fine") == expected


def test_all_variants_have_the_same_boxes():
    runs = load_experiment("maskrcnn-branches")
    reached = {last(variant, "AP")[k] for variant in runs for k in range(3)}
    assert len(reached) == 1
