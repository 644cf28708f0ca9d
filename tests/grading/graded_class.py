"""An assignment and the folder of its course, as tests use them."""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from submissions import EXERCISES

from edulib.grading.commands import main
from edulib.grading.course import Course
from edulib.grading.gradebook import read_marks

BOOK = Path(__file__).parents[2] / "book"
NAME, SEED = "week", 4711


@dataclass
class Class:
    """A folder with a graded assignment.

    Attributes:
        course: the folder.
        downloads: what the class hands in.
        odd: names of files there that cannot be collected.
        said: what collecting said of them.
        ended: exit status of each command.
    """

    course: Course
    downloads: Path
    odd: list[str] = field(default_factory=list)
    said: str = ""
    ended: list[int] = field(default_factory=list)

    def command(self, *arguments: object) -> list[str]:
        """What a shell would be told, for a process of its own."""
        start = [sys.executable, "-m", "edulib.grading", "--course", self.course.root]
        return [str(word) for word in (*start, *arguments)]

    def __call__(self, *arguments: str) -> int:
        return main(["--course", str(self.course.root), *map(str, arguments)])

    @property
    def release(self) -> nbformat.NotebookNode:
        return nbformat.read(self.course.notebook("release", NAME), as_version=4)

    def run(self, student: str) -> dict:
        return json.loads(self.course.run_file(NAME, student).read_text())

    def scores(self, student: str) -> tuple[int, int]:
        run = self.course.read_run(NAME, student)
        return tuple(run["scores"][name] for name in EXERCISES)

    def marks(self) -> dict[str, tuple[float, float, bool]]:
        return read_marks(self.course, NAME)

    def grade(self, *options: str) -> int:
        limits = ("--cell-seconds", "1.5", "--check-seconds", "1.5")
        return self("grade", NAME, *limits, *options)


def assign(folder: Path) -> Class:
    group = Class(Course(folder / "course"), folder / "downloads")
    group.downloads.mkdir()
    command = ("assign", NAME, *EXERCISES, "--seed", SEED, "--source", BOOK)
    assert group(*command) == 0
    return group
