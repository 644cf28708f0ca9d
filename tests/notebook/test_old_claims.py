import numpy as np
import pytest
import torch

from edulib.notebook import bound_text
from edulib.notebook.old_claims import ClaimError, claim


def test_a_claim_that_holds_shows_its_evidence():
    shown = claim("Deeper is worse.", True, ["plain-56 above 50 %", "a < b"])
    assert "✓ Holds here." in repr(shown)
    assert "plain-56 above 50 %" in repr(shown)
    assert "<li>a &lt; b</li>" in shown._repr_html_()
    assert "eov-holds" in shown._repr_html_()


def test_a_claim_that_does_not_hold_stops_the_notebook():
    with pytest.raises(ClaimError, match=r"here: It learns.*measured: below 20 %"):
        claim("It learns.", False, "below 20 %")
    assert issubclass(ClaimError, AssertionError)


def test_a_claim_may_honestly_not_show():
    shown = claim("It learns.", False, "below 20 %", strict=False)
    assert "○ Does not show at this scale." in repr(shown)
    assert "eov-fails" in shown._repr_html_()


@pytest.mark.parametrize("true", [torch.tensor(3) > 2, np.float64(3) > 2])
def test_verdicts_of_tensors_and_arrays_count(true):
    assert "Holds" in repr(claim("Three is more than two.", true))


@pytest.mark.parametrize("other", [1, "yes", None, torch.ones(2) > 0, torch.ones(())])
def test_a_verdict_must_be_a_truth_value(other):
    with pytest.raises(TypeError, match="expected True or False, got"):
        claim("It learns.", other)


@pytest.mark.parametrize(
    ("value", "thresholds", "unit", "words"),
    [
        (97.22, 97, "%", "above 97 %"),
        (97.22, (90, 97), "%", "above 97 %"),
        (0.6, (1, 5), "%", "below 1 %"),
        (7.0, (10, 5), "%", "between 5 % and 10 %"),
        (100, (97, 100), "%", "exactly 100 %"),
        (3.2, 2.5, "times", "above 2.5 times"),
        (3e6, 100_000, "times", "above 100,000 times"),
        (0.5, 1, None, "below 1"),
        (torch.tensor(97.5), 97, "%", "above 97 %"),
    ],
)
def test_bound_names_the_thresholds_on_both_sides(value, thresholds, unit, words):
    assert bound_text(value, thresholds, unit) == words


def test_bound_rejects_what_has_no_place():
    with pytest.raises(ValueError, match="got nan: has the training diverged"):
        bound_text(float("nan"), 1)
    with pytest.raises(ValueError, match="at least one threshold"):
        bound_text(1, ())
