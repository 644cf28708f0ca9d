"""Every exercise of the book: its solution, its stub, its planted wrong answers."""

import pytest
from exercise_cells import CHAPTERS, exercises, notebook, run_unsolved, wrong_answers

from edulib.exercises import Answer, check, list_exercises, parts
from edulib.exercises.source import find_problems, read_header, student_notebook

NAMES = list_exercises()


def exercise(name):
    return exercises(name.partition("-")[0])[name]


def wrong(name):
    return wrong_answers(name.partition("-")[0])[name]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_cells_of_the_chapter(chapter):
    assert find_problems(notebook(chapter)) == []
    registered = [name for name in NAMES if name.startswith(f"{chapter}-")]
    assert sorted(exercises(chapter)) == registered
    assert len(registered) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_solution_gets_full_marks_with_any_seed(name):
    answer = exercise(name).answer(exercise(name).solution)
    for seed in (0, 1, 2, 31):
        for hidden in (False, True):
            result = check(name, answer, hidden=hidden, seed=seed)
            assert result.passed, result
            assert result.score == result.points > 0


@pytest.mark.parametrize("name", NAMES)
def test_stub_gets_nothing_and_says_so(name):
    result = check(name, exercise(name).answer(exercise(name).stub), hidden=True)
    assert result.score == 0
    assert "not attempted yet" in repr(result)


@pytest.mark.parametrize("name", NAMES)
def test_every_wrong_answer_loses_marks_and_every_part_finds_one(name):
    results = [check(name, answer, hidden=True, timeout=3) for answer in wrong(name)]
    for answer, result in zip(wrong(name), results, strict=True):
        assert not result.passed, answer
    for index, part in enumerate(parts(name)):
        failed = [r for r in results if r.rows[index].status == "not yet"]
        assert failed, f"no planted wrong answer fails {part.name!r}"


@pytest.mark.parametrize("name", NAMES)
def test_wrong_answers_are_not_failed_by_all_parts_alike(name):
    """Points are a measure: some wrong answer keeps some of them."""
    if len(parts(name)) > 1:
        assert any(0 < check(name, a, hidden=True).score for a in wrong(name))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_student_notebook_leaks_no_line_of_a_solution(chapter):
    student = student_notebook(notebook(chapter))
    cells = [c for c in student.cells if c.cell_type == "code"]
    text = "\n".join(c.source for c in cells if read_header(c.source))
    assert "BEGIN SOLUTION" not in text
    for name, written in exercises(chapter).items():
        hidden = set(written.solution.splitlines()) - set(written.stub.splitlines())
        for line in hidden:
            if len(line.strip()) > 12:
                assert line not in text, f"{name} leaks {line.strip()!r}"
    for cell in cells:
        if read_header(cell.source):
            assert cell.outputs == []
            assert "hide-input" not in cell.metadata.get("tags", [])


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_unsolved_exercises_run_to_the_end(chapter):
    shown = run_unsolved(notebook(chapter))
    unsolved = sum("not attempted yet" in text for text in shown)
    assert unsolved == len(exercises(chapter))


@pytest.mark.parametrize("name", NAMES)
def test_the_text_says_where_a_class_is_judged(name, monkeypatch):
    asked = []
    for door in ("build", "method"):
        used = getattr(Answer, door)

        def ask(self, *arguments, _used=used):
            asked.append(self)
            return _used(self, *arguments)

        monkeypatch.setattr(Answer, door, ask)
    check(name, exercise(name).answer(exercise(name).solution), hidden=True)
    says = "The check builds" in exercise(name).text
    says = says or "The check applies your class" in exercise(name).text
    assert says == bool(asked)
