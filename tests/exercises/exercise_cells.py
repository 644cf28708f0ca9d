"""The chapters with exercises, read as the tests need them."""

import ast
import builtins
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import nbformat

from edulib.exercises import list_exercises
from edulib.exercises.source import clear_solution, read_header, student_notebook
from edulib.grading.answers import names_bound, names_read

HERE = Path(__file__).parent
BOOK = HERE.parents[1] / "book"
CHAPTERS = sorted({name.partition("-")[0] for name in list_exercises()})


@dataclass(frozen=True)
class Exercise:
    """The cells of an exercise."""

    name: str
    text: str
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
    cells, text = {}, ""
    for cell in notebook(chapter).cells:
        header = read_header(cell.source) if cell.cell_type == "code" else None
        if header:
            cells.setdefault(header.exercise_id, [text]).append(cell.source)
        elif cell.cell_type == "markdown":
            text = cell.source
    return {name: Exercise(name, *sources) for name, sources in cells.items()}


@cache
def wrong_answers(chapter: str) -> dict[str, list]:
    return _load(HERE.parent / "chapters" / chapter / "wrong_answers.py").WRONG


def cells_of_exercises(chapter: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The code cells that the exercises need, and those that need an exercise.

    Which these are is seen from the names that cells read and bind: a name comes from
    the last cell above that binds it.
    """
    cells = [cell for cell in chapter.cells if cell.cell_type == "code"]
    own = {k for k, cell in enumerate(cells) if read_header(cell.source)}
    sources = _sources(cells)
    needed = own | {k for k, found in enumerate(sources) if found & own}
    waiting = list(needed)
    while waiting:
        more = sources[waiting.pop()] - needed
        needed |= more
        waiting += more
    return [cells[k] for k in sorted(needed)]


def _sources(cells: list[nbformat.NotebookNode]) -> list[set[int]]:
    """For each cell the numbers of those from which its names come."""
    last: dict[str, int] = {}
    found = []
    for number, cell in enumerate(cells):
        bound = names_bound(cell.source)
        wanted = names_read(cell.source) - bound - set(dir(builtins))
        found.append({last[name] for name in wanted if name in last})
        last.update(dict.fromkeys(bound, number))
    return found


def run_unsolved(chapter: nbformat.NotebookNode) -> list[str]:
    """Run what the exercises of a chapter need, unsolved; return what is shown."""
    names: dict[str, object] = {"__name__": "__main__"}
    shown = []
    for cell in cells_of_exercises(student_notebook(chapter)):
        *body, last = ast.parse(cell.source).body
        if not isinstance(last, ast.Expr):
            body, last = [*body, last], None
        exec(compile(ast.Module(body, []), "<cell>", "exec"), names)
        if last:
            shown.append(
                repr(eval(compile(ast.Expression(last.value), "", "eval"), names))
            )
    return shown


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
