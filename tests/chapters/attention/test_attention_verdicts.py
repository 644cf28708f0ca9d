"""Verdicts on made results, either way, and on the stored ones."""

from statistics import fmean

import pytest
from cards import stored_verdict

from edulib.chapters.attention.verdicts import (
    TESTS,
    kind_verdict,
    order_verdict,
    scale_verdict,
)
from edulib.experiments import last_epochs, load_experiment
from edulib.notebook.claims import Verdict, resolution

EQUAL = (0.05, 0.05, 0.05)
HIGHER = (0.3, 0.3, 0.3)


def made(**errors):
    """Results whose last epoch has these errors, for three seeds."""
    return {
        name.replace("_", " "): {"val_error": [[0.9, error] for error in of_seeds]}
        for name, of_seeds in errors.items()
    }


def scales(narrow, wide, wide_with=EQUAL):
    return made(
        scaled_4=EQUAL, unscaled_4=narrow, scaled_256=wide_with, unscaled_256=wide
    )


@pytest.mark.parametrize(
    ("runs", "verdict"),
    [
        (scales(EQUAL, HIGHER), Verdict.HOLDS),
        (scales(HIGHER, HIGHER), Verdict.IN_PART),  # the narrow one loses as much
        (scales(EQUAL, EQUAL), Verdict.UNTESTED),
        (scales(EQUAL, EQUAL, HIGHER), Verdict.OPPOSITE),
        (scales(EQUAL, (0.3, 0.3, 0.06)), Verdict.IN_PART),
        (scales((0.05, 0.05, 0.4), HIGHER), Verdict.IN_PART),  # one seed: less
    ],
)
def test_scale_may_come_out_either_way(runs, verdict):
    assert scale_verdict(runs) is verdict


@pytest.mark.parametrize(
    ("none", "verdict"),
    [
        (HIGHER, Verdict.HOLDS),
        (EQUAL, Verdict.UNTESTED),
        ((0.0, 0.0, 0.0), Verdict.OPPOSITE),
        ((0.3, 0.3, 0.05), Verdict.UNTESTED),
    ],
)
def test_order_may_come_out_either_way(none, verdict):
    runs = made(none=none, sines=EQUAL, learned=(0.06, 0.05, 0.05))
    assert order_verdict(runs) is verdict


@pytest.mark.parametrize(
    ("sines", "learned", "verdict"),
    [
        (EQUAL, EQUAL, Verdict.HOLDS),
        ((0.12, 0.05, 0.05), EQUAL, Verdict.IN_PART),
        (EQUAL, (0.12, 0.05, 0.05), Verdict.IN_PART),
        (HIGHER, EQUAL, Verdict.OPPOSITE),
        (EQUAL, HIGHER, Verdict.OPPOSITE),
        ((0.3, 0.3, 0.05), EQUAL, Verdict.UNTESTED),
    ],
)
def test_kind_may_come_out_either_way(sines, learned, verdict):
    assert kind_verdict(made(sines=sines, learned=learned)) is verdict


def test_the_cards_show_what_the_stored_results_say():
    scale = load_experiment("attention-scale")
    positions = load_experiment("attention-positions")
    for runs in (scale, positions):
        assert all(len(row["seeds"]) == 3 for row in runs.values())
    found = {
        "scale": scale_verdict(scale),
        "order": order_verdict(positions),
        "kind": kind_verdict(positions),
    }
    for claim, verdict in found.items():
        assert stored_verdict("attention", claim) == verdict.value


def test_what_the_page_says_of_the_scale():
    runs = load_experiment("attention-scale")
    with_root, without = (
        last_epochs(runs["scaled 256"]),
        last_epochs(runs["unscaled 256"]),
    )
    assert min(without) > max(with_root)
    narrow = last_epochs(runs["scaled 4"]), last_epochs(runs["unscaled 4"])
    assert max(narrow[0]) >= min(narrow[1])  # the marks overlap
    learned = [
        [errors[-1] for errors in runs[f"{kind} 256"]["train_error"]]
        for kind in ("scaled", "unscaled")
    ]
    assert max(learned[0]) < min(learned[1])


def test_what_the_page_says_of_positions():
    runs = load_experiment("attention-positions")
    none, sines, learned = (
        last_epochs(runs[name]) for name in ("none", "sines", "learned")
    )
    assert 40 < sum(none) / 3 < 60
    assert max(none) < 60  # "about half"
    assert max(*sines, *learned) < 5
    assert all(s <= f for s, f in zip(sines, learned, strict=True))
    least = resolution(fmean([*sines, *learned]), TESTS)
    assert abs(least - fmean(sines)) < 0.1  # "as much as the whole error of the sines"
