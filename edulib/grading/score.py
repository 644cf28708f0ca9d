"""Find the answer that a check cell would check, and check it, hidden parts too."""

import ast
import builtins
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edulib.exercises.check import check
from edulib.exercises.registry import parts
from edulib.exercises.result import Result, Row, Status

_LEFT_OUT = ast.Import | ast.ImportFrom | ast.FunctionDef


@dataclass(frozen=True)
class Verdict:
    """The result of an exercise, and flags: what a person should look at."""

    result: Result
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """What is asked of a namespace in which a submission has run.

    Attributes:
        exercise_id: `<chapter>-<name>`.
        check: source of the check cell of the release.
        stub: source of the stub of the release.
    """

    exercise_id: str
    check: str
    stub: str


def score(
    question: Question, namespace: dict[str, object], *, seed: int, seconds: float
) -> Verdict:
    """Check an answer as a grader does.

    A check cell says which names make up the answer; its `check` is not called, so it
    does not matter what the submission did to it. The book's own class is no answer.

    Args:
        question: which exercise.
        namespace: of the submission, by name.
        seed: of the random inputs.
        seconds: for all parts together.
    """
    name = question.exercise_id
    try:
        answer = _find_answer(question, namespace)
    except (Exception, SystemExit) as error:
        return Verdict(nothing(name, f"{type(error).__name__}: {error}"))
    borrowed = _borrowed(answer, question.stub)
    if borrowed:
        message = f"This is the book's own {borrowed}; write yours."
        return Verdict(nothing(name, message), (f"the book's own {borrowed}",))
    return Verdict(check(name, answer, hidden=True, seed=seed, timeout=seconds))


def nothing(exercise_id: str, message: str) -> Result:
    """Return the result of an answer that could not be checked, and why."""
    rows = [Row(p.name, p.points, Status.NOT_ATTEMPTED) for p in parts(exercise_id)]
    rows[0] = Row(rows[0].name, rows[0].points, Status.NOT_ATTEMPTED, message)
    return Result(exercise_id, tuple(rows))


def _find_answer(question: Question, namespace: dict[str, object]) -> object:
    """Run the check cell with a `check` that only takes what it is given."""
    taken: dict[str, object] = {}

    def take(exercise_id: str, answer: object, **options: object) -> None:
        taken[exercise_id] = answer

    tree = ast.parse(question.check)
    tree.body = [s for s in tree.body if not isinstance(s, _LEFT_OUT)]
    names = {**namespace, "check": take, "__builtins__": builtins}
    exec(compile(tree, "<check>", "exec"), names)
    return taken[question.exercise_id]


def _borrowed(answer: object, stub: str) -> str:
    """Return the name of the book's class or function that is handed in as one's own.

    Subclasses count, unless the stub itself names the class.
    """
    for one in answer if isinstance(answer, tuple | list) else (answer,):
        for kind in _classes_or_functions(one):
            module = str(getattr(kind, "__module__", ""))
            label = str(getattr(kind, "__name__", "code"))
            if module.startswith("edulib.") and label not in stub:
                return label
    return ""


def _classes_or_functions(answer: object) -> Iterator[type | Callable]:
    if isinstance(answer, type):
        yield from type.mro(answer)
    elif callable(answer):
        yield getattr(answer, "func", answer)
        yield getattr(answer, "__func__", answer)
