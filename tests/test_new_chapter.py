"""A chapter that is not in the book is added to a copy of it, as an author would.

It touches its own files and the lists of the registry, and no other notebook; then it
is linted, run, built, its experiment and its checkpoint are made, and it is graded.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from sample_chapter import FIGURE, code, good_chapter

ROOT = Path(__file__).parents[1]
PAGE = "book/era2_residual/throwaway.ipynb"
MODEL = '''"""Throwaway networks: what nobody published.

Nobody, "Throwaway Networks", 2016.
https://arxiv.org/abs/1601.00000

As in the paper: a gate decides how much of the input is carried on.
"""

import torch
from torch import Tensor, nn


class Throwaway(nn.Module):
    """A dense throwaway network."""

    def __init__(self, num_classes: int = 10, width: int = 8) -> None:
        super().__init__()
        self.stem = nn.Linear(64, width)
        self.transform = nn.Linear(width, width)
        self.gate = nn.Linear(width, width)
        self.head = nn.Linear(width, num_classes)

    def forward(self, image: Tensor) -> Tensor:
        """Return logits (B, classes) for images (B, 1, 8, 8)."""
        x = self.stem(image.flatten(1))
        gate = torch.sigmoid(self.gate(x))
        return self.head(gate * torch.relu(self.transform(x)) + (1 - gate) * x)


def throwaway_dense(num_classes: int = 10, width: int = 8) -> Throwaway:
    """Build the network."""
    return Throwaway(num_classes, width)
'''
CHAPTER = """\
[chapters.throwaway]
title = "Throwaway networks"
part = "era2_residual"
kind = "architecture"
papers = ["nobody2016throwaway"]
needs = ["vgg"]
written = true

"""
PAPER = """
[nobody2016throwaway]
name = "Throwaway network"
title = "Throwaway Networks"
authors = "Nobody"
year = 2016
url = "https://arxiv.org/abs/1601.00000"
era = 2
task = "classification"
idea = "A gate decides how much of the input is carried on."
"""
ENTRY = """
@misc{nobody2016throwaway,
  author = {Nobody, Ann},
  title = {{Throwaway Networks}},
  year = {2016},
  eprint = {1601.00000},
  archiveprefix = {arXiv},
}
"""
ROW = """
[throwaway_dense]
module = "edulib.models.classification.throwaway"
task = "classification"
paper = "nobody2016throwaway"
image_shape = [1, 8, 8]
params = 754
source = "counted by hand"
init_std = { Linear = "1 / sqrt(3 * fan_in)" }
"""
EXERCISES = '''"""Exercises of the throwaway chapter."""

import torch

from edulib.exercises.compare import expect_equal
from edulib.exercises.registry import part

for name in ("throwaway-count", "throwaway-subsampling", "throwaway-shift"):

    @part(name, "is one", points=2)
    def _one(answer: object, generator: torch.Generator) -> None:
        expect_equal(answer.value, 1, "answer")
'''
EXPERIMENTS = '''"""Experiments of the throwaway chapter."""

from functools import partial

from edulib.data.splits import digits
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.models.classification.throwaway import throwaway_dense
from edulib.training import Recipe

EXPERIMENTS = {
    "throwaway-width": Experiment(
        variants={
            f"width {w}": Variant(
                partial(throwaway_dense, width=w), digits, Recipe(epochs=1)
            )
            for w in (2, 4)
        },
        seeds=(0,),
    ),
}
CHECKPOINTS = {
    "throwaway-digits": CheckpointRecipe(
        builder="edulib.models.classification.throwaway.throwaway_dense",
        arguments={},
        data=digits,
        recipe=Recipe(epochs=8, lr=0.1),
        minimum=0.2,
    ),
}
'''
CODE = {
    "net = 0": "from edulib.models.classification.throwaway import (\n"
    "    Throwaway,\n    throwaway_dense,\n)\n\nnet = throwaway_dense()",
    "diagram(": "from edulib.anatomy import stage_table\n"
    "from edulib.drawing import diagram\n"
    "from edulib.notebook import netron_graph\n\n"
    "netron_graph('throwaway_dense')  # diagram(net) stage_table(net, (1, 8))",
    "show_source(": "from edulib.notebook import show_source\n\nshow_source(Throwaway)",
    "claim(": "from edulib.notebook import Verdict, claim\n\nclaim(\n    'reads',\n"
    "    paper='It reads.',\n    place='table 1',\n    measured='yes',\n"
    "    verdict=Verdict.of(2 > 1),\n)",
    "plt.show": "import matplotlib.pyplot as plt\n\nplt.plot([2, 1])\nplt.show()",
    "quiz(": "from edulib.exercises import ask, quiz\n\nquiz(\n    "
    + ",\n    ".join(
        f'ask("{k}?", right="yes", wrong={{"nay": "why"}}, why="because")'
        for k in range(3)
    )
    + ",\n)",
}


def chapter() -> nbformat.NotebookNode:
    """Return the sample chapter of the linter's tests, made to run."""
    notebook = good_chapter()
    for cell in notebook.cells:
        cell.source = cell.source.replace("LeNet-5 (1998)", "Throwaway networks (2016)")
        cell.source = cell.source.replace("lenet", "throwaway")
        cell.metadata = json.loads(
            json.dumps(cell.metadata).replace("lenet", "throwaway")
        )
        if cell.cell_type == "code":
            new = [text for start, text in CODE.items() if start in cell.source]
            cell.source = new[0] if new else cell.source
            if cell.source.startswith("# check"):
                head, _, call = cell.source.partition("\n")
                cell.source = f"{head}\nfrom edulib.exercises import check\n\n{call}"
    place = next(k for k, c in enumerate(notebook.cells) if "netron" in c.source)
    graph = notebook.cells[place]
    name = "fig-throwaway-graph"
    graph.metadata.mystnb = {**FIGURE, "figure": {**FIGURE["figure"], "name": name}}
    notebook.cells.insert(place, code(CODE["net = 0"]))
    return notebook


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the files of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        **{"cwd": ROOT, "capture_output": True, "text": True, "check": True},
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


def state(tree: Path) -> dict[str, bytes]:
    built = {"build", "_build", "course", "__pycache__"}
    return {
        path.relative_to(tree).as_posix(): path.read_bytes()
        for path in tree.rglob("*")
        if path.is_file() and not built & set(path.relative_to(tree).parts)
    }


def run(tree: Path, *command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        **{"cwd": tree, "env": environment, "capture_output": True, "text": True},
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def add(tree: Path) -> None:
    """Write what an author writes."""
    registry, folder = tree / "edulib/registry", tree / "edulib/chapters/throwaway"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""The chapter throwaway."""\n')
    (folder / "exercises.py").write_text(EXERCISES)
    (folder / "experiments.py").write_text(EXPERIMENTS)
    (tree / "edulib/models/classification/throwaway.py").write_text(MODEL)
    for list_, row in (
        (registry / "models.toml", ROW),
        (registry / "papers.toml", PAPER),
        (tree / "book/references.bib", ENTRY),
    ):
        with list_.open("a") as file:
            file.write(row)
    listed, before = (registry / "chapters.toml").read_text(), "[chapters.resnet]\n"
    assert before in listed
    (registry / "chapters.toml").write_text(listed.replace(before, CHAPTER + before))
    nbformat.write(chapter(), tree / PAGE)


def test_a_new_chapter_touches_its_own_files_and_the_lists(tree, capsys):
    before, started = state(tree), resource.getrusage(resource.RUSAGE_CHILDREN)
    add(tree)
    run(tree, "edulib.authoring", "lists")
    run(tree, "edulib.authoring", "execute", PAGE)
    assert " 0 problems" in run(tree, "edulib.authoring", "lint", PAGE)
    run(tree, "edulib.experiments", "run", "throwaway-width")
    assert "complete" in run(tree, "edulib.experiments", "status", "throwaway-width")
    run(tree, "edulib.experiments", "checkpoint", "throwaway-digits")
    after = state(tree)
    assert before.keys() <= after.keys()
    assert {name for name in before if before[name] != after[name]} == {
        *(f"edulib/registry/{name}.toml" for name in ("chapters", "models", "papers")),
        *("book/references.bib", "_toc.yml", "README.md"),
    }
    assert after.keys() - before.keys() == {
        PAGE,
        "edulib/models/classification/throwaway.py",
        *(
            f"edulib/chapters/throwaway/{name}"
            for name in (
                *("__init__.py", "exercises.py", "experiments.py"),
                "results/throwaway-width.json",
            )
        ),
        *(
            f"edulib/weights/checkpoints/throwaway-digits.{suffix}"
            for suffix in ("json", "safetensors")
        ),
    }
    build(tree)
    grade(tree)
    assert state(tree) == after
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = ended.ru_utime - started.ru_utime
    with capsys.disabled():
        print(f"\na new chapter: {seconds:.0f} core-seconds, the whole site built once")


def build(tree: Path) -> None:
    """Build the site of the copy; the new page stands between its neighbours."""
    run(tree, "edulib.authoring", "assets", "build/assets")
    program = Path(sys.executable).with_name("jupyter-book")
    done = subprocess.run(
        [program, "build", ".", "--all", "-W", "--keep-going", "-n", "--quiet"],
        **{"cwd": tree, "capture_output": True, "text": True, "check": False},
        env={**os.environ, "PYTHONPATH": str(tree)},
    )
    assert done.returncode == 0, done.stderr
    pages = tree / "_build/html/book"
    text = (pages / "era2_residual/throwaway.html").read_text()
    assert 'href="../era2_residual/resnet.html">ResNet</a>' in text
    resnet = (pages / "era2_residual/resnet.html").read_text()
    assert 'href="../era2_residual/throwaway.html">Throwaway networks</a>' in resnet
    assert "throwaway-count" in (pages / "teaching/exercises.html").read_text()
    for name in ("welcome", "timeline"):
        assert "era2_residual/throwaway.html" in (pages / f"{name}.html").read_text()


def grade(tree: Path) -> None:
    """Hand out its exercise, hand in the solution, and mark it."""
    grading = ("edulib.grading", "--course", "course")
    run(tree, *grading, "assign", "week", "throwaway-count", "--seed", "1")
    release = next((tree / "course").rglob("release/**/*.ipynb"))
    notebook = nbformat.read(release, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code" and "answer = ..." in cell.source:
            cell.source = cell.source.replace("answer = ...", "answer = 1")
    handed_in = tree / "build" / "handed_in"
    handed_in.mkdir(parents=True)
    nbformat.write(notebook, handed_in / "ada.ipynb")
    run(tree, *grading, "collect", "week", "build/handed_in")
    run(tree, *grading, "grade", "week")
    run(tree, *grading, "grades")
    tables = [p.read_text() for p in (tree / "course").rglob("*.csv")]
    assert any("ada" in table and "2" in table for table in tables)
