"""What a class hands in: right, wrong, broken and dishonest notebooks.

Each function turns the release of the assignment, solved, into a submission.
"""

import copy
import warnings
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from edulib.exercises.source import read_header

COUNT, LAYER = "lenet-count", "lenet-subsampling"
EXERCISES = (COUNT, LAYER)
NUMBERS = (
    "colour_parameters, colour_connections = 456, 357_504\n"
    "saved_parameters, wide_connections = 900, 192_480\n"
)
CLASS = """# exercise: lenet-subsampling
import torch
from torch import nn


class MySubsampling(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.coefficient = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x):
        {first}
        top = x[:, :, ::2, ::2] + x[:, :, ::2, 1::2]
        bottom = x[:, :, 1::2, ::2] + x[:, :, 1::2, 1::2]
        return self.coefficient * {total} + self.bias

{after}
"""


def write_layer(first="pass", total="(top + bottom)", after=""):
    return CLASS.format(first=first, total=total, after=after)


def cell_of(notebook: NotebookNode, name: str, kind: str = "exercise") -> NotebookNode:
    for cell in notebook.cells:
        header = read_header(cell.source) if cell.cell_type == "code" else None
        if header and (header.exercise_id, header.kind) == (name, kind):
            return cell
    raise AssertionError(f"no cell for {name}")


def solved(release: NotebookNode, layer: str, count: str = "") -> NotebookNode:
    """The release with answers: the right ones, unless others are given."""
    notebook = copy.deepcopy(release)
    cell_of(notebook, COUNT).source = f"# exercise: {COUNT}\n{count or NUMBERS}"
    cell_of(notebook, LAYER).source = layer
    return notebook


def stripped(release: NotebookNode) -> NotebookNode:
    """As an editor leaves it that keeps no metadata and makes its own ids."""
    notebook = solved(release, write_layer())
    for number, cell in enumerate(notebook.cells):
        cell.metadata, cell.id = NotebookNode(), f"cell{number}"
    return notebook


def duplicated(release: NotebookNode) -> NotebookNode:
    """Each cell twice, and behind the answers the stubs once more."""
    notebook = solved(release, write_layer())
    stubs = [copy.deepcopy(cell_of(release, name)) for name in EXERCISES]
    notebook.cells = [c for cell in notebook.cells for c in (cell, cell)] + stubs
    return notebook


def without_first_line(release: NotebookNode) -> NotebookNode:
    return solved(release, write_layer().partition("\n")[2])


def without_checks(release: NotebookNode) -> NotebookNode:
    notebook = solved(release, write_layer())
    checks = [cell_of(notebook, name, "check") for name in EXERCISES]
    notebook.cells = [cell for cell in notebook.cells if cell not in checks]
    return notebook


def own_checks(release: NotebookNode) -> NotebookNode:
    """Nothing solved, but checks that say 99, and more points."""
    notebook = copy.deepcopy(release)
    for name in EXERCISES:
        cell = cell_of(notebook, name, "check")
        cell.source = f"# check: {name}\n99"
        cell.metadata.nbgrader.points = 1000
    return notebook


def with_helper(release: NotebookNode) -> NotebookNode:
    """The answer needs a cell of the student's own; another one would not end."""
    notebook = solved(release, write_layer(total="added(top, bottom)"))
    own = [
        "def added(a, b):\n    return plus(a, b)",
        "def plus(a, b):\n    return a + b",
    ]
    own.append("experiment = 1\nwhile True: pass")
    place = notebook.cells.index(cell_of(notebook, LAYER))
    notebook.cells[place:place] = [new_code_cell(source) for source in own]
    html = {"text/html": "<script>steal()</script>", "text/plain": "a figure"}
    output = nbformat.v4.new_output("display_data", html)
    notebook.cells[place + 2].outputs = [output]
    return notebook


def patching(lines: str) -> Callable[[NotebookNode], NotebookNode]:
    """Wrong numbers and a layer that does nothing, then lines that should hide it."""
    nothing = write_layer(total="x", after=lines)
    return lambda release: solved(release, nothing, count=NO_NUMBERS)


NO_NUMBERS = (
    "colour_parameters = colour_connections = saved_parameters = wide_connections = 1\n"
)
CHEATS = {
    "replaces_torch": "torch.isclose = lambda a, *rest, **more: a == a",
    "replaces_comparison": "import edulib.chapters.lenet.exercises as checks\n"
    "checks.expect_close = checks.expect_shape = lambda *args, **more: None\n"
    "checks._pair = lambda *args: (MySubsampling(3), MySubsampling(3))",
    "replaces_reference": "import edulib.models.classification.lenet as lenet\n"
    "lenet.Subsampling.forward = MySubsampling.forward",
    "replaces_check": "import edulib.exercises, edulib.grading.score\n"
    "check = edulib.exercises.check = lambda *args, **more: 99\n"
    "edulib.grading.score.check = check",
    "changes_points": "from edulib.exercises.registry import _parts\n"
    f"del _parts['{LAYER}'][1:]\n"
    "from edulib.exercises.result import Row\nRow.score = property(lambda row: 99)",
    "silences": "import sys\nsys.displayhook = lambda value: None\n"
    "shell = get_ipython()\nshell.run_cell = lambda *args, **more: None\n"
    "shell.ast_transformers.append(None)",
    "forges": "import json, os\n"
    "rows = [dict(name='all', points=6, status='passed')]\n"
    "lines = json.dumps(dict(outputs=[])), json.dumps(dict(rows=rows, flags=[]))\n"
    "for descriptor in range(3, 60):\n"
    "    try:\n"
    "        os.write(descriptor, ('\\n'.join(lines) + '\\n').encode())\n"
    "    except OSError:\n"
    "        pass",
}
SPY = """
def attempt(action):
    try:
        print('DONE', action())
    except OSError as error:
        print(type(error).__name__)

import os, shutil, socket, sqlite3
course = {course!r}
attempt(lambda: os.listdir(course))
attempt(lambda: open(course + '/submitted/right/week/week.ipynb').read())
attempt(lambda: open(course + '/submitted/right/week/week.ipynb', 'w'))
attempt(lambda: open(course + '/source/week/week.ipynb').read())
attempt(lambda: open(course + '/assignments/week.json').read())
attempt(lambda: os.listdir('/tmp'))
attempt(lambda: os.unlink(course + '/gradebook.db'))
attempt(lambda: open('/proc/' + str(os.getppid()) + '/environ').read())
if {version} >= 4:
    attempt(lambda: socket.create_connection(('127.0.0.1', {port}), 2))
if {version} >= 6:
    attempt(lambda: os.kill(os.getppid(), 9))
book = course + '/gradebook.db'
try:
    sqlite3.connect(book).execute('UPDATE grade SET auto_score = 400')
except sqlite3.Error as error:
    print('sqlite3.Error')
"""
HONEST = {
    "right": (lambda r: solved(r, write_layer()), (5, 6)),
    "stub": (lambda r: r, (0, 0)),
    "mean": (lambda r: solved(r, write_layer(total="(top + bottom) / 4")), (5, 2)),
    "warns": (
        lambda r: solved(
            r,
            write_layer("import sys, warnings; warnings.warn('slow'); print(1)")
            + "print('so far', file=__import__('sys').stderr)",
        ),
        (5, 6),
    ),
    "stripped": (stripped, (5, 6)),
    "duplicated": (duplicated, (5, 6)),
    "no_first_line": (without_first_line, (5, 6)),
    "no_checks": (without_checks, (5, 6)),
    "helper": (with_helper, (5, 6)),
    "syntax_error": (lambda r: solved(r, write_layer("return return")), (5, 0)),
    "raises_after": (lambda r: solved(r, write_layer(after="1 / 0")), (5, 6)),
    "too_large": (
        lambda r: solved(r, write_layer("torch.empty(10**14), bytearray(10**12)")),
        (5, 1),
    ),
}
STOPPING = {
    "loops_above": (lambda r: solved(r, write_layer(after="while True: pass")), (5, 6)),
    "loops": (
        lambda r: solved(r, write_layer("while True: x = x + 0")),
        (5, 1),
    ),
    "loops_for_ever": (
        lambda r: solved(
            r,
            write_layer(
                "while True:\n            try:\n                while True: pass"
                "\n            except BaseException: pass"
            ),
        ),
        (5, 1),
    ),
    "exits": (lambda r: solved(r, write_layer(), "import os; os._exit(1)"), (0, 6)),
    "kills_itself": (
        lambda r: solved(r, write_layer("import os; os.kill(os.getpid(), 9)")),
        (5, 0),
    ),
}


MAKERS = {
    **{name: make for name, (make, _) in (HONEST | STOPPING).items()},
    **{name: patching(lines) for name, lines in CHEATS.items()},
    "own_checks": own_checks,
}


def write_class(release: NotebookNode, folder: Path, kinds: dict[str, str]) -> None:
    """Write what a class hands in: a kind of `MAKERS` for each student."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbformat's, about equal ids of cells
        for student, kind in kinds.items():
            nbformat.write(MAKERS[kind](release), folder / f"{student}_week.ipynb")
