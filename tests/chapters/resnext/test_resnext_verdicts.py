"""The verdicts on the page's cards, computed anew from the stored results."""

import json
from pathlib import Path

import pytest

import edulib
from edulib.experiments import load_experiment
from edulib.notebook import Verdict, judge

PAGE = Path(edulib.__file__).parents[1] / "book" / "era2_residual" / "resnext.ipynb"


def last(variant, split):
    experiment = "double" if variant in ("deeper", "wider", "2x16d") else "cardinality"
    runs = load_experiment(f"resnext-{experiment}")[variant][f"{split}_error"]
    assert len(runs) == 3
    return [100 * errors[-1] for errors in runs]


def stored_verdict(name):
    cells = json.loads(PAGE.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    texts = ["".join(o.get("data", {}).get("text/plain", [])) for o in outputs]
    (card,) = [text for text in texts if text.startswith(f"Claim {name!r}")]
    return card.rpartition("[")[2].rstrip("]")


@pytest.mark.parametrize(
    ("name", "pairs", "split", "images"),
    [
        ("cardinality", [("1x16d", "4x6d"), ("1x16d", "32x1d")], "val", 3000),
        ("training", [("1x16d", "4x6d"), ("1x16d", "32x1d")], "train", 4000),
        ("double", [("deeper", "2x16d"), ("wider", "2x16d")], "val", 3000),
    ],
)
def test_verdict(name, pairs, split, images):
    found = {
        judge(last(worse, split), last(better, split), images)
        for worse, better in pairs
    }
    shows = found & {Verdict.HOLDS, Verdict.IN_PART}
    mixed = Verdict.IN_PART if shows else Verdict.UNTESTED
    verdict = found.pop() if len(found) == 1 else mixed
    assert stored_verdict(name) == verdict.value


def test_what_the_page_says_of_seeds():
    one, four, many = (last(name, "val") for name in ("1x16d", "4x6d", "32x1d"))
    assert judge(one, many, 3000) is Verdict.HOLDS
    assert judge(one, four, 3000) is Verdict.IN_PART
    assert judge(four, many, 3000) is Verdict.UNTESTED
    assert judge(last("wider", "val"), last("2x16d", "val"), 3000) is Verdict.UNTESTED
    assert max(one) - min(one) > 1.7
    longer = load_experiment("resnext-longer")
    gaps = [
        100 * (longer["deeper"]["val_error"][0][k] - longer["2x16d"]["val_error"][0][k])
        for k in (3, -1)
    ]
    assert gaps[1] < 1.5 < gaps[0]
