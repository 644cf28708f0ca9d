"""One submission ends neither the work on the others nor the recording of its own."""

import pytest
from graded_class import NAME
from poisons import POISONS
from test_feedback import page

from edulib.grading import batch
from edulib.grading.course import Course
from edulib.grading.execute import Limits
from edulib.grading.failures import GraderError, describe, printable


def test_only_files_are_left_out(graded):
    collecting, grading, feeding_back = graded.ended
    assert (collecting, grading, feeding_back) == (1, 0, 0)


@pytest.mark.parametrize("student", POISONS)
def test_marks(graded, student):
    _, marks, flagged = POISONS[student]
    assert graded.scores(student) == marks
    assert bool(graded.run(student)["flags"]) is flagged
    assert graded.marks()[student] == (sum(marks), 11, flagged)


def test_the_page_shows_the_error_of_a_typo(graded):
    assert "duplicate argument" in page(graded, "typo_in_class")
    assert "duplicate argument" in page(graded, "typos_1")
    assert "assigned to before global declaration" in page(graded, "typos_1")


def test_an_odd_reply_is_told_of_as_one(graded):
    assert "Your code writes where only the grader writes" in page(graded, "deep_json")
    assert "ended while this ran" in page(graded, "interrupts")


def test_files_that_are_not_collected_are_all_named(graded):
    lines = graded.said.splitlines()
    for name in [*graded.odd, f"torn_{NAME}.ipynb"]:
        path = printable(str(graded.downloads / name))
        (line,) = [line for line in lines if f": {path}: " in line]
        assert line.startswith("not collected, ask its author: ")
    assert len(lines) == len(graded.odd) + 1


def test_a_link_brings_no_solution(graded):
    assert not graded.course.notebook("submitted", NAME, "to_solutions").exists()


def test_what_no_submission_has_done_ends_the_batch(graded, monkeypatch):
    class Broken:
        def __init__(self, checks):
            pass

        def start_child(self, settings):
            raise GraderError("no sandbox here")

        def close(self):
            pass

    monkeypatch.setattr(batch, "ForkServer", Broken)
    monkeypatch.setattr(Course, "read_run", lambda *arguments: {})
    with pytest.raises(GraderError, match="no sandbox here"):
        batch.run_all(graded.course, NAME, Limits())


def test_errors_are_described_in_a_line():
    assert describe(ValueError("expected 1\nor 2")) == "expected 1"
    assert describe(KeyError("flags")) == "KeyError: 'flags'"
    assert describe(RecursionError()) == "RecursionError"
    assert describe(OSError("\udcff")) == "OSError: \\udcff"
