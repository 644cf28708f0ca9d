"""The notebooks for students: beside the pages, and as a branch that hosts open."""

from collections.abc import Iterable
from pathlib import Path

from nbformat import NotebookNode

from edulib.authoring.edition import package_source
from edulib.authoring.links.absolute import point_to_site
from edulib.authoring.notebooks import find_notebooks, read, write
from edulib.authoring.repository_url import ADDRESS
from edulib.exercises.source import student_notebook
from edulib.files import atomic_write

_README = """\
# Eras of Vision: the notebooks for students

Made from {address}, release by release;
do not edit anything here. Exercises hold stubs to fill in, and every notebook runs to
its end without a solution. The first cell installs what is missing.
"""
_REQUIREMENTS = """\
--extra-index-url https://download.pytorch.org/whl/cpu
jupyterlab
{source}
"""


def write_students(names: Iterable[str], root: Path, folder: Path) -> list[Path]:
    """Write the form for students of some notebooks.

    Args:
        names: without suffix, as "book/foundations/lenet".
        root: folder of the repository.
        folder: where they go, under the same names.

    Returns:
        The notebooks that were written.
    """
    written = []
    for name in sorted(names):
        written.append(folder / f"{name}.ipynb")
        write(student_form(name, root), written[-1])
    return written


def student_form(name: str, root: Path) -> NotebookNode:
    """Return a notebook with exercises to solve and links that work everywhere.

    Args:
        name: without suffix, as "book/foundations/lenet".
        root: folder of the repository.
    """
    notebook = student_notebook(read(root / f"{name}.ipynb"))
    point_to_site(notebook, f"{name}.ipynb", root)
    return notebook


def write_branch(root: Path, folder: Path) -> list[Path]:
    """Write all that the branch `student` holds: notebooks, and what Binder installs.

    Args:
        root: folder of the repository.
        folder: where the branch is laid out.

    Returns:
        The files that were written.
    """
    paths = [path.relative_to(root) for path in find_notebooks([], root)]
    names = [path.with_suffix("").as_posix() for path in paths]
    written = write_students(names, root, folder)
    texts = {
        "README.md": _README.format(address=ADDRESS),
        "requirements.txt": _REQUIREMENTS.format(source=package_source()),
        "runtime.txt": "python-3.11\n",
    }
    for name, text in texts.items():
        atomic_write(folder / name, text.encode())
        written.append(folder / name)
    return written
