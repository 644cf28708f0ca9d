"""Exercises of one's own, from a folder outside the repository."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from submissions import cell_of

from edulib.exercises import registry
from edulib.grading.gradebook import read_marks
from edulib.grading.private import load_checks

ID = "exam-double"
CHECKS = f'''
from edulib.exercises import expect_equal, part


@part("{ID}", "doubles", points=3)
def _doubles(answer, generator):
    expect_equal(answer(21), 42)
'''
SOLUTION = f"""# exercise: {ID}
def double(x):
    ### BEGIN SOLUTION
    return x + x
    ### END SOLUTION
"""
CHECK = f'# check: {ID}\nfrom edulib.exercises import check\n\ncheck("{ID}", double)'


@pytest.fixture(scope="module")
def exam(small, tmp_path_factory):
    """A private exercise, assigned, solved by one student, marked."""
    folder = tmp_path_factory.mktemp("private")
    (folder / "checks.py").write_text(CHECKS)
    text = new_markdown_cell("## Exam\n\n### Exercise 1: Double (core, 5 minutes)")
    cells = [text, new_code_cell(SOLUTION), new_code_cell(CHECK)]
    nbformat.write(new_notebook(cells=cells), folder / "exam.ipynb")
    options = ("--seed", 5, "--source", folder, "--checks", folder / "checks.py")
    assert small("assign", "exam", ID, *options) == 0
    release = small.course.notebook("release", "exam")
    notebook = nbformat.read(release, as_version=4)
    cell_of(notebook, ID).source = SOLUTION
    (folder / "in").mkdir()
    nbformat.write(notebook, folder / "in" / "ada_exam.ipynb")
    assert small("collect", "exam", folder / "in") == 0
    assert small("grade", "exam", "--jobs", "1") == 0
    yield nbformat.read(release, as_version=4)
    del registry._parts[ID]


def test_students_are_told_to_wait(exam, capsys):
    exec(cell_of(exam, ID).source + "\n" + cell_of(exam, ID, "check").source, {})
    assert capsys.readouterr().out == f"{ID} is marked after you hand in.\n"
    assert "x + x" not in nbformat.writes(exam)


def test_graders_have_the_checks(exam, small):
    assert read_marks(small.course, "exam") == {"ada": (3, 3, False)}


def test_missing_checks_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file of checks"):
        load_checks([tmp_path / "none.py"])
