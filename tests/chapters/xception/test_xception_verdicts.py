"""The verdicts on the page's cards, computed anew from the stored results."""

import pytest
from cards import page_cells, stored_verdict

from edulib.experiments import last_epochs, load_experiment
from edulib.notebook import Verdict, judge

TEST_IMAGES = 2000
EXPERIMENTS = ("spectrum", "between", "shortcut")


def last(variant, split="val"):
    stored = {}
    for name in EXPERIMENTS:
        stored |= load_experiment(f"xception-{name}")
    found = last_epochs(stored[variant], f"{split}_error")
    assert len(found) == 3
    return found


def outputs(kind):
    cells = page_cells("xception")
    found = [output for cell in cells for output in cell.get("outputs", [])]
    return ["".join(o.get("data", {}).get(kind, [])) for o in found]


@pytest.mark.parametrize(
    ("name", "pairs"),
    [
        ("price", [("1 segment", "separable"), ("4 segments", "separable")]),
        ("between", [("separable, ReLU", "separable")]),
        ("shortcut", [("no shortcut", "separable")]),
    ],
)
def test_verdict(name, pairs):
    found = {judge(last(worse), last(better), TEST_IMAGES) for worse, better in pairs}
    shows = found & {Verdict.HOLDS, Verdict.IN_PART}
    mixed = Verdict.IN_PART if shows else Verdict.UNTESTED
    verdict = found.pop() if len(found) == 1 else mixed
    assert stored_verdict("xception", name) == verdict.value


def test_what_the_page_says_of_the_guess():
    deep, thin = (
        judge(last(f"{kind}, ReLU"), last(kind), TEST_IMAGES)
        for kind in ("1 segment", "separable")
    )
    shown = deep is Verdict.OPPOSITE and thin in {Verdict.HOLDS, Verdict.IN_PART}
    (text,) = [
        text for text in outputs("text/markdown") if "Look at the two rows" in text
    ]
    assert ("That is what the guess says" in text) == shown
