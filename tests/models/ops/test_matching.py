"""Matching: against slow loops and torchvision, with the ties that code gets wrong."""

import pytest
import torch
from box_helpers import few
from hypothesis import given
from hypothesis import strategies as st
from torchvision.models.detection import _utils as theirs

from edulib.models.ops.matching import BACKGROUND, IGNORED, match, match_each_first


@st.composite
def overlap_tables(draw):
    """IoU (N, M) in eighths, so that many tie and some are thresholds."""
    objects, anchors = draw(st.integers(0, 4)), draw(st.integers(0, 7))
    numbers = st.lists(st.integers(0, 8), min_size=anchors, max_size=anchors)
    rows = draw(st.lists(numbers, min_size=objects, max_size=objects))
    return torch.tensor(rows, dtype=torch.float64).reshape(objects, anchors) / 8


def slow_match(overlaps, high, low, force_best):
    """Anchor by anchor."""
    table = overlaps.tolist()
    matched = []
    for anchor in range(overlaps.shape[1]):
        column = [row[anchor] for row in table]
        best = max(column, default=0.0)
        rescued = any(0 < row[anchor] == max(row) for row in table)
        if column and (best >= high or (force_best and rescued)):
            matched.append(column.index(best))
        else:
            matched.append(BACKGROUND if not column or best < low else IGNORED)
    return matched


@pytest.mark.parametrize(("high", "low"), [(0.75, 0.25), (0.5, 0.5), (1.0, 0.0)])
@pytest.mark.parametrize("force_best", [False, True])
@few
@given(overlap_tables())
def test_matching_is_a_slow_loop_and_torchvisions(high, low, force_best, overlaps):
    matched = match(overlaps, high, low, force_best)
    assert matched.dtype == torch.int64
    assert matched.tolist() == slow_match(overlaps, high, low, force_best)
    met = overlaps.numel() and (overlaps.max(dim=1).values > 0).all()
    if met:  # theirs refuses images without objects, and rescues all for one that is 0
        expected = theirs.Matcher(high, low, force_best)(overlaps)
        assert torch.equal(matched, expected)


@few
@given(overlap_tables())
def test_matching_objects_first_is_a_slow_loop_and_torchvisions(overlaps):
    matched = match_each_first(overlaps, 0.5)
    expected = slow_match(overlaps, 0.5, 0.5, force_best=False)
    for number, row in enumerate(overlaps.tolist()):
        if row and max(row) > 0:
            expected[row.index(max(row))] = number
    assert matched.tolist() == expected
    if overlaps.numel() and (overlaps.max(dim=1).values > 0).all():
        assert torch.equal(matched, theirs.SSDMatcher(0.5)(overlaps))


def test_both_are_torchvisions_on_thousands():
    torch.manual_seed(0)
    overlaps = (torch.rand(20, 5000) * 50).round() / 50
    for force_best in (False, True):
        expected = theirs.Matcher(0.7, 0.3, force_best)(overlaps)
        assert torch.equal(match(overlaps, 0.7, 0.3, force_best), expected)
    assert torch.equal(
        match_each_first(overlaps, 0.5), theirs.SSDMatcher(0.5)(overlaps)
    )


def test_the_two_rescues_differ():
    overlaps = torch.tensor([[0.9, 0.2, 0.0], [0.0, 0.4, 0.4], [0.0, 0.6, 0.0]])
    # Objects 1 and 2 are weak. Anchor 1 is the best of both, anchor 2 ties with it.
    assert match(overlaps, 0.7, 0.3).tolist() == [0, IGNORED, IGNORED]
    assert match(overlaps, 0.7, 0.3, force_best=True).tolist() == [0, 2, 1]
    assert match_each_first(overlaps, 0.7).tolist() == [0, 2, BACKGROUND]


def test_a_rescued_anchor_goes_to_the_object_it_overlaps_most():
    overlaps = torch.tensor([[0.4, 0.0], [0.6, 0.65]])
    assert match(overlaps, 0.7, 0.3, force_best=True).tolist() == [1, 1]
    assert match_each_first(overlaps, 0.7).tolist() == [0, 1]


def test_an_object_that_overlaps_nothing_rescues_nothing():
    overlaps = torch.tensor([[0.0, 0.0, 0.0], [0.8, 0.1, 0.0]])
    assert match(overlaps, 0.7, 0.3, force_best=True).tolist() == [1, -1, -1]
    assert match_each_first(overlaps, 0.7).tolist() == [1, -1, -1]
    theirs_makes = theirs.Matcher(0.7, 0.3, True)(overlaps)
    assert theirs_makes.tolist() == [1, 1, 0]


def test_thresholds_are_reached_by_equality():
    overlaps = torch.tensor([[0.7, 0.3, 0.2999]])
    assert match(overlaps, 0.7, 0.3).tolist() == [0, IGNORED, BACKGROUND]


@pytest.mark.parametrize("shape", [(0, 5), (3, 0), (0, 0)])
def test_without_objects_all_is_background(shape):
    expected = torch.full(shape[1:], BACKGROUND)
    assert torch.equal(match(torch.zeros(shape), 0.7, 0.3, force_best=True), expected)
    assert torch.equal(match_each_first(torch.zeros(shape), 0.5), expected)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"low <= high, got low=0\.7 and high=0\.3"):
        match(torch.zeros(1, 1), 0.3, 0.7)
    with pytest.raises(ValueError, match=r"\(objects, anchors\), got \(3,\)"):
        match(torch.zeros(3), 0.7, 0.3)
    with pytest.raises(ValueError, match="got nan"):
        match_each_first(torch.tensor([[0.5, float("nan")]]), 0.5)
