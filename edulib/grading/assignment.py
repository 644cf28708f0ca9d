"""The notebook of an assignment: exercises of chapters, ready for nbgrader.

What nbgrader needs (ids, points, what is locked) is computed from the first lines of
the cells and from the registry of the checks; nobody types it.
"""

import copy
import hashlib
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from edulib.authoring.notebooks import find_notebooks, read
from edulib.exercises.registry import parts
from edulib.exercises.source import read_header, student_notebook
from edulib.exercises.task import rubric_points
from edulib.grading.private import is_private, say_later

_REPORT = re.compile(r"#### Report on ([a-z0-9_-]+)\b")
_OWN_WORDS = "Write here, and put the cells of your experiment below."


def make_source(
    name: str, exercises: list[str], folder: Path
) -> tuple[NotebookNode, list[Path]]:
    """Build the instructor's form of an assignment, with solutions.

    Args:
        name: of the assignment.
        exercises: ids, or names of chapters for all of theirs.
        folder: where the chapters are: `book`, or private notebooks.

    Returns:
        The notebook with nbgrader's metadata, and the chapters it comes from.

    Raises:
        ValueError: if an exercise is in no chapter.
    """
    chapters = {path: read(path) for path in find_notebooks([folder], folder)}
    wanted = _find(exercises, chapters)
    cells = [new_markdown_cell(_introduction(name))]
    cells += _setup_cell([chapters[path] for path, _ in wanted])
    for number, (path, exercise_id) in enumerate(wanted, 1):
        cells += _cells_of(exercise_id, chapters[path], number)
    for number, cell in enumerate(cells):
        cell.metadata = NotebookNode(nbgrader=NotebookNode(_form(cell, number)))
        cell.id = hashlib.sha256(f"{number}{name}".encode()).hexdigest()[:8]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.validate(notebook)
    return notebook, sorted({path for path, _ in wanted})


def release_form(source: NotebookNode) -> NotebookNode:
    """Return what students get: stubs in place of solutions."""
    return student_notebook(source)


def report_header(source: str) -> str:
    """Return the exercise on which a Markdown cell reports; empty if on none."""
    match = _REPORT.match(source)
    return match[1] if match else ""


def digest_of_cell(source: str) -> str:
    """Return what tells a cell from all others, whatever an editor did to its ends."""
    return hashlib.sha256(source.strip().encode()).hexdigest()[:16]


def _find(
    wanted: list[str], chapters: dict[Path, NotebookNode]
) -> list[tuple[Path, str]]:
    found = [
        (path, header.exercise_id)
        for path, chapter in chapters.items()
        for cell in chapter.cells
        if (header := _header(cell)) and header.kind == "exercise"
    ]
    chosen = []
    for name in wanted:
        matching = [f for f in found if name in (f[1], f[0].stem)]
        if not matching:
            known = ", ".join(exercise_id for _, exercise_id in found)
            raise ValueError(f"no exercise or chapter is called {name!r}, of: {known}")
        chosen += [one for one in matching if one not in chosen]
    return chosen


def _introduction(name: str) -> str:
    return (
        f"# Assignment {name}\n\nReplace each `...` and each `raise "
        'NotImplementedError("your turn")` by your answer, run the check below it as '
        "often as you like, and keep the first line of each of these cells: it says "
        "which exercise the cell answers. You may add cells. Then choose *Restart and "
        "run all*, save the notebook and hand in the `.ipynb` file."
    )


def _setup_cell(chapters: list[NotebookNode]) -> list[NotebookNode]:
    """Return the cell that installs the package where it is missing."""
    for cell in chapters[0].cells:
        if cell.cell_type == "code" and cell.source.startswith("# @title Set-up"):
            return [new_code_cell(cell.source)]
    return []


def _cells_of(
    exercise_id: str, chapter: NotebookNode, number: int
) -> list[NotebookNode]:
    """Return the text of an exercise, its solution and check; a report for a rubric."""
    places = [
        place
        for place, cell in enumerate(chapter.cells)
        if (header := _header(cell)) and header.exercise_id == exercise_id
    ]
    cells = [copy.deepcopy(chapter.cells[place]) for place in places]
    text = chapter.cells[places[0] - 1] if places[0] else None
    if text is None or text.cell_type != "markdown":
        return [_bare(cell) for cell in cells]
    task = text.source[max(text.source.find("### Exercise"), 0) :]
    task = re.sub(r"^### Exercise \d+", f"### Exercise {number}", task)
    cells = [new_markdown_cell(task), *map(_bare, cells)]
    points = rubric_points(task)
    if points:
        words = f"#### Report on {exercise_id}\n\n{_OWN_WORDS}"
        cells.append(new_markdown_cell(words, metadata={"points": points}))
    return cells


def _bare(cell: NotebookNode) -> NotebookNode:
    header = _header(cell)
    if header.kind == "check" and is_private(header.exercise_id):
        return new_code_cell(say_later(header.exercise_id, cell.source))
    return new_code_cell(cell.source)


def _form(cell: NotebookNode, number: int) -> dict[str, object]:
    """Return what nbgrader wants to know about a cell."""
    form = {"schema_version": 3, "task": False, "cell_type": cell.cell_type}
    header = _header(cell)
    if header and header.kind == "exercise":
        kind = {"grade": False, "solution": True, "locked": False}
        return form | kind | {"grade_id": f"answer-{header.exercise_id}"}
    if header:
        points = sum(part.points for part in parts(header.exercise_id))
        kind = {"grade": True, "solution": False, "locked": True, "points": points}
        return form | kind | {"grade_id": f"check-{header.exercise_id}"}
    if "points" in cell.metadata:
        name = report_header(cell.source)
        points = cell.metadata["points"]
        kind = {"grade": True, "solution": True, "locked": False, "points": points}
        return form | kind | {"grade_id": f"report-{name}"}
    kind = {"grade": False, "solution": False, "locked": True}
    return form | kind | {"grade_id": f"text-{number}"}


def _header(cell: NotebookNode) -> object:
    return read_header(cell.source) if cell.cell_type == "code" else None
