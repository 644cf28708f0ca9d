"""The list of all exercises: which parts an answer is checked for, and their points.

An exercise is known by its id, `<chapter>-<name>`; its parts are registered by the
module `edulib.chapters.<chapter>.exercises`, imported when it is first asked for.
"""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import torch

from edulib.chapters import chapter_modules
from edulib.exercises.answer import Answer
from edulib.registry import suggest

Run = Callable[[Answer, torch.Generator], None]

_parts: dict[str, list["Part"]] = {}
_own: dict[str, tuple[object, ...]] = {}


@dataclass(frozen=True)
class Part:
    """One thing an answer is checked for.

    Attributes:
        name: what holds when the part is passed ("agrees with the reference").
        points: what it is worth.
        run: called with the answer and a seeded generator; raises when it fails.
        hint: shown when it fails.
        hidden: whether only graders run it (`check(..., hidden=True)`).
    """

    name: str
    points: int
    run: Run
    hint: str = ""
    hidden: bool = False


def part(
    exercise_id: str,
    name: str,
    points: int,
    *,
    hint: str = "",
    hidden: bool = False,
) -> Callable[[Run], Run]:
    """Register the decorated function as a part of an exercise.

    Args:
        exercise_id: `<chapter>-<name>`, as in the cells of the chapter.
        name: what holds when the part is passed.
        points: a whole number, at least 1.
        hint: one sentence that helps when the part fails.
        hidden: whether only graders run it.

    Raises:
        ValueError: if the points are below 1 or the exercise has such a part already.
    """
    if points < 1:
        raise ValueError(f"expected points >= 1 for {name!r}, got {points}")
    listed = _parts.setdefault(exercise_id, [])
    if any(known.name == name for known in listed):
        raise ValueError(f"exercise {exercise_id!r} has a part named {name!r} already")

    def register(run: Run) -> Run:
        listed.append(Part(name, points, run, hint, hidden))
        return run

    return register


def forbid(exercise_id: str, *own: type | Callable) -> None:
    """Name the book's classes and functions that are no answer to an exercise.

    An answer that is one of them, a child of one, or a module with one inside is told
    to write its own, whatever name it gave it.
    """
    _own[exercise_id] = _own.get(exercise_id, ()) + own


def books_own(exercise_id: str) -> tuple[object, ...]:
    """Return what `forbid` named for an exercise."""
    return _own.get(exercise_id, ())


def parts(exercise_id: str) -> tuple[Part, ...]:
    """Return the parts of an exercise, in the order in which they were written.

    Raises:
        ValueError: if there is no such exercise; the nearest id is named.
    """
    _import_chapter(exercise_id.partition("-")[0])
    if exercise_id not in _parts:
        known = list_exercises()
        raise ValueError(f"no exercise {exercise_id!r}: {suggest(exercise_id, known)}")
    return tuple(_parts[exercise_id])


def list_exercises() -> list[str]:
    """Return the ids of all exercises of the book."""
    chapter_modules("exercises")
    return sorted(_parts)


def _import_chapter(name: str) -> None:
    full = f"edulib.chapters.{name}"
    if name.isidentifier() and importlib.util.find_spec(full):
        importlib.import_module(f"{full}.exercises")
