"""Numbers of stored trainings: the end of each seed, and what lies between two."""

import pytest

from edulib.experiments import gains, last_epochs

ONE = {"val_AP": [[0.25, 0.5], [0.0, 0.25]], "val_error": [[0.5, 0.25]]}
TWO = {"val_AP": [[0.25, 0.75], [0.0, 0.125]], "val_error": [[0.5, 0.125]]}


def test_each_seed_ends_with_its_last_epoch():
    assert last_epochs(ONE, "val_AP") == [0.5, 0.25]


def test_errors_are_in_percent():
    assert last_epochs(ONE) == [25.0]
    assert gains(TWO, ONE, "val_error") == [12.5]


def test_a_gain_is_what_the_better_one_has_more():
    assert gains(ONE, TWO, "val_AP") == [0.25, -0.125]


def test_runs_of_other_seeds_are_not_compared():
    with pytest.raises(ValueError, match="zip"):
        gains({"val_AP": [[0.5]]}, TWO, "val_AP")
