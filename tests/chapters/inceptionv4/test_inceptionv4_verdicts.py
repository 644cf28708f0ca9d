"""The verdicts on the page's cards, computed anew from the stored results."""

import json
from pathlib import Path
from statistics import fmean

import edulib
from edulib.chapters.inceptionv4.dying import NARROW, WIDE, find
from edulib.experiments import load_experiment
from edulib.notebook import Verdict, judge, resolution

PAGE = Path(edulib.__file__).parents[1] / "book" / "era2_residual" / "inceptionv4.ipynb"
TEST = 2000


def errors(kind, epoch):
    runs = load_experiment("inceptionv4-twins")[kind]["val_error"]
    assert len(runs) == 3
    return [100 * run[epoch - 1] for run in runs]


def stored_verdict(name):
    cells = json.loads(PAGE.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    texts = ["".join(o.get("data", {}).get("text/plain", [])) for o in outputs]
    (card,) = [text for text in texts if text.startswith(f"Claim {name!r}")]
    return card.rpartition("[")[2].rstrip("]")


def test_faster():
    verdict = judge(errors("pure", 4), errors("residual", 4), TEST)
    assert stored_verdict("faster") == verdict.value


def test_alike():
    pure, residual = errors("pure", 12), errors("residual", 12)
    gaps = [abs(p - r) for p, r in zip(pure, residual, strict=True)]
    signed = fmean(pure) - fmean(residual)
    least = resolution(fmean(pure + residual), TEST)
    verdict = Verdict.of(
        abs(signed) <= least, max(gaps) <= least, opposite=min(gaps) > least
    )
    assert stored_verdict("alike") == verdict.value


def dead(*setting):
    shares = [row["dead"] for row in find(*setting)]
    assert len(shares) == 3
    return shares


def test_dying():
    verdict = Verdict.of(
        min(dead(WIDE, 1)) > 0.5,
        max(dead(WIDE, 0.3) + dead(WIDE, 0.1)) < 0.5,
        max(dead(NARROW, 1)) < 0.5,
        min(dead(WIDE, 1, 0.03)) > 0.5,
        min(dead(WIDE, 1, 0.1, True)) > 0.5,
    )
    assert stored_verdict("dying") == verdict.value


def test_what_the_page_says_of_dead_channels():
    assert min(dead(WIDE, 1)) > 0.5 > max(dead(NARROW, 1))
    assert max(dead(WIDE, 0.3) + dead(WIDE, 0.1)) < 0.02
    assert max(dead(WIDE, 1, 0.03) + dead(WIDE, 1, 0.1, True)) < 0.02
    assert min(dead(WIDE, 1, 0.3) + dead(WIDE, 0.1, 0.3)) > 0.85


def test_what_the_page_says_of_a_low_rate():
    low, small = (
        [100 * row["val_error"][-1] for row in find(WIDE, *setting)]
        for setting in ((1, 0.03), (0.1, 0.1))
    )
    assert judge(small, low, 1000) is Verdict.IN_PART


def test_what_the_page_says_of_the_control():
    (plain,) = load_experiment("inceptionv4-controls")["no shortcut"]["val_error"]
    assert 100 * plain[-1] > 2 * max(errors("pure", 12))
