"""What is handed out: complete, runnable, and without a word of a solution."""

import re
from pathlib import Path

import nbformat
import pytest
from graded_class import BOOK, NAME, SEED
from submissions import EXERCISES

from edulib.exercises import list_exercises, parts
from edulib.exercises.source import read_header, student_notebook
from edulib.grading.assignment import make_source, release_form
from edulib.grading.gradebook import make_assignment

CHAPTERS = sorted({name.partition("-")[0] for name in list_exercises()})


@pytest.fixture(scope="module")
def whole_book():
    """An assignment of all exercises there are."""
    source, _ = make_source("all", CHAPTERS, BOOK)
    return source


def answers(notebook):
    return [
        cell.source
        for cell in notebook.cells
        if cell.metadata.nbgrader.grade_id.startswith("answer-")
    ]


def test_all_exercises_can_be_assigned(whole_book):
    ids = [cell.metadata.nbgrader.grade_id for cell in whole_book.cells]
    assert len(ids) == len(set(ids))
    for name in list_exercises():
        check = whole_book.cells[ids.index(f"check-{name}")]
        assert check.metadata.nbgrader.points == sum(p.points for p in parts(name))
        assert ids.index(f"answer-{name}") == ids.index(f"check-{name}") - 1
        text = whole_book.cells[ids.index(f"answer-{name}") - 1]
        assert text.source.startswith("### Exercise ")


def test_exercises_are_numbered_from_the_first_to_the_last(whole_book):
    texts = "\n".join(c.source for c in whole_book.cells if c.cell_type == "markdown")
    numbers = re.findall(r"^### Exercise (\d+): ", texts, re.MULTILINE)
    assert numbers == [str(k) for k in range(1, len(list_exercises()) + 1)]


def test_reports_have_the_points_of_their_rubric(whole_book):
    reports = [
        cell.metadata.nbgrader.points
        for cell in whole_book.cells
        if cell.metadata.nbgrader.grade_id.startswith("report-")
    ]
    texts = "".join(cell.source for cell in whole_book.cells)
    assert len(reports) == texts.count("(stretch,")
    assert all(points > 0 for points in reports)


def test_the_release_leaks_nothing(whole_book):
    release = release_form(whole_book)
    text = nbformat.writes(release)
    for word in ("BEGIN SOLUTION", "BEGIN HIDDEN", "hidden=True", "seed="):
        assert word not in text
    code = "\n".join(cell.source for cell in release.cells if cell.cell_type == "code")
    for solved, stub in zip(answers(whole_book), answers(release), strict=True):
        for line in set(solved.splitlines()) - set(stub.splitlines()):
            assert len(line.strip()) <= 12 or line not in code
    assert all(not cell.get("outputs") for cell in release.cells)


def test_the_leak_is_noticed(whole_book, monkeypatch):
    monkeypatch.setattr("edulib.exercises.source.clear_solution", lambda source: source)
    with pytest.raises(AssertionError):
        test_the_release_leaks_nothing(whole_book)


def test_nbgrader_hands_out_our_stubs(graded):
    source = graded.course.source(NAME)
    handed_out = [cell.source for cell in graded.release.cells]
    assert handed_out == [cell.source for cell in release_form(source).cells]
    text = graded.course.notebook("release", NAME).read_text()
    assert str(SEED) not in text
    assert "SOLUTION" not in text


def test_the_stubs_are_those_of_the_chapter(graded):
    (path,) = Path(BOOK).glob("*/lenet.ipynb")
    chapter = student_notebook(nbformat.read(path, as_version=4))
    in_chapter = {cell.source for cell in chapter.cells}
    given = [c.source for c in graded.release.cells if c.cell_type == "code"]
    assert sum(bool(read_header(source)) for source in given) == 2 * len(EXERCISES)
    assert set(given) <= in_chapter


def test_no_metadata_of_a_grader_stands_in_the_book():
    for path in Path(BOOK).rglob("*.ipynb"):
        assert "nbgrader" not in path.read_text(encoding="utf-8")


def test_unknown_exercises_are_named(small):
    with pytest.raises(ValueError, match=r"no exercise or chapter is called 'lenet-x'"):
        make_assignment(small.course, "more", ["lenet-x"], BOOK, seed=1)


@pytest.mark.parametrize("name", ["", "../up", "a b", "-x"])
def test_bad_names_are_refused(small, name):
    with pytest.raises(ValueError, match="expected a name of letters"):
        make_assignment(small.course, name, list(EXERCISES), BOOK, seed=1)


def test_an_assignment_with_submissions_keeps_its_exercises(graded):
    with pytest.raises(ValueError, match="choose another name"):
        make_assignment(graded.course, NAME, ["zfnet"], BOOK, seed=1)


def test_unknown_assignments_are_named(graded, capsys):
    assert graded("grade", "weak") == 1
    assert "has no assignment 'weak' (it has: ['week'])" in capsys.readouterr().err
