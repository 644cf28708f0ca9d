"""Submissions and files that could end the work on a whole class, honest ones too."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from nbformat import NotebookNode, writes
from nbformat.v4 import new_code_cell
from submissions import LAYER, NUMBERS, cell_of, solved, write_layer

# Each can be parsed, and cannot be compiled.
DUPLICATE = "def helper(x, x):\n    return x\n"
LATE_GLOBAL = "def helper():\n    total = 1\n    global total\n"
NONLOCAL_AT_TOP = "nonlocal total\n"
NONLOCAL_OF_NOTHING = "def helper():\n    nonlocal total\n    total = 1\n"
STAR_IN_FUNCTION = "def helper():\n    from math import *\n"

CHANNELS = """
import os, stat
def tell(data):
    for name in os.listdir('/proc/self/fd'):
        try:
            if int(name) > 2 and stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                os.set_blocking(int(name), True)
                os.write(int(name), data)
        except OSError:
            pass
"""
REPLY = f"""
import os, sys
from edulib.exercises.registry import parts
def find(name):
    frame = sys._getframe(1)
    while name not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals[name]
def rows(**changed):
    row = dict(status='passed', message='', output='')
    names = [dict(name=p.name, points=p.points) for p in parts('{LAYER}')]
    return [{{**name, **row, **changed}} for name in names]
def reply(**fields):
    find('channel').send({{**fields, 'token': find('request')['token']}})
    os._exit(0)
"""
FOLDERS = "import os\nfor k in range(1500):\n    os.mkdir('d')\n    os.chdir('d')\n"
ODD_OUTPUTS = ("5", "[5]", "[{}]", "[dict(output_type='error')]")
ODD_RESULTS = (
    "rows=rows()",
    "rows=rows(), flags=5",
    "rows=rows(), flags=[5]",
    "rows=5, flags=[]",
    "rows=[dict(a=1)], flags=[]",
    "flags=[]",
    "rows=rows(status='<b>'), flags=[]",
    "rows=rows(status=[1]), flags=[]",
    "rows=rows(message=[1]), flags=[]",
    "rows=rows(points=2.5), flags=[]",
)

Maker = Callable[[NotebookNode], NotebookNode]


def after(layer: str = "", count: str = "") -> Maker:
    """Right answers, and lines behind them."""
    return lambda release: solved(release, write_layer(after=layer), NUMBERS + count)


def within(first: str, count: str = "", before: str = "") -> Maker:
    """Lines in the layer's `forward`, and lines in the other answer."""
    layer = write_layer(first, after=before)
    return lambda release: solved(release, layer, NUMBERS + count)


def with_typo_beside(release: NotebookNode) -> NotebookNode:
    """A cell of the student's own that the answer needs, and that is no Python."""
    layer = write_layer(total="added(top, bottom)")
    notebook = solved(release, layer, NUMBERS + STAR_IN_FUNCTION)
    own = new_code_cell(f"added = lambda a, b: a + b\n{DUPLICATE}")
    notebook.cells.insert(notebook.cells.index(cell_of(notebook, LAYER)), own)
    return notebook


def odd_results() -> dict[str, tuple[Maker, tuple[int, int], bool]]:
    """Replies with the right token and wrong fields, one to each exercise."""
    made = {}
    for number, fields in enumerate(ODD_RESULTS):
        outputs = ODD_OUTPUTS[number : number + 1]
        count = "".join(f"{REPLY}\nreply(outputs={value})\n" for value in outputs)
        make = within(f"reply({fields})", count, before=REPLY)
        made[f"odd_reply_{number}"] = (make, (0 if outputs else 5, 0), True)
    return made


POISONS = {  # what is handed in, its marks, whether a person should look
    "typos_1": (after(DUPLICATE, LATE_GLOBAL), (5, 6), False),
    "typos_2": (after(NONLOCAL_AT_TOP, NONLOCAL_OF_NOTHING), (5, 6), False),
    "typos_3": (with_typo_beside, (5, 6), False),
    "typo_in_class": (
        within("def twice(x, x): return x"),
        (5, 0),
        False,
    ),
    "half_a_character": (
        after("print('\\ud800')", "raise ValueError('\\udfff')"),
        (5, 6),
        False,
    ),
    "half_a_message": (within("raise ValueError('\\ud800')"), (5, 1), False),
    "interrupts": (within("raise KeyboardInterrupt"), (5, 0), True),
    "deep_json": (after(CHANNELS + "tell(b'[' * 100000 + b'\\n')"), (5, 0), True),
    "deep_folders": (after(FOLDERS), (5, 6), False),
    **odd_results(),
}


def write_odd_files(release: NotebookNode, folder: Path, course: Path) -> list[str]:
    """Write what is no notebook, or none that can be collected; return the names."""
    right = solved(release, write_layer())

    def text(**changed: object) -> str:
        fields = {**json.loads(writes(right)), **changed}
        return json.dumps({k: v for k, v in fields.items() if v is not None})

    def with_output(data: dict) -> str:
        notebook = solved(release, write_layer())
        output = {"output_type": "display_data", "metadata": {}, "data": data}
        own = new_code_cell("mine = 1")
        own.outputs = [NotebookNode(output)]
        notebook.cells.insert(3, own)
        return json.dumps(notebook)

    files = {
        "x" * 90 + "/week.ipynb": text(),
        "x" * 90 + "_week.ipynb": text(),
        "no_format/week.ipynb": text(nbformat=None),
        "old_format/week.ipynb": text(nbformat=1),
        "no_picture/week.ipynb": with_output({"image/png": 5}),
        "no_text/week.ipynb": with_output({"text/plain": {"a": 1}}),
        "deep/week.ipynb": "[" * 100_000,
        "zip/week.zip": "PK",
        "text/week.ipynb.txt": text(),
        "script/week.py": "mine = 1",
        os.fsdecode(b"j\xe9r\xf4me") + "/week.pdf": "PDF",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    links = {
        "to_nowhere/week.ipynb": Path("/nowhere"),
        "to_itself/week.ipynb": Path("week.ipynb"),
        "to_solutions/week.ipynb": course / "source" / "week" / "week.ipynb",
    }
    for name, target in links.items():
        (folder / name).parent.mkdir()
        (folder / name).symlink_to(target)
    (folder / "pipe").mkdir()
    os.mkfifo(folder / "pipe" / "week.ipynb")
    return [*files, *links, "pipe/week.ipynb"]
