"""One class, graded once, for all tests of this folder."""

import contextlib
import io
import socket

import nbformat
import pytest
from graded_class import NAME, assign
from poisons import POISONS, write_odd_files
from submissions import MAKERS, SPY, solved, write_class, write_layer

from edulib.grading.sandbox import landlock_version


@pytest.fixture(scope="session")
def graded(tmp_path_factory):
    """A class of all kinds of students, every poison among them, graded once."""
    group = assign(tmp_path_factory.mktemp("class"))
    write_class(group.release, group.downloads, {kind: kind for kind in MAKERS})
    for student, (make, _, _) in POISONS.items():
        nbformat.write(make(group.release), group.downloads / f"{student}_{NAME}.ipynb")
    root = group.course.root
    group.odd = write_odd_files(group.release, group.downloads, root)
    (group.downloads / f"torn_{NAME}.ipynb").write_text('{"cells": [')
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        spy = SPY.format(course=str(root), port=port, version=landlock_version())
        notebook = solved(group.release, write_layer(after=spy))
        nbformat.write(notebook, group.downloads / f"spy_{NAME}.ipynb")
        with contextlib.redirect_stderr(io.StringIO()) as said:
            group.ended.append(group("collect", NAME, group.downloads))
        group.said = said.getvalue()
        group.ended.append(group.grade())
    group.ended.append(group("feedback", NAME))
    return group


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """A folder with an assignment that nobody has handed in."""
    return assign(tmp_path_factory.mktemp("small"))
