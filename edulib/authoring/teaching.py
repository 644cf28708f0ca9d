"""What the pages for instructors list: made from the chapters at each build."""

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from edulib.authoring.lint.page import Page
from edulib.authoring.lint.reading import reading_minutes
from edulib.authoring.notebooks import read
from edulib.exercises.registry import parts
from edulib.exercises.source import read_header
from edulib.exercises.task import Task, read_tasks
from edulib.registry import Chapter, chapters, get_chapter

_OUTCOMES = re.compile(r"After this chapter you can[^\n]*\n+((?:- .+\n?(?:  .+\n?)*)+)")


class Exercise(NamedTuple):
    """A row of the index of exercises."""

    exercise_id: str
    task: Task
    points: int


def teaching_lists(root: Path) -> dict[str, str]:
    """Return what the pages below book/teaching name in double braces, as Markdown.

    Args:
        root: folder of the repository.
    """
    found = [chapter for chapter in chapters() if _path(chapter, root).exists()]
    listed = {c: list_exercises_of(_path(c, root)) for c in found}
    together = [exercise for exercises in listed.values() for exercise in exercises]
    return {
        "outcomes": "\n\n".join(_outcomes(chapter, root) for chapter in found),
        "exercise_index": _index(listed),
        "exercise_count": str(len(together)),
        "exercise_hours": f"{sum(e.task.minutes for e in together) / 60:.0f}",
        "exercise_points": str(sum(e.points for e in together)),
        "rubric_points": str(sum(e.task.rubric_points for e in together)),
        **{name: _syllabus(weeks, root) for name, weeks in _courses().items()},
    }


def say_minutes(path: Path) -> str:
    """Say how long a chapter takes: "24 minutes to read, 90 for the exercises".

    Reading is counted at 200 words a minute, 4 s a line of code and 35 s a figure.
    """
    page = Page(path, path.name, read(path))
    core, further = reading_minutes(page)
    exercises = sum(row.task.minutes for row in list_exercises_of(path))
    rows = {
        "minutes to read": core,
        "to go further": further,
        "for the exercises": exercises,
    }
    return ", ".join(f"{minutes} {what}" for what, minutes in rows.items() if minutes)


def read_outcomes(path: Path) -> str:
    """Return the list under "After this chapter you can" of a chapter.

    Raises:
        ValueError: if it has none.
    """
    texts = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    for text in texts:
        if match := _OUTCOMES.search(f"{text}\n"):
            return match[1].strip()
    raise ValueError(
        f"expected 'After this chapter you can' and below it a list in {path.name}"
    )


def list_exercises_of(path: Path) -> list[Exercise]:
    """Return the exercises of a chapter, points from the registry, in their order.

    Raises:
        ValueError: if headings and exercise cells do not pair.
    """
    cells = read(path).cells
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    tasks = [task for text in texts for task in read_tasks(text)]
    headers = [read_header(cell.source) for cell in cells if cell.cell_type == "code"]
    names = [h.exercise_id for h in headers if h and h.kind == "exercise"]
    if len(tasks) != len(names):
        raise ValueError(
            f"expected a heading '### Exercise 1: title (core, 20 minutes)' for each "
            f"of {names} in {path.name}, found {len(tasks)}"
        )
    pairs = zip(names, tasks, strict=True)
    return [Exercise(name, task, _points(name)) for name, task in pairs]


def write_points(exercise: Exercise) -> str:
    """Write the points that a machine gives and those that a person adds: "4 + 10"."""
    return f"{exercise.points} + {exercise.task.rubric_points}".removesuffix(" + 0")


def _points(exercise_id: str) -> int:
    return sum(part.points for part in parts(exercise_id))


def _courses() -> dict[str, list[dict]]:
    file = files("edulib.registry").joinpath("courses.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _outcomes(chapter: Chapter, root: Path) -> str:
    return f"**{_link(chapter)}**\n\n{read_outcomes(_path(chapter, root))}"


def _index(listed: dict[Chapter, list[Exercise]]) -> str:
    head = "| exercise | level | minutes | points |\n|---|---|--:|--:|"
    return "\n\n".join(
        "\n".join([f"**{_link(chapter)}**\n", head, *map(_row, exercises)])
        for chapter, exercises in listed.items()
    )


def _row(exercise: Exercise) -> str:
    task = exercise.task
    title = f"{task.title[:1].upper()}{task.title[1:]}"
    name = f"**{title}**<br>`{exercise.exercise_id}`<br>{task.trains}"
    return f"| {name} | {task.level} | {task.minutes} | {write_points(exercise)} |"


def _syllabus(weeks: list[dict], root: Path) -> str:
    rows = ["| week | topic | chapters |", "|--:|---|---|"]
    for number, week in enumerate(weeks, 1):
        reading = ", ".join(_reading(get_chapter(n), root) for n in week["chapters"])
        rows.append(f"| {number} | {week['topic']} | {reading} |")
    return "\n".join(rows)


def _reading(chapter: Chapter, root: Path) -> str:
    written = _path(chapter, root).exists()
    return _link(chapter) if written else f"{chapter.title} (*to come*)"


def _path(chapter: Chapter, root: Path) -> Path:
    return root / "book" / f"{chapter.address}.ipynb"


def _link(chapter: Chapter) -> str:
    """Return a link as the pages below book/teaching write it."""
    return f"[{chapter.title}](../{chapter.address}.ipynb)"
