"""Reliability, calibration error and logits' gaps, and what is stored of them."""

from math import log

import pytest
import torch
import torch.nn.functional as F

from edulib.chapters.inceptionv3.calibration import (
    calibration_error,
    gaps,
    reliability,
)
from edulib.chapters.inceptionv3.smoothing import (
    EPOCHS,
    SEEDS,
    SMOOTHINGS,
    load_smoothing,
)


def logits_of(probabilities):
    return torch.tensor(probabilities, dtype=torch.double).log()


def test_answers_are_sorted_by_their_confidence():
    logits = logits_of([[0.95, 0.05], [0.93, 0.07], [0.4, 0.6]])
    rows = reliability(logits, torch.tensor([0, 1, 1]))
    assert [row["share"] for row in rows] == pytest.approx([1 / 3, 2 / 3])
    assert [row["confidence"] for row in rows] == pytest.approx([0.6, 0.94])
    assert [row["accuracy"] for row in rows] == [1, 0.5]
    assert calibration_error(rows) == pytest.approx((0.4 + 2 * 0.44) / 3)


def test_certain_answers_have_a_bin():
    rows = reliability(torch.eye(3).double() * 1e4, torch.arange(3))
    assert rows == [{"share": 1, "confidence": 1, "accuracy": 1}]
    assert calibration_error(rows) == 0


def test_bins_reach_to_their_upper_end():
    logits = logits_of([[0.5, 0.5], [0.625, 0.375]])
    rows = reliability(logits, torch.tensor([0, 0]), bins=2)
    assert [row["share"] for row in rows] == [0.5, 0.5]


def test_gap_is_that_of_the_label_and_the_mean_of_the_others():
    logits = torch.tensor([[3.0, 1.0, 0.0], [3.0, 1.0, 0.0]])
    assert gaps(logits, torch.tensor([0, 2])).tolist() == [2.5, -2]


@pytest.mark.parametrize("epsilon", [0.1, 0.3])
def test_the_smoothed_loss_is_smallest_at_the_gap_that_the_page_gives(epsilon):
    best = log(10 * (1 - epsilon) / epsilon + 1)
    losses = [
        F.cross_entropy(
            torch.eye(10, dtype=torch.double)[:1] * gap,
            torch.tensor([0]),
            label_smoothing=epsilon,
        )
        for gap in (best - 0.1, best, best + 0.1)
    ]
    assert losses[1] < min(losses[0], losses[2])


@pytest.mark.parametrize("images", EPOCHS)
def test_every_strength_is_stored_with_every_seed(images):
    stored = load_smoothing(images)
    assert tuple(stored) == SMOOTHINGS
    for rows in stored.values():
        assert tuple(row["seed"] for row in rows) == SEEDS
        for new in (row["new"] for row in rows):
            assert sum(b["share"] for b in new["bins"]) == pytest.approx(1, abs=1e-3)
            again = calibration_error(new["bins"])
            assert new["calibration_error"] == pytest.approx(again, abs=1e-3)
