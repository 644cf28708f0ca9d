"""Which answers a check cell checks, and which are no answers."""

import pytest
from submissions import LAYER, write_layer

from edulib.exercises import registry
from edulib.grading.score import Question, score
from edulib.models.classification.lenet import Subsampling

CHECK = f'from edulib.exercises import check\ncheck("{LAYER}", MySubsampling)'


def scored(namespace, stub="", check=CHECK):
    return score(Question(LAYER, check, stub), namespace, seed=3, seconds=5)


def own():
    names = {"__name__": "answer"}
    exec(write_layer(), names)
    return names


def test_an_own_class_is_checked():
    verdict = scored(own())
    assert (verdict.result.score, verdict.result.points, verdict.flags) == (6, 6, ())


def test_a_check_of_the_submission_is_not_called():
    names = {**own(), "check": lambda *args: 1 / 0}
    assert scored(names).result.passed


class Borrowed(Subsampling):
    """Nothing of one's own."""


@pytest.mark.parametrize("answer", [Subsampling, Borrowed])
def test_the_books_own_class_is_no_answer(answer):
    verdict = scored({"MySubsampling": answer})
    assert verdict.result.score == 0
    assert verdict.flags == ("the book's own Subsampling",)
    assert "write yours" in verdict.result.rows[0].message


def test_a_class_that_the_stub_builds_on_is_an_answer(monkeypatch):
    monkeypatch.delitem(registry._own, LAYER)
    assert scored({"MySubsampling": Borrowed}, stub="(Subsampling)").result.passed


def test_a_missing_answer_is_named():
    verdict = scored({})
    assert verdict.result.score == 0
    assert "name 'MySubsampling' is not defined" in verdict.result.rows[0].message
