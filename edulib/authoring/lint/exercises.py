"""Rules for the exercises and the quiz at the end of a chapter."""

import ast
from collections.abc import Iterator

from edulib.authoring.lint.page import Page, Problem
from edulib.exercises.source import find_problems, read_header
from edulib.exercises.task import LEVELS, Task, read_tasks

FEWEST_QUESTIONS, MOST_QUESTIONS = 3, 5


def three_levels(page: Page) -> Iterator[Problem]:
    """There are three exercises: warm-up, core and stretch."""
    found = [(task.number, task.level) for task in _tasks(page)]
    if found != list(enumerate(LEVELS, 1)):
        yield page.problem(
            None,
            "expected three headings like '### Exercise 1: title (warm-up, 5 minutes)' "
            f"for {', '.join(LEVELS)}, found {found}",
        )


def aims(page: Page) -> Iterator[Problem]:
    """Each exercise says what it trains."""
    for task in _tasks(page):
        if not task.trains:
            yield page.problem(None, f"{task.title!r} has no line '*You train: ...*'")


def hints(page: Page) -> Iterator[Problem]:
    """Each exercise has a hint that stays folded."""
    for task in _tasks(page):
        if not task.hint:
            yield page.problem(None, f"{task.title!r} has no folded hint (<details>)")


def rubric(page: Page) -> Iterator[Problem]:
    """The stretch exercise says how an open answer is marked."""
    for task in _tasks(page):
        if task.level == "stretch" and not task.rubric_points:
            yield page.problem(
                None, f"{task.title!r} has no rubric (a table | rubric | points |)"
            )


def solutions_and_checks(page: Page) -> Iterator[Problem]:
    """Each exercise has a solution cell and a check cell that belong together."""
    for message in find_problems(page.notebook):
        yield page.problem(None, message)
    headers = [read_header(cell.source) for _, cell in page.code()]
    solved = sum(h is not None and h.kind == "exercise" for h in headers)
    if solved != len(LEVELS):
        yield page.problem(
            None, f"has {solved} cells '# exercise: id', expected {len(LEVELS)}"
        )


def recap_quiz(page: Page) -> Iterator[Problem]:
    """The quiz asks three to five questions."""
    code = "\n".join(section.code for section in page.with_role("quiz"))
    calls = _calls(code)
    asked = calls.count("ask")
    few_or_many = not FEWEST_QUESTIONS <= asked <= MOST_QUESTIONS
    if "quiz" not in calls or few_or_many:
        yield page.problem(
            None,
            f"expected a quiz( of {FEWEST_QUESTIONS} to {MOST_QUESTIONS} ask( under "
            f"the role 'quiz', found {asked}",
        )


def _tasks(page: Page) -> list[Task]:
    sections = page.with_role("exercises")
    return [task for section in sections for task in read_tasks(section.text)]


def _calls(code: str) -> list[str]:
    plain = "\n".join(line for line in code.splitlines() if line[:1] not in "%!")
    return [
        node.func.id
        for node in ast.walk(ast.parse(plain))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
