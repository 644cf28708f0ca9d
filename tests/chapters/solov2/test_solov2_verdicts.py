"""The verdicts on the page's cards, computed anew from the stored results."""

import json

from cards import stored_ends, stored_verdict

from edulib.chapters.solov2 import times
from edulib.notebook import Verdict, judge_means


def last(variant, measure="mask_AP"):
    return stored_ends("solov2-coordinates", variant, f"val_{measure}")


def test_the_card_of_coordinates():
    expected = judge_means(last("none"), last("coordinates"), 0.03)
    assert stored_verdict("solov2", "coordinates") == expected.value


def test_the_card_of_matrix_nms():
    hard, matrix = (last("coordinates", f"{way}_AP") for way in ("hard", "matrix"))
    expected = judge_means(hard, matrix, 0.01)
    assert stored_verdict("solov2", "matrix") == expected.value


def test_the_card_of_its_time():
    stored = json.loads(times.FILE.read_text(encoding="utf-8"))
    loops = [stored[name] for name in ("hard", "soft")]
    expected = Verdict.of(
        *(one["high"] < 1 for one in loops),
        opposite=all(one["low"] > 1 for one in loops),
    )
    assert stored_verdict("solov2", "time") == expected.value
