"""Rules for recap quizzes: how an answer looks must not say whether it is right."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from edulib.authoring.lint.page import Page, Problem, tags

FARTHEST = 15  # characters by which the right answer may leave the wrong ones' range


class Lengths(NamedTuple):
    """How long the options of a question are, in characters."""

    text: str
    right: int
    wrong: tuple[int, ...]

    @property
    def is_longest(self) -> bool:
        """Whether the right answer is longer than every wrong one."""
        return self.right > max(self.wrong)

    @property
    def is_shortest(self) -> bool:
        """Whether the right answer is shorter than every wrong one."""
        return self.right < min(self.wrong)


def quiz_stays_hidden(page: Page) -> Iterator[Problem]:
    """The source of a quiz, which holds the answers, is nowhere on the page."""
    for number, cell in page.code():
        if _calls(cell.source, "quiz") and "remove-input" not in tags(cell):
            yield page.problem(
                number, "holds the answers of a quiz: tag it remove-input, a fold opens"
            )


def similar_lengths(page: Page) -> Iterator[Problem]:
    """A right answer is about as long as the wrong ones."""
    for number, cell in page.code():
        for found in _questions(cell.source):
            low, high = min(found.wrong) - FARTHEST, max(found.wrong) + FARTHEST
            if not low <= found.right <= high:
                yield page.problem(
                    number,
                    f"{found.text!r}: the right answer has {found.right} characters, "
                    f"the wrong ones {_list(found.wrong)}: at most {FARTHEST} more "
                    f"than the longest or fewer than the shortest",
                )


def lengths_say_nothing(page: Page) -> Iterator[Problem]:
    """Who always takes the longest or always the shortest answer does not win."""
    found = [q for _, cell in page.code() for q in _questions(cell.source)]
    for word, count, most in (
        ("longest", sum(q.is_longest for q in found), max(1, round(len(found) / 3))),
        ("shortest", sum(q.is_shortest for q in found), max(1, len(found) // 2)),
    ):
        if count > most:
            yield page.problem(
                None,
                f"the right answer is the {word} in {count} of {len(found)} questions, "
                f"expected at most {most}",
            )


def _questions(source: str) -> list[Lengths]:
    found = (_lengths(call) for call in _calls(source, "ask"))
    return [lengths for lengths in found if lengths]


def _calls(source: str, name: str) -> list[ast.Call]:
    if f"{name}(" not in source:
        return []
    plain = "\n".join(line for line in source.splitlines() if line[:1] not in "%!")
    calls = [node for node in ast.walk(ast.parse(plain)) if isinstance(node, ast.Call)]
    return [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == name]


def _lengths(call: ast.Call) -> Lengths | None:
    """Read a question; None for a call that would fail, which the run will say."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if not {"right", "wrong"} <= given.keys():
        return None
    wrong = ast.literal_eval(given["wrong"])
    return Lengths(
        ast.literal_eval(call.args[0]),
        len(ast.literal_eval(given["right"])),
        tuple(len(option) for option in wrong),
    )


def _list(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))
