"""Answers are found by their first line, whatever an editor did to the rest."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from submissions import CLASS, COUNT, LAYER, cell_of

from edulib.grading.answers import (
    merge_into_release,
    names_bound,
    names_read,
    needed_cells,
)
from edulib.grading.assignment import make_source, release_form
from edulib.grading.collect import collect, student_of

BOOK = Path(__file__).parents[2] / "book"


@pytest.fixture(scope="module")
def release():
    return release_form(make_source("week", ["lenet"], BOOK)[0])


def collected(release, *cells):
    return merge_into_release(new_notebook(cells=list(cells)), release, set())


def answer(collected, name):
    return cell_of(collected.notebook, name).source


def test_the_frame_is_the_release(release):
    result = collected(release)
    assert result.notebook.cells == release.cells
    assert len(result.notes) == 3
    assert result.notes[0] == f"the answer to {COUNT} is missing"


def test_line_ends_and_marks_of_other_systems(release):
    cell = new_code_cell(f"\ufeff# exercise: {COUNT}\r\nx = 1\r\n")
    assert answer(collected(release, cell), COUNT) == f"# exercise: {COUNT}\nx = 1\n"


def test_the_last_changed_copy_counts(release):
    cells = [new_code_cell(f"# exercise: {COUNT}\nx = {n}") for n in range(2)]
    stub = new_code_cell(cell_of(release, COUNT).source)
    result = collected(release, *cells, stub)
    assert answer(result, COUNT).endswith("x = 1")
    assert f"2 answers to {COUNT}: the last one counts" in result.notes


def test_an_answer_without_its_first_line_is_known_by_its_names(release):
    source = CLASS.partition("\n")[2]
    result = collected(release, new_code_cell("import torch"), new_code_cell(source))
    assert answer(result, LAYER) == f"# exercise: {LAYER}\n{source}"
    assert f"the answer to {LAYER} lost its first line" in result.notes


def test_reports_are_taken_and_their_html_is_not(release):
    text = "#### Report on lenet-shift\n\n$a < b$ <script>steal()</script>"
    result = collected(release, new_markdown_cell(text))
    (cell,) = [c for c in result.notebook.cells if "Report on" in c.source]
    assert "$a < b$ &lt;script>" in cell.source
    assert cell.metadata.nbgrader.points == 10


def test_own_cells_stand_behind_their_exercise(release):
    check = new_code_cell(f"# check: {COUNT}\n")
    result = collected(release, check, new_code_cell("mine = 1"))
    sources = [cell.source for cell in result.notebook.cells]
    place = sources.index("mine = 1")
    assert sources[place - 1] == cell_of(release, COUNT, "check").source


def test_what_cannot_be_read_is_named(tmp_path, small):
    for content in ("{", '{"cells": 3}', '{"nbformat": 4, "cells": [{"a": 1}]}'):
        (tmp_path / "ada.ipynb").write_text(content)
        report = collect(small.course, "week", tmp_path)
        assert len(report.unreadable) == 1
        assert "ada.ipynb" in report.unreadable[0]


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("ada_week.ipynb", "ada"),
        ("ada week(1).ipynb", "ada"),
        ("ada/week.ipynb", "ada"),
        ("Ada Lovelace_123_assign_file/any.ipynb", "Ada_Lovelace_123_assign_file"),
        ("zoë-week.ipynb", "zoë"),
        ("week.ipynb", "week"),
    ],
)
def test_whose_file_it_is(path, student):
    assert student_of(Path("in") / path, Path("in"), "week") == student


def test_names():
    source = "import a.b as c\nfrom d import *\nfor e in f:\n    g = lambda h: i + h\n"
    source += "def j(k):\n    l = k\n    return m\n%time x\n"
    assert names_bound(source) == {"c", "*", "e", "g", "j"}
    assert {"f", "i", "m"} <= names_read(source)
    assert not {"h", "k", "l"} & names_read(source)
    assert names_read("def") == names_bound("def") == set()


def test_needed_cells_in_their_order():
    own = ["x = 1", "def a():\n    return b()", "y = 2", "def b():\n    return 3"]
    assert needed_cells("def answer(x):\n    return x + a()", own) == [1, 3]


def test_nbformat_takes_the_result(release):
    cell = new_code_cell("plot", outputs=[])
    cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": "<b>"})]
    result = collected(release, cell, new_code_cell("more"))
    nbformat.validate(result.notebook)
