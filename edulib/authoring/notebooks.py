"""Notebooks as files: finding, reading and writing them without noise."""

import hashlib
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from edulib.files import atomic_write
from edulib.registry import Chapter, chapters


def find_root(start: Path | None = None) -> Path:
    """Return the folder of the repository that holds a folder or file.

    Raises:
        FileNotFoundError: if it lies in none.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "_toc.yml").exists() and (folder / "book").is_dir():
            return folder
    raise FileNotFoundError(
        f"{start} lies in no copy of the book: run this in its repository"
    )


def find_notebooks(paths: list[Path], root: Path) -> list[Path]:
    """Return the notebooks that are named, those in folders that are named, or all.

    Raises:
        FileNotFoundError: if there is nothing where a path points.
    """
    found = []
    for path in paths or [root / "book"]:
        if not path.exists():
            raise FileNotFoundError(f"there is no notebook or folder {path}")
        found += sorted(path.rglob("*.ipynb")) if path.is_dir() else [path]
    return [p.resolve() for p in found if ".ipynb_checkpoints" not in p.parts]


def chapter_of(path: Path) -> Chapter | None:
    """Return the chapter, written or planned, whose notebook this is; None for pages.

    Args:
        path: the notebook, in the folder of its part.
    """
    address = f"{path.parent.name}/{path.stem}"
    listed = chapters(written=False)
    return next((row for row in listed if row.address == address), None)


def read(path: Path) -> NotebookNode:
    """Read a notebook.

    Raises:
        ValueError: if the file is no notebook.
    """
    try:
        return nbformat.read(path, as_version=4)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, OSError) as error:
        raise ValueError(f"{path} is no notebook: {error}") from error


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook in one step, in the one form that all of the book have."""
    tidy(notebook)
    nbformat.validate(notebook)
    text = nbformat.writes(notebook).rstrip("\n") + "\n"
    atomic_write(path, text.encode())


def tidy(notebook: NotebookNode) -> None:
    """Remove what differs between two runs or two machines.

    A cell's id comes from its text, so that it stays when cells are added before it.
    """
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = NotebookNode(
        kernelspec=NotebookNode(
            display_name="Python 3", language="python", name="python3"
        ),
        language_info=NotebookNode(name="python", pygments_lexer="ipython3"),
    )
    known: set[str] = set()
    for cell in notebook.cells:
        cell.id = _cell_id(cell, known)
        known.add(cell.id)
        for key in ("execution", "collapsed", "scrolled", "id", "outputId", "colab"):
            cell.metadata.pop(key, None)


def _cell_id(cell: NotebookNode, known: set[str]) -> str:
    text = f"{cell.cell_type}\n{cell.source}"
    number = 0
    while True:
        name = hashlib.sha256(f"{number}{text}".encode()).hexdigest()[:8]
        if name not in known:
            return name
        number += 1
