'''One source: an exercise is two ordinary cells, and everything else comes from them.

The first line of a cell says what it is, because that line survives every editor:

    # exercise: lenet-subsampling            # check: lenet-subsampling
    def subsample(x, coefficient, bias):     check("lenet-subsampling", subsample)
        """..."""
        ### BEGIN SOLUTION
        ...
        ### END SOLUTION

A solution inside a function becomes a line that raises; a solution at the top level
becomes one `name = ...` for each name that it assigns.
'''

import ast
import copy
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

_HEADER = re.compile(r"# (exercise|check): ([a-z0-9_]+-[a-z0-9_-]+)[ \t]*(?:\n|$)")
_BLOCK = re.compile(
    r"^([ \t]*)### BEGIN SOLUTION[ \t]*\n(.*?)^[ \t]*### END SOLUTION[ \t]*$\n?",
    re.MULTILINE | re.DOTALL,
)
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
_FOLDS_IT = {  # in JupyterLab, on Colab, on Kaggle
    "jupyter": {"source_hidden": True},
    "cellView": "form",
    "_kg_hide-input": True,
}


@dataclass(frozen=True)
class ExerciseCell:
    """What the first line of a cell says.

    Attributes:
        kind: "exercise" or "check".
        exercise_id: `<chapter>-<name>`.
    """

    kind: str
    exercise_id: str


def read_header(source: str) -> ExerciseCell | None:
    """Return what kind of exercise cell this is; None for any other cell."""
    match = _HEADER.match(source)
    return ExerciseCell(*match.groups()) if match else None


def show_solution(source: str) -> str:
    """Return the cell without its header and markers, as a page shows the solution."""
    return _HEADER.sub("", _BLOCK.sub(r"\2", source), count=1)


def show_stub(source: str) -> str:
    """Return the cleared cell without its header, as a page shows the task."""
    return _HEADER.sub("", clear_solution(source), count=1)


def clear_solution(source: str) -> str:
    """Replace each solution by a stub that a student can run.

    Raises:
        ValueError: if the markers do not pair, or a solution stands neither in a
            function nor at the top level.
    """
    begins = source.count("### BEGIN SOLUTION")
    if begins == 0 or len(_BLOCK.findall(source)) != begins:
        raise ValueError(
            "expected pairs of '### BEGIN SOLUTION' and '### END SOLUTION', got "
            f"{begins} and {source.count('### END SOLUTION')} in:\n{source}"
        )
    tree = ast.parse(source)

    def stub(match: re.Match) -> str:
        indent, solution = match.groups()
        if not indent:
            return _unset_names(solution)
        line = source.count("\n", 0, match.start()) + 1
        if not _in_function(tree, line):
            raise ValueError(
                f"the solution in line {line} stands in a class, not in one of its "
                f"methods: move the markers into the method, in:\n{source}"
            )
        return f'{indent}raise NotImplementedError("your turn")\n'

    return _BLOCK.sub(stub, source).rstrip("\n")


def student_notebook(notebook: "NotebookNode") -> "NotebookNode":
    """Return a copy to work in: stubs in place of solutions.

    The outputs of exercise and check cells are dropped, and so are the tags that would
    fold the cell in which a student writes. What else the page folds or leaves out, as
    the answers in the source of a quiz, is folded on the hosts as well.
    """
    student = copy.deepcopy(notebook)
    for cell in student.cells:
        header = read_header(cell.source) if cell.cell_type == "code" else None
        tags = cell.metadata.get("tags", [])
        if header:
            cell.outputs, cell.execution_count = [], None
        if header and header.kind == "exercise":
            cell.source = clear_solution(cell.source)
            cell.metadata["tags"] = [tag for tag in tags if tag not in FOLDED]
            cell.metadata.pop("mystnb", None)
        elif FOLDED.intersection(tags):
            cell.metadata.update(copy.deepcopy(_FOLDS_IT))
    return student


def find_problems(notebook: "NotebookNode") -> list[str]:
    """List what is wrong with the exercise cells of a chapter; empty if nothing is."""
    from edulib.exercises.registry import list_exercises

    cells = [c for c in notebook.cells if c.cell_type == "code"]
    headers = [(read_header(c.source), c) for c in cells]
    asked = [h.exercise_id for h, _ in headers if h and h.kind == "exercise"]
    checked = [h.exercise_id for h, _ in headers if h and h.kind == "check"]
    problems = []
    if asked != checked:
        problems.append(f"exercises {asked} and checks {checked} are not the same")
    if len(set(asked)) != len(asked):
        problems.append(f"an exercise is there twice: {asked}")
    unknown = sorted({*asked, *checked} - set(list_exercises()))
    problems += [f"exercise {name!r} has no registered part" for name in unknown]
    for header, cell in headers:
        problems += _problems_of_cell(header, cell)
    return problems


def _problems_of_cell(header: ExerciseCell | None, cell: "NotebookNode") -> list[str]:
    if header is None:
        found = "### BEGIN SOLUTION" in cell.source
        return ["a solution stands in a cell without '# exercise: id'"] if found else []
    name = header.exercise_id
    if header.kind == "check":
        called = re.search(rf'\bcheck\(\s*"{name}"', cell.source)
        return [] if called else [f"the check of {name!r} checks something else"]
    problems = []
    if "hide-input" not in cell.metadata.get("tags", []):
        problems.append(f"the solution of {name!r} is not tagged hide-input")
    try:
        clear_solution(cell.source)
    except (ValueError, SyntaxError) as error:
        problems.append(f"{name}: {error}")
    return problems


def _unset_names(solution: str) -> str:
    names = [
        target.id
        for node in ast.parse(solution).body
        for target in _targets(node)
        if isinstance(target, ast.Name)
    ]
    if not names:
        raise ValueError(f"expected a solution that assigns a name, got:\n{solution}")
    return "".join(f"{name} = ...\n" for name in dict.fromkeys(names))


def _targets(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign) else []


def _in_function(tree: ast.Module, line: int) -> bool:
    """Whether the innermost definition around a line is a function."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, kinds) and node.lineno < line <= (node.end_lineno or 0)
    ]
    return bool(around) and not isinstance(
        max(around, key=lambda node: node.lineno), ast.ClassDef
    )
