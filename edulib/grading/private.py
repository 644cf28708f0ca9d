"""Exercises that are not in the book: their checks come from a file of one's own."""

import functools
import importlib.util
from collections.abc import Iterable
from pathlib import Path

from edulib.exercises.registry import parts

_LATER = """\
# check: {name}
def check(exercise, answer):
    print(exercise, "is marked after you hand in.")


"""


def load_checks(paths: Iterable[str | Path]) -> None:
    """Register the parts in files of checks; each file once.

    Raises:
        FileNotFoundError: if there is no such file.
    """
    for path in paths:
        _load(Path(path).resolve())


def is_private(exercise_id: str) -> bool:
    """Return whether students do not have the checks of an exercise."""
    return not parts(exercise_id)[0].run.__module__.startswith("edulib.")


def say_later(exercise_id: str, source: str) -> str:
    """Return a check cell that runs where its checks are not."""
    lines = source.splitlines()[1:]
    calls = [line for line in lines if not line.startswith(("import ", "from "))]
    return _LATER.format(name=exercise_id) + "\n".join(calls).strip()


@functools.cache
def _load(path: Path) -> None:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file of checks {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
