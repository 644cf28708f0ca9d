"""The cards of the page: its cells run on the stored results, and said once more."""

import json
from html import escape
from pathlib import Path
from statistics import fmean

import pytest
import torch

import edulib
import edulib.notebook
from edulib.experiments import load_experiment
from edulib.notebook import Verdict, judge, mean_and_range

PAGE = Path(edulib.__file__).parents[1] / "book" / "era2_residual" / "resnext.ipynb"
CELLS = json.loads(PAGE.read_text(encoding="utf-8"))["cells"]
HOLDS, IN_PART, UNTESTED = Verdict.HOLDS, Verdict.IN_PART, Verdict.UNTESTED
OWN = "32x1d, own fan-out"
SMALL = "1x16d, small start"


def errors(split):
    """Return the last errors of each variant in %, one for each seed."""
    found = {}
    for name in ("cardinality", "double", "start", "small-start"):
        for variant, run in load_experiment(f"resnext-{name}").items():
            found[variant] = [100 * e[-1] for e in run[f"{split}_error"]]
    return found


TEST, TRAIN = errors("val"), errors("train")


def parts(found, images, *pairs):
    return [judge(found[worse], found[better], images) for worse, better in pairs]


@pytest.fixture(scope="module")
def cards():
    """What the page's own cells say: each card, and the comparisons it judges."""
    said, judged = {}, []

    def record_claim(name, **card):
        said[name] = {**card, "judged": list(judged)}
        judged.clear()

    def record_judge(worse, better, test_images):
        judged.append((worse, better, test_images))
        return judge(worse, better, test_images)

    sources = ["".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"]
    needed = ("LABELS = {", "tests, trains =", "claim(")
    scope = {"torch": torch}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edulib.notebook, "claim", record_claim)
        patch.setattr(edulib.notebook, "judge", record_judge)
        for source in sources:
            if any(word in source for word in needed):
                exec(source, scope)
    return said


PAIRS = {
    "cardinality": [
        ("1x16d", "4x6d"),
        ("1x16d", "32x1d"),
        ("4x6d", "32x1d"),
        ("1x16d", OWN),
    ],
    "training": [("1x16d", "32x1d"), ("1x16d", OWN)],
    "double": [("deeper", "2x16d"), ("deeper", "1x16d"), ("wider", "2x16d")],
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_card_judges_what_its_sentence_says(cards, name):
    found, images = (TRAIN, 4000) if name == "training" else (TEST, 3000)
    assert cards[name]["judged"] == [
        (pytest.approx(found[worse]), pytest.approx(found[better]), images)
        for worse, better in PAIRS[name]
    ]


def test_verdicts(cards):
    both = parts(TEST, 3000, *PAIRS["cardinality"])
    assert cards["cardinality"]["verdict"] is mixed(both)
    assert cards["training"]["verdict"] is mixed(parts(TRAIN, 4000, *PAIRS["training"]))
    # A network that errs more than one of half its price was not trained
    deep, untrained, wide = parts(TEST, 3000, *PAIRS["double"])
    assert untrained is HOLDS
    assert cards["double"]["verdict"] is mixed([UNTESTED, wide])
    assert deep is HOLDS


def mixed(found):
    """Return the verdict on a sentence of several parts."""
    shown = [part in (HOLDS, IN_PART) for part in found]
    if len(set(found)) == 1:
        return found[0]
    return Verdict.of(*shown, opposite=not any(shown) and Verdict.OPPOSITE in found)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([HOLDS, HOLDS], HOLDS),
        ([HOLDS, UNTESTED], IN_PART),
        ([IN_PART, Verdict.OPPOSITE], IN_PART),
        ([UNTESTED, Verdict.OPPOSITE], Verdict.OPPOSITE),
        ([UNTESTED, UNTESTED], UNTESTED),
    ],
)
def test_several_parts_make_one_verdict(found, verdict):
    scope = {"Verdict": Verdict}
    (source,) = ["".join(c["source"]) for c in CELLS if "def together" in str(c)]
    start = source.index("def together")
    exec(source[start : source.index("\n\n\n", start)], scope)
    assert scope["together"](*found) is verdict is mixed(found)


@pytest.mark.parametrize("name", PAIRS)
def test_the_stored_card_is_what_its_cell_says(cards, name):
    outputs = [output for cell in CELLS for output in cell.get("outputs", [])]
    forms = [output["data"] for output in outputs if "data" in output]
    texts = [("".join(f["text/plain"]), "".join(f.get("text/html", ""))) for f in forms]
    ((stored, page),) = [t for t in texts if t[0].startswith(f"Claim {name!r}")]
    lines = stored.splitlines()
    for line in cards[name]["measured"]:
        assert escape(line) in page
    assert [f"Here: {line}" for line in cards[name]["measured"]] == lines[2:-1]
    assert lines[-1].endswith(f"[{cards[name]['verdict'].value}]")


def test_the_numbers_of_the_cards(cards):
    said = "\n".join(cards["cardinality"]["measured"])
    for name in ("1x16d", "4x6d", "32x1d", OWN, SMALL):
        assert f"{name.replace('x', '×')}: {mean_and_range(TEST[name])}" in said
    gaps = [a - b for a, b in zip(TEST["1x16d"], TEST["32x1d"], strict=True)]
    spread = f"({min(gaps):.1f} to {max(gaps):.1f})"
    assert f", {fmean(gaps):.1f} points lower {spread}" in said


def test_what_the_page_says_of_starts_and_spread(cards):
    one, four, many = (TEST[name] for name in ("1x16d", "4x6d", "32x1d"))
    assert judge(one, many, 3000) is HOLDS
    assert judge(one, four, 3000) is IN_PART
    assert judge(four, many, 3000) is UNTESTED
    assert judge(one, TEST[OWN], 3000) is UNTESTED
    assert judge(TEST[OWN], many, 3000) is HOLDS
    assert judge(TEST[SMALL], many, 3000) is UNTESTED
    assert [small > all_ for small, all_ in zip(TEST[SMALL], many, strict=True)] == [
        True,
        True,
        False,
    ]
    assert all(s < o for s, o in zip(TEST[SMALL], one, strict=True))
    halved = (fmean(TEST[SMALL]) - fmean(many)) / (fmean(one) - fmean(many))
    assert 0.4 < halved < 0.6
    assert max(one) - min(one) > 1.7
    assert parts(TRAIN, 4000, *PAIRS["training"]) == [IN_PART, IN_PART]
    assert judge(TEST["wider"], TEST["2x16d"], 3000) is UNTESTED


def test_what_the_page_says_of_ten_epochs():
    longer = load_experiment("resnext-longer")
    four, ten = (
        100 * (longer["deeper"]["val_error"][0][k] - longer["2x16d"]["val_error"][0][k])
        for k in (3, -1)
    )
    assert 0.8 < ten < 1 < four
    assert TEST["deeper"][0] == min(TEST["deeper"])
