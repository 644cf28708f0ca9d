"""The checks of an assignment as a zip for Gradescope, made by Otter.

Its tests run after whatever notebook was handed in, one test for each part. There is
no sandbox: Gradescope gives every submission a container of its own.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from edulib.authoring.edition import package_source
from edulib.exercises.registry import parts
from edulib.exercises.source import read_header
from edulib.grading.assignment import release_form
from edulib.grading.course import Assignment, Course
from edulib.grading.private import load_checks
from edulib.grading.score import Question

_PYTHON = "3.12"
_REQUIREMENTS = f"""\
--extra-index-url https://download.pytorch.org/whl/cpu
{package_source()}
"""
_HEAD = """\
from otter.test_files import test_case

from edulib.grading.score import Question, score
{imports}
OK_FORMAT = False
name = {name!r}
_question = Question({name!r}, {check!r}, {stub!r})
_rows = []


def _expect(env, number):
    if not _rows:
        _rows.extend(score(_question, env, seed={seed}, seconds=60).result.rows)
    row = _rows[number]
    if row.status != "passed":
        raise AssertionError(f"{{row.status}}. {{row.message}} {{row.hint}}".strip())
"""
_PART = """

@test_case(name={label!r}, points={points}, hidden={hidden})
def test_{number}(env):
    _expect(env, {number})
"""


def make_zip(course: Course, name: str) -> Path:
    """Write the zip of an assignment, and return its path.

    Raises:
        FileNotFoundError: if there is no such assignment.
        RuntimeError: if Otter is not installed.
    """
    try:
        from otter.generate import main as generate
    except ImportError:
        raise RuntimeError(
            "Otter is missing: install the extra, pip install -e '.[grading]'"
        ) from None
    assignment = course.load(name)
    load_checks(assignment.checks)
    target = (course.root / "gradescope" / f"{name}.zip").resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    with _work_in_a_new_folder() as folder:
        _write_tests(folder / "tests", course, assignment)
        (folder / "requirements.txt").write_text(_REQUIREMENTS)
        (folder / "config.json").write_text(json.dumps({"show_hidden": True}))
        for path in assignment.checks:
            shutil.copy(path, folder)
        files = [Path(path).name for path in assignment.checks]
        generate(
            tests_dir="tests",
            output_path="new.zip",
            config="config.json",
            requirements="requirements.txt",
            files=files,
            python_version=_PYTHON,
        )
        shutil.move("new.zip", target)
    return target


def otter_tests(question: Question, assignment: Assignment) -> str:
    """Return the source of Otter's tests of an exercise."""
    modules = [Path(path).stem for path in assignment.checks]
    head = _HEAD.format(
        imports="".join(f"import {module}\n" for module in modules),
        name=question.exercise_id,
        check=question.check,
        stub=question.stub,
        seed=assignment.seed,
    )
    tests = [
        _PART.format(label=p.name, points=p.points, hidden=p.hidden, number=number)
        for number, p in enumerate(parts(question.exercise_id))
    ]
    return head + "".join(tests)


def _write_tests(folder: Path, course: Course, assignment: Assignment) -> None:
    folder.mkdir()
    sources = {}
    for cell in release_form(course.source(assignment.name)).cells:
        header = read_header(cell.source) if cell.cell_type == "code" else None
        if header:
            sources[header.exercise_id, header.kind] = cell.source
    for name in assignment.exercises:
        question = Question(name, sources[name, "check"], sources[name, "exercise"])
        text = otter_tests(question, assignment)
        (folder / f"{name.replace('-', '_')}.py").write_text(text, encoding="utf-8")


@contextlib.contextmanager
def _work_in_a_new_folder() -> Iterator[Path]:
    """Enter a new folder: Otter takes only files below the current one."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(before)
