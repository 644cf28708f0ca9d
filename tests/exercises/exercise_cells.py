"""The chapters with exercises, read as the tests need them."""

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import nbformat

from edulib.exercises import list_exercises
from edulib.exercises.source import clear_solution, read_header

HERE = Path(__file__).parent
BOOK = HERE.parents[1] / "book"
CHAPTERS = sorted({name.partition("-")[0] for name in list_exercises()})


@dataclass(frozen=True)
class Exercise:
    """The two cells of an exercise."""

    name: str
    solution: str
    check: str

    @property
    def stub(self) -> str:
        return clear_solution(self.solution)

    def answer(self, source: str) -> object:
        """Run a solution or stub and return what the check cell would check."""
        given = []

        def check(name: str, answer: object) -> None:
            given.append((name, answer))

        names = {"__name__": "answer"}
        exec(compile(source, f"<{self.name}>", "exec"), names)
        cell = self.check.replace("from edulib.exercises import check\n", "")
        exec(compile(cell, "<check>", "exec"), {**names, "check": check})
        assert [name for name, _ in given] == [self.name]
        return given[0][1]


@cache
def notebook(chapter: str) -> nbformat.NotebookNode:
    (path,) = BOOK.glob(f"*/{chapter}.ipynb")
    return nbformat.read(path, as_version=4)


@cache
def exercises(chapter: str) -> dict[str, Exercise]:
    cells = {}
    for cell in notebook(chapter).cells:
        header = read_header(cell.source) if cell.cell_type == "code" else None
        if header:
            cells[header.exercise_id, header.kind] = cell.source
    names = dict.fromkeys(name for name, _ in cells)
    return {n: Exercise(n, cells[n, "exercise"], cells[n, "check"]) for n in names}


@cache
def wrong_answers(chapter: str) -> dict[str, list]:
    return _load(HERE.parent / "chapters" / chapter / "wrong_answers.py").WRONG


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
