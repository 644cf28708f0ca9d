"""What each submission of a class gets, and that none stops or touches another."""

import nbformat
import pytest
from graded_class import NAME
from submissions import CHEATS, HONEST, STOPPING

from edulib.grading.sandbox import landlock_version

EXPECTED = {name: marks for name, (_, marks) in (HONEST | STOPPING).items()}


@pytest.mark.parametrize("student", EXPECTED)
def test_marks(graded, student):
    assert graded.scores(student) == EXPECTED[student]
    points, possible, _ = graded.marks()[student]
    assert (points, possible) == (sum(EXPECTED[student]), 11)


@pytest.mark.parametrize("student", [*CHEATS, "own_checks"])
def test_cheats_get_nothing_for_their_cheating(graded, student):
    keeps = 1 if "rows" not in CHEATS.get(student, "") else 0
    assert graded.scores(student)[0] == 0
    assert graded.scores(student)[1] <= keeps
    assert graded.marks()[student][0] <= keeps


@pytest.mark.parametrize(
    "student", ["replaces_torch", "replaces_reference", "exits", "kills_itself"]
)
def test_a_person_is_asked_to_look(graded, student):
    assert graded.run(student)["flags"]
    assert graded.marks()[student][2]


def test_honest_submissions_need_no_person(graded):
    for student in HONEST:
        assert graded.run(student)["flags"] == {}
        assert not graded.marks()[student][2]


def test_every_readable_submission_is_in_the_gradebook(graded):
    handed_in = {path.stem.removesuffix(f"_{NAME}") for path in files(graded)}
    assert set(graded.marks()) == handed_in - {"torn", "x" * 90}


def files(graded):
    return list(graded.downloads.glob("*.ipynb"))


def test_a_submission_neither_reads_nor_changes_anything_of_others(graded):
    printed = "".join(
        output["text"]
        for outputs in graded.run("spy")["outputs"].values()
        for output in outputs
        if output["output_type"] == "stream"
    )
    refused = 8 + (landlock_version() >= 4) + (landlock_version() >= 6)
    assert printed.split() == ["PermissionError"] * refused + ["sqlite3.Error"]
    assert graded.scores("spy") == (5, 6)


def test_what_was_handed_in_is_only_read(graded):
    assert (graded.downloads / f"torn_{NAME}.ipynb").read_text() == '{"cells": ['
    for path in files(graded):
        if path.name.startswith("right"):
            assert "autograded" not in path.read_text()


def test_own_cells_are_shown_without_their_html(graded):
    path = graded.course.notebook("autograded", NAME, "helper")
    notebook = nbformat.read(path, as_version=4)
    (cell,) = [c for c in notebook.cells if "experiment" in c.source]
    assert cell.outputs[0].data == {"text/plain": "a figure"}
    assert "steal" not in path.read_text()
