"""The answers of a submission, merged into the release.

From a submission come answers, reports and the student's own cells; checks, texts,
points and all metadata come from the release. So it does not matter what an editor, a
copy or a clever student did to them.
"""

import ast
import copy
import re
import symtable
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from edulib.exercises.source import read_header
from edulib.grading.assignment import digest_of_cell, report_header

_NO_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)
_PLAIN_OUTPUTS = ("image/png", "image/jpeg", "text/plain")


@dataclass
class Collected:
    """A submission merged into the release, and what was odd about it.

    Attributes:
        notebook: cells of the release with the answers; own cells have the metadata
            `own`: the exercise after which they stand.
        notes: sentences for the instructor.
    """

    notebook: NotebookNode
    notes: list[str] = field(default_factory=list)


def merge_into_release(
    submission: NotebookNode, release: NotebookNode, known: set[str]
) -> Collected:
    """Merge the answers of a submission into the release.

    Args:
        submission: whatever notebook was handed in: the release, or the student form
            of a whole chapter.
        release: with nbgrader's metadata.
        known: digests of the cells that students were given.
    """
    merged = Collected(copy.deepcopy(release))
    handed_in = [_with_source(cell) for cell in submission.cells]
    chosen: set[int] = set()
    for cell in merged.notebook.cells:
        header = read_header(cell.source) if cell.cell_type == "code" else None
        if header and header.kind == "exercise":
            _take_answer(cell, header.exercise_id, handed_in, chosen, merged.notes)
        elif cell.cell_type == "markdown" and report_header(cell.source):
            _take_report(cell, handed_in)
    _add_own_cells(merged.notebook, handed_in, chosen, known)
    return merged


def names_bound(source: str) -> set[str]:
    """Return the names that a cell defines at its top level; "*" for an unknown set."""
    bound: set[str] = set()
    for node in _top_level(source):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(a.asname or a.name).partition(".")[0] for a in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
    return bound


def names_read(source: str) -> set[str]:
    """Return the global names that a cell uses, in functions and classes as well."""
    tree = _parse(source)
    if tree is None:
        return set()
    try:
        table = symtable.symtable(_without_magics(source), "<cell>", "exec")
    except _NO_PYTHON:  # it can be parsed, but not run: def f(x, x)
        return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    read: set[str] = set()
    waiting = [table]
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        top = table.get_type() == "module"
        read |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced() and (top or symbol.is_global())
        }
    return read


def needed_cells(answer: str, own: list[str]) -> list[int]:
    """Return which of a student's own cells an answer needs, in their order."""
    bound = [names_bound(source) for source in own]
    wanted, needed = names_read(answer), set()
    while True:
        more = {
            number
            for number, names in enumerate(bound)
            if number not in needed and ("*" in names or names & wanted)
        }
        if not more:
            return sorted(needed)
        needed |= more
        wanted |= {name for number in more for name in names_read(own[number])}


def _take_answer(
    cell: NotebookNode,
    exercise_id: str,
    handed_in: list[NotebookNode],
    chosen: set[int],
    notes: list[str],
) -> None:
    copies = [
        number
        for number, other in enumerate(handed_in)
        if other.cell_type == "code" and _is_answer(other.source, exercise_id)
    ]
    if not copies:
        copies = _cells_that_define(names_bound(cell.source), handed_in)
        word = "lost its first line" if copies else "is missing"
        notes.append(f"the answer to {exercise_id} {word}")
    changed = [n for n in copies if handed_in[n].source.strip() != cell.source.strip()]
    if len(changed) > 1:
        notes.append(f"{len(changed)} answers to {exercise_id}: the last one counts")
    chosen |= set(copies)
    if copies:
        source = handed_in[(changed or copies)[-1]].source
        head = "" if read_header(source) else f"# exercise: {exercise_id}\n"
        cell.source = head + source


def _take_report(cell: NotebookNode, handed_in: list[NotebookNode]) -> None:
    name = report_header(cell.source)
    for other in handed_in:
        if other.cell_type == "markdown" and report_header(other.source) == name:
            cell.source = _harmless(other.source)


def _add_own_cells(
    merged: NotebookNode,
    handed_in: list[NotebookNode],
    chosen: set[int],
    known: set[str],
) -> None:
    """Put the student's own cells behind the exercise to which they belong."""
    section, own = "", []
    for number, cell in enumerate(handed_in):
        header = read_header(cell.source) if cell.cell_type == "code" else None
        section = header.exercise_id if header else section
        is_given = digest_of_cell(cell.source) in known or bool(header)
        is_report = cell.cell_type == "markdown" and report_header(cell.source)
        if not (number in chosen or is_given or is_report or not cell.source.strip()):
            own.append((section, cell))
    for section, cell in own:
        merged.cells.insert(_end_of_section(merged, section), _own_cell(cell, section))


def _end_of_section(merged: NotebookNode, section: str) -> int:
    """Return where a cell belongs that stands behind an exercise; else the end."""
    ends = [
        number + 1
        for number, cell in enumerate(merged.cells)
        if section in (cell.metadata.get("own"), _section_of(cell))
    ]
    return max(ends, default=len(merged.cells)) if section else len(merged.cells)


def _section_of(cell: NotebookNode) -> str:
    grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
    return grade_id.partition("-")[2]


def _own_cell(cell: NotebookNode, section: str) -> NotebookNode:
    """Return a copy without HTML, which would get into a grader's browser."""
    if cell.cell_type != "code":
        return new_markdown_cell(_harmless(cell.source), metadata={"own": section})
    own = new_code_cell(cell.source, metadata={"own": section})
    for output in cell.get("outputs", []):
        plain = _plain(output)
        if plain is not None:
            own.outputs.append(plain)
    return own


def _harmless(text: str) -> str:
    """Return Markdown in which tags are text: it is shown in the grader's browser."""
    return re.sub(r"<(?=[A-Za-z/!])", "&lt;", text)


def _plain(output: NotebookNode) -> NotebookNode | None:
    kind = output.get("output_type")
    if kind == "stream":
        text = str(output.get("text", ""))
        return NotebookNode(output_type="stream", name="stdout", text=text)
    if kind not in ("display_data", "execute_result"):
        return None
    data = {k: v for k, v in output.get("data", {}).items() if k in _PLAIN_OUTPUTS}
    return NotebookNode(output_type="display_data", data=data, metadata={})


def _with_source(cell: NotebookNode) -> NotebookNode:
    cell = copy.deepcopy(cell)
    cell.source = cell.source.replace("\r\n", "\n").lstrip("\ufeff\n")
    return cell


def _is_answer(source: str, exercise_id: str) -> bool:
    header = read_header(source)
    return bool(header) and (header.kind, header.exercise_id) == (
        "exercise",
        exercise_id,
    )


def _cells_that_define(names: set[str], handed_in: list[NotebookNode]) -> list[int]:
    imported = {"torch", "nn", "F", "np", "math"}
    return [
        number
        for number, cell in enumerate(handed_in)
        if cell.cell_type == "code"
        and not read_header(cell.source)
        and names_bound(cell.source) & (names - imported)
    ]


def _top_level(source: str) -> list[ast.AST]:
    """Return all nodes of a cell that are in no function or class."""
    tree, found = _parse(source), []
    waiting = list(tree.body) if tree else []
    while waiting:
        node = waiting.pop()
        found.append(node)
        inner = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
        if not isinstance(node, inner):
            waiting += ast.iter_child_nodes(node)
    return found


def _parse(source: str) -> ast.Module | None:
    """Parse a cell without its magics; None if it is no Python."""
    try:
        return ast.parse(_without_magics(source))
    except _NO_PYTHON:
        return None


def _without_magics(source: str) -> str:
    lines = source.splitlines()
    plain = ["" if line.lstrip().startswith(("%", "!")) else line for line in lines]
    return "\n".join(plain)
