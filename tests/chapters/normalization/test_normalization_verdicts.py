"""Verdicts on made results, either way, and on the stored ones."""

import json
from math import inf
from pathlib import Path

import pytest
import torch

from edulib.chapters.normalization.experiments import RATES
from edulib.chapters.normalization.verdicts import (
    STEPS,
    base_rate,
    batches_verdict,
    fastest_rate,
    lowest,
    rate_verdict,
    steps_to,
    steps_to_accuracy,
    steps_to_plains_best,
    steps_verdict,
)
from edulib.experiments import last_epochs, load_experiment
from edulib.notebook.claims import Verdict
from edulib.training.batches import Batches

PAGE = Path(__file__).parents[3] / "book/foundations/normalization.ipynb"


def run(*seeds):
    return {"val_error": [list(errors) for errors in seeds]}


def made(plain, norm):
    """Results in which the second rate suits plain stacks, for three equal seeds."""
    runs = {f"plain {rate:g}": run(*3 * [[0.9] * 40]) for rate in RATES}
    runs |= {f"batch norm {rate:g}": run(*3 * [[0.9] * 20]) for rate in RATES}
    return runs | {f"plain {RATES[1]:g}": run(*3 * [plain])} | norm


def at(rate, errors):
    return {f"batch norm {rate:g}": run(*3 * [errors])}


SLOW = [0.9] * 29 + [0.05] + [0.06] * 10  # best in epoch 30
HIGHER = {**at(RATES[2], [0.04] * 20), **at(RATES[3], [0.04] * 20)}


def test_steps_are_counted_to_the_first_epoch_that_is_good_enough():
    assert steps_to([0.5, 0.2, 0.3], 0.2) == 2 * STEPS
    assert steps_to([0.5], 0.2) == inf
    runs = made(SLOW, HIGHER)
    assert base_rate(runs) == RATES[1]
    assert steps_to_plains_best(runs, f"plain {RATES[1]:g}") == [30 * STEPS] * 3
    assert fastest_rate(runs) == RATES[2]
    assert lowest(runs, f"plain {RATES[1]:g}") == [5] * 3
    assert last_epochs(runs[f"plain {RATES[1]:g}"]) == [6] * 3
    name = f"plain {RATES[1]:g}"
    assert steps_to_accuracy(runs, name, 94) == [30 * STEPS] * 3
    assert steps_to_accuracy(runs, name, 96) == [inf] * 3


def test_an_epoch_has_as_many_steps_as_the_chapter_says():
    from edulib.data.splits import digits

    assert len(Batches(digits(16)[0], 32, torch.device("cpu"))) == STEPS


@pytest.mark.parametrize(
    ("first_good", "verdict"),
    [(2, Verdict.HOLDS), (3, Verdict.IN_PART), (20, Verdict.IN_PART)],
)
def test_fourteen_times_is_asked_for(first_good, verdict):
    errors = [0.9] * (first_good - 1) + [0.05] * (21 - first_good)
    assert steps_verdict(made(SLOW, at(RATES[2], errors))) is verdict


def test_batch_norm_may_be_slower_or_never_arrive():
    fast = [0.05] * 40
    assert steps_verdict(made(fast, at(RATES[1], [0.9, 0.05]))) is Verdict.OPPOSITE
    assert steps_verdict(made(fast, {})) is Verdict.OPPOSITE
    assert steps_verdict(made(fast, at(RATES[1], [0.05]))) is Verdict.UNTESTED


def test_higher_rates_may_fail_with_batch_norm_or_serve_without():
    assert rate_verdict(made(SLOW, HIGHER)) is Verdict.HOLDS
    assert rate_verdict(made(SLOW, at(RATES[2], [0.04] * 20))) is Verdict.IN_PART
    serves = {f"plain {rate:g}": run(*3 * [[0.06] * 40]) for rate in RATES[2:]}
    assert rate_verdict({**made(SLOW, HIGHER), **serves}) is Verdict.IN_PART
    assert rate_verdict({**made(SLOW, {}), **serves}) is Verdict.OPPOSITE


@pytest.mark.parametrize(
    ("two", "group", "verdict"),
    [
        (0.3, 0.1, Verdict.HOLDS),
        (0.1, 0.101, Verdict.UNTESTED),
        (0.1, 0.3, Verdict.OPPOSITE),
    ],
)
def test_group_norm_may_be_better_or_worse_with_two_images(two, group, verdict):
    errors = {"batch norm 2": two, "group norm": group}
    runs = {name: run(*3 * [[0.9, error]]) for name, error in errors.items()}
    assert batches_verdict(runs) is verdict


@pytest.mark.parametrize(
    ("experiment", "judged", "claim"),
    [
        ("normalization-rates", steps_verdict, "steps"),
        ("normalization-rates", rate_verdict, "rate"),
        ("normalization-batches", batches_verdict, "batches"),
    ],
)
def test_the_page_shows_the_verdict_on_the_stored_results(experiment, judged, claim):
    page = json.loads(PAGE.read_text("utf-8"))
    cards = [
        "".join(output["data"]["text/plain"])
        for cell in page["cells"]
        for output in cell.get("outputs", [])
        if "".join(output.get("data", {}).get("text/plain", "")).startswith(
            f"Claim '{claim}'"
        )
    ]
    verdict = judged(load_experiment(experiment))
    assert len(cards) == 1
    assert cards[0].endswith(f"[{verdict.value}]")
