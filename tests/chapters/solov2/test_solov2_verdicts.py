"""The page's verdicts and what it says of coordinates, from the stored results."""

import json

from cards import page_cells, stored_ends, stored_verdict

from edulib.chapters.solov2 import times
from edulib.notebook import Verdict, judge_means, signed_range


def last(variant, measure="mask_AP"):
    return stored_ends("solov2-coordinates", variant, f"val_{measure}")


def said_of(words):
    """Return what the one cell says whose text has these words."""
    outputs = [o for cell in page_cells("solov2") for o in cell.get("outputs", [])]
    texts = ["".join(o.get("data", {}).get("text/markdown", [])) for o in outputs]
    (text,) = [text for text in texts if words in text]
    return text


def test_what_is_said_of_coordinates():
    blind, told = last("none"), last("coordinates")
    gain = [after - before for before, after in zip(blind, told, strict=True)]
    text = said_of("Coordinates bring")
    assert f"Coordinates bring {signed_range(gain)} mask AP" in text
    counts = judge_means(blind, told, 0.03) is not Verdict.UNTESTED
    assert ("no difference that counts" in text) is not counts


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
