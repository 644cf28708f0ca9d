"""The verdicts on the page's cards, computed anew from the stored results."""

from statistics import fmean

import pytest
from cards import stored_ends, stored_verdict

from edulib.chapters.yolo.measure import load_measures
from edulib.notebook import Verdict, judge_means


def of_parts(*parts):
    """The verdict of a card with several parts."""
    holds = [part is Verdict.HOLDS for part in parts]
    contrary = Verdict.OPPOSITE in parts and not any(holds)
    return Verdict.of(*holds, opposite=contrary).value


def shares(detector, kind):
    return [part[kind] for part in load_measures()["errors"][detector]]


def last(variant, measure="AP"):
    return stored_ends("yolo-loss", variant, f"val_{measure}")


def test_neighbours():
    gaps = {
        name: [max(0, gap) for gap in load_measures()["matched"][name]]
        for name in ("YOLO", "SSD")
    }
    own = judge_means([0, 0, 0], gaps["YOLO"])
    beyond = judge_means(gaps["SSD"], gaps["YOLO"])
    assert stored_verdict("yolo", "neighbours") == of_parts(own, beyond)


def test_the_cell_costs_the_others_next_to_nothing_as_the_page_says():
    for name in ("SSD", "Faster R-CNN"):
        assert abs(fmean(load_measures()["matched"][name])) < 0.03


def test_all_sizes_lose_about_an_eighth_by_the_roots_as_the_page_says():
    for size in ("small", "medium", "large"):
        with_roots, without = (
            fmean(last(name, f"AP_{size}")) for name in ("as in the paper", "no roots")
        )
        assert 0.1 < 1 - with_roots / without < 0.15


def test_errors():
    pair = "Faster R-CNN", "YOLO"
    more = judge_means(*(shares(name, "localization") for name in pair))
    fewer = judge_means(*(shares(name, "background") for name in reversed(pair)))
    assert stored_verdict("yolo", "errors") == of_parts(more, fewer)


def test_roots():
    verdict = judge_means(last("no roots"), last("as in the paper"))
    assert stored_verdict("yolo", "roots") == verdict.value


def test_without_roots_large_objects_gain_and_small_ones_not_as_the_page_says():
    parts = {
        size: judge_means(last("no roots", size), last("as in the paper", size))
        for size in ("AP_small", "AP_medium", "AP_large")
    }
    assert parts["AP_small"] is Verdict.UNTESTED
    assert parts["AP_large"] is Verdict.OPPOSITE


def test_the_weights_are_too_little_to_count_as_the_page_says():
    verdict = judge_means(last("lambdas 1"), last("as in the paper"))
    assert verdict is Verdict.UNTESTED


def test_shares_of_errors_are_those_of_all_detections():
    for parts in load_measures()["errors"].values():
        assert len(parts) == 3
        for part in parts:
            assert sum(part.values()) == pytest.approx(1, abs=1e-3)
