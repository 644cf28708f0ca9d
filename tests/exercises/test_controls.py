"""The tests of exercises would notice: each is run on sabotage, and must fail."""

import copy
import dataclasses

import exercise_cells
import nbformat
import pytest
import test_chapters

import edulib.exercises.source as exercise_source
from edulib.exercises import registry

NAME = "lenet-subsampling"


@pytest.fixture
def uncleared(monkeypatch):
    """A generator of stubs that forgets to clear the solution."""
    for module in (exercise_cells, exercise_source):
        monkeypatch.setattr(module, "clear_solution", lambda source: source)


@pytest.fixture
def vacuous(monkeypatch):
    """A comparison with the reference that compares nothing."""
    changed = [
        dataclasses.replace(part, run=lambda answer, generator: None)
        if part.name == "agrees with S2"
        else part
        for part in registry.parts(NAME)
    ]
    monkeypatch.setitem(registry._parts, NAME, changed)


def solution(monkeypatch, old, new):
    """Put a mistake into the solution of the book."""
    good = exercise_cells.exercises("lenet")[NAME]
    assert old in good.solution
    bad = dataclasses.replace(good, solution=good.solution.replace(old, new))
    known = {**exercise_cells.exercises("lenet"), NAME: bad}
    monkeypatch.setattr(test_chapters, "exercises", lambda chapter: known)


def test_solutions_left_in_stubs_are_noticed(uncleared):
    with pytest.raises(AssertionError):
        test_chapters.test_stub_gets_nothing_and_says_so(NAME)
    with pytest.raises(AssertionError):
        test_chapters.test_student_notebook_leaks_no_line_of_a_solution("lenet")


def test_a_check_that_checks_nothing_is_noticed(vacuous):
    with pytest.raises(AssertionError, match="no planted wrong answer fails 'agrees"):
        test_chapters.test_every_wrong_answer_loses_marks_and_every_part_finds_one(NAME)


def test_a_wrong_solution_is_noticed(monkeypatch):
    solution(monkeypatch, "self.coefficient * (top", "2 * self.coefficient * (top")
    with pytest.raises(AssertionError):
        test_chapters.test_solution_gets_full_marks_with_any_seed(NAME)


def test_a_solution_that_only_a_hidden_part_finds_wrong_is_noticed(monkeypatch):
    old = "        top = x"
    solution(
        monkeypatch, old, f"        if x.shape[2] == 2:\n            x = 0 * x\n{old}"
    )
    with pytest.raises(AssertionError):
        test_chapters.test_solution_gets_full_marks_with_any_seed(NAME)


def test_an_exercise_without_a_check_is_noticed(monkeypatch):
    chapter = copy.deepcopy(exercise_cells.notebook("lenet"))
    chapter.cells = [
        c for c in chapter.cells if not c.source.startswith("# check: lenet-count")
    ]
    monkeypatch.setattr(test_chapters, "notebook", lambda name: chapter)
    with pytest.raises(AssertionError):
        test_chapters.test_cells_of_the_chapter("lenet")


def made_of(*sources):
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources]
    )


EXERCISE = "# exercise: lenet-count\nimport torch\n### BEGIN SOLUTION\nanswer = {}\n"
EXERCISE += "### END SOLUTION"


def test_exercises_run_with_the_cells_that_they_need_and_those_that_need_them():
    chapter = made_of(
        "import torch\nsides = 3",
        "from torch import nn\nsides = 4",
        "slow = 1 / 0",
        "def corners():\n    return sides",
        EXERCISE.format("corners() + torch.e"),
        "# check: lenet-count\nprint(answer)",
        "corners = None",
        "double = answer",
        "import torch\ntorch.ones(2)",
    )
    chosen = exercise_cells.cells_of_exercises(chapter)
    assert [chapter.cells.index(cell) for cell in chosen] == [1, 3, 4, 5, 7]


def test_a_cell_that_cannot_do_without_a_solution_is_noticed():
    chapter = made_of(EXERCISE.format("3"), "# check: lenet-count\n1", "answer + 1")
    with pytest.raises(TypeError):
        exercise_cells.run_unsolved(chapter)
    chapter.cells.pop()
    assert exercise_cells.run_unsolved(chapter) == ["1"]
