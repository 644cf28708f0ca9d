"""Rules for the exercises and the quiz at the end of a chapter."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from edulib.book.lint.page import Page, Problem
from edulib.exercises.source import find_problems, read_header

LEVELS = ("warm-up", "core", "stretch")
FEWEST_QUESTIONS, MOST_QUESTIONS = 3, 5

_HEADING = re.compile(
    r"^### Exercise (\d): .+ \((warm-up|core|stretch), \d+ minutes\)$", re.MULTILINE
)


def three_levels(page: Page) -> Iterator[Problem]:
    """There are three exercises: warm-up, core and stretch."""
    section = page.section("Exercises")
    found = _HEADING.findall(section.text) if section else []
    if found != [(str(k), level) for k, level in enumerate(LEVELS, 1)]:
        yield page.problem(
            None,
            "expected three headings like '### Exercise 1: Title (warm-up, 5 minutes)' "
            f"for {', '.join(LEVELS)}, found {found}",
        )


def hints(page: Page) -> Iterator[Problem]:
    """Each exercise has a hint that stays folded."""
    for title, text in _texts(page):
        folded = re.search(r"<details>.*?</summary>\s*\S.*?</details>", text, re.DOTALL)
        if not folded:
            yield page.problem(None, f"{title!r} has no folded hint (<details>)")


def rubric(page: Page) -> Iterator[Problem]:
    """The stretch exercise says how an open answer is marked."""
    for title, text in _texts(page):
        if "(stretch," in title and "rubric" not in text.lower():
            yield page.problem(None, f"{title!r} has no rubric")


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
    section = page.section("Recap quiz")
    calls = _calls(section.code) if section else []
    asked = calls.count("ask")
    few_or_many = not FEWEST_QUESTIONS <= asked <= MOST_QUESTIONS
    if "quiz" not in calls or few_or_many:
        yield page.problem(
            None,
            f"expected a quiz( of {FEWEST_QUESTIONS} to {MOST_QUESTIONS} ask( in "
            f"'Recap quiz', found {asked}",
        )


def _texts(page: Page) -> Iterator[tuple[str, str]]:
    """Heading and text of each exercise."""
    section = page.section("Exercises")
    text = section.text if section else ""
    places = [m.start() for m in re.finditer(r"^### Exercise ", text, re.MULTILINE)]
    for start, end in pairwise([*places, len(text)]):
        title, _, below = text[start:end].partition("\n")
        yield title, below


def _calls(code: str) -> list[str]:
    plain = "\n".join(line for line in code.splitlines() if line[:1] not in "%!")
    return [
        node.func.id
        for node in ast.walk(ast.parse(plain))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
