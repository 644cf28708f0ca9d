"""The text above an exercise, in the one form that all chapters give it.

A heading "### Exercise 3: a clean path (stretch, 60 minutes)"; what to do; a line
"*You train: ...*"; a hint, folded in `<details>`; for an open answer a rubric, which is
a table `| rubric | points |`.
"""

import re
from dataclasses import dataclass

LEVELS = ("warm-up", "core", "stretch")

_HEADING = re.compile(
    rf"^### Exercise (\d): (.+) \(({'|'.join(LEVELS)}), (\d+) minutes\)$", re.MULTILINE
)
_TRAINS = re.compile(r"^\*You train: (.+)\*$", re.MULTILINE)
_HINT = re.compile(r"<details>.*?</summary>\s*(\S.*?)\s*</details>", re.DOTALL)
_RUBRIC = re.compile(r"^\| *rubric *\| *points *\|\n\|[-| :]+\n((?:\|.*\n?)+)", re.M)
_POINTS = re.compile(r"\| *(\d+) *\|$", re.MULTILINE)


@dataclass(frozen=True)
class Task:
    """What the text above an exercise says.

    Attributes:
        number: from 1, in its chapter.
        title: as in the heading.
        level: one of `LEVELS`.
        minutes: how long it takes about.
        trains: what it is good for; empty if it does not say.
        hint: what is folded; empty if nothing is.
        rubric_points: that a person gives for an open answer; 0 without a rubric.
    """

    number: int
    title: str
    level: str
    minutes: int
    trains: str
    hint: str
    rubric_points: int


def read_tasks(text: str) -> list[Task]:
    r"""Return the exercises whose headings have the common form, in their order.

    >>> heading = "### Exercise 1: count (warm-up, 5 minutes)"
    >>> [task] = read_tasks(f"{heading}\n\nCount.\n\n*You train: sums.*")
    >>> task.level, task.minutes, task.trains, task.hint
    ('warm-up', 5, 'sums.', '')
    """
    # With a group for each field, `split` gives the fields and then the text below.
    pieces = _HEADING.split(text)[1:]
    return [_task(*pieces[k : k + 5]) for k in range(0, len(pieces), 5)]


def rubric_points(text: str) -> int:
    r"""Return the points of the rubric in a text; 0 if it has none.

    >>> rubric_points("| rubric | points |\n|---|--:|\n| a figure | 4 |\n| axes | 2 |")
    6
    """
    return sum(map(int, _POINTS.findall(_first(_RUBRIC, text))))


def _task(number: str, title: str, level: str, minutes: str, below: str) -> Task:
    return Task(
        number=int(number),
        title=title,
        level=level,
        minutes=int(minutes),
        trains=_first(_TRAINS, below),
        hint=_first(_HINT, below),
        rubric_points=rubric_points(below),
    )


def _first(pattern: re.Pattern, text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""
