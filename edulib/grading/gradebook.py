"""nbgrader: the release, the marks, the feedback and the table of a course."""

import contextlib
import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edulib.authoring.notebooks import write
from edulib.files import atomic_write, write_if_changed
from edulib.grading.assignment import digest_of_cell, make_source, release_form
from edulib.grading.course import Assignment, Course, check_name
from edulib.grading.failures import describe
from edulib.grading.private import load_checks

if TYPE_CHECKING:
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

_STEPS = "edulib.grading.nbgrader_steps"
_REASON = re.compile(r"\s*[\w.]*(Error|Entry|Exception): ")
_CONFIGURATION = """\
# Written by `make assignments`: with it, JupyterLab's nbgrader pages work in here.
from pathlib import Path

from edulib.grading.gradebook import configure

configure(get_config(), Path(__file__).parent)  # noqa: F821
"""


def configure(config: "Config", root: Path) -> "Config":
    """Set up nbgrader for the folder of a course."""
    steps = "nbgrader.preprocessors"
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.course_id = "eras-of-vision"
    config.GenerateAssignment.preprocessors = [
        f"{steps}.LockCells",
        f"{_STEPS}.ClearSolutions",
        f"{steps}.ClearOutput",
        f"{steps}.CheckCellMetadata",
        f"{steps}.ComputeChecksums",
        f"{steps}.SaveCells",
        f"{steps}.CheckCellMetadata",
    ]
    config.TakeOutputs.root = str(root)
    config.Autograde.autograde_preprocessors = [
        f"{_STEPS}.TakeOutputs",
        f"{steps}.LimitOutput",
        f"{steps}.SaveAutoGrades",
        f"{steps}.AssignLatePenalties",
        f"{steps}.CheckCellMetadata",
    ]
    return config


def make_assignment(
    course: Course,
    name: str,
    exercises: list[str],
    folder: Path,
    *,
    seed: int,
    checks: tuple[Path, ...] = (),
) -> Path:
    """Make the source and the release of an assignment; return the release.

    Args:
        course: the folder.
        name: of the assignment.
        exercises: ids, or chapters for all of theirs.
        folder: where the chapters are.
        seed: of the random inputs of the checks.
        checks: files with checks that are not in this package.

    Raises:
        ValueError: if an exercise is not found, or the name is taken by an assignment
            with other exercises that somebody has handed in.
        RuntimeError: if nbgrader refuses.
    """
    load_checks(checks)
    source, chapters = make_source(check_name(name), exercises, folder)
    found = tuple(
        grade_id.partition("-")[2]
        for cell in source.cells
        if (grade_id := cell.metadata.nbgrader.grade_id).startswith("answer-")
    )
    _refuse_other_exercises(course, name, found)
    write(source, course.notebook("source", name))
    configuration = course.root / "nbgrader_config.py"
    write_if_changed(configuration, _CONFIGURATION.encode())
    known = _digests([release_form(source), *_student_forms(chapters)])
    paths = tuple(str(path.resolve()) for path in checks)
    course.save(Assignment(name, seed, found, known, paths))
    with _nbgrader(course) as api:
        _succeed(api.generate_assignment(name))
    return course.notebook("release", name)


def record_all(course: Course, name: str) -> list[str]:
    """Write the marks of all submissions that have been run into the gradebook.

    Returns:
        The students who could not be recorded, with the reason.
    """
    failed = []
    with _nbgrader(course) as api:
        for student in course.students(name):
            run = course.read_run(name, student)
            mark = course.run_file(name, student, "recorded")
            graded = course.notebook("autograded", name, student)
            if not run or (_holds(mark, run["digest"]) and graded.exists()):
                continue
            try:
                _succeed(api.autograde(name, student))
                _flag(api, name, student, run["flags"])
            except Exception as error:
                failed.append(f"{student}: {describe(error)}")
            else:
                atomic_write(mark, run["digest"].encode())
    return failed


def make_feedback(course: Course, name: str) -> tuple[list[Path], list[str]]:
    """Write a page of feedback for each submission with marks.

    Returns:
        The pages, and the students whose page could not be written.

    Raises:
        RuntimeError: if no page can be written.
    """
    with _nbgrader(course) as api:
        result = api.generate_feedback(name)
    marked = (course.root / "autograded").glob(f"*/{name}/{name}.ipynb")
    students = sorted(path.parents[1].name for path in marked)
    pages = {
        student: course.notebook("feedback", name, student).with_suffix(".html")
        for student in students
    }
    failed = [student for student, page in pages.items() if not page.exists()]
    if len(failed) in (0, len(pages)):
        _succeed(result)
    return [pages[student] for student in students if student not in failed], failed


def read_marks(course: Course, name: str) -> dict[str, tuple[float, float, bool]]:
    """Return points, points that can be reached, and whether it is flagged."""
    with _nbgrader(course) as api, api.gradebook as book:
        return {
            one.student.id: (one.score, one.max_score, one.needs_manual_grade)
            for one in book.assignment_submissions(name)
        }


def export(course: Course) -> Path:
    """Write the marks of all assignments as nbgrader's table; return its path."""
    from nbgrader.plugins import CsvExportPlugin

    path = course.root / "grades.csv"
    with _nbgrader(course) as api, api.gradebook as book:
        CsvExportPlugin(to=str(path)).export(book)
    return path


def _refuse_other_exercises(course: Course, name: str, found: tuple[str, ...]) -> None:
    if not course.students(name):
        return
    before = course.load(name).exercises
    if before != found:
        raise ValueError(
            f"assignment {name!r} has submissions to {list(before)}; for {list(found)} "
            "choose another name"
        )


def _student_forms(chapters: list[Path]) -> list:
    from edulib.authoring.notebooks import read

    return [release_form(read(path)) for path in chapters]


def _digests(notebooks: list) -> tuple[str, ...]:
    sources = {cell.source for notebook in notebooks for cell in notebook.cells}
    return tuple(sorted(digest_of_cell(source) for source in sources))


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def _flag(
    api: "NbGraderAPI", name: str, student: str, flags: dict[str, list[str]]
) -> None:
    """Have nbgrader list a submission among those that a person must grade."""
    with api.gradebook as book:
        for exercise_id in flags:
            grade = book.find_grade(f"check-{exercise_id}", name, name, student)
            grade.needs_manual_grade = True
        book.db.commit()


def _succeed(result: dict) -> None:
    if result["success"]:
        return
    said = f"{result.get('error', '')}\n{result.get('log', '')}"
    if "KeyboardInterrupt" in said:
        raise KeyboardInterrupt
    reasons = [line.strip() for line in said.splitlines() if _REASON.match(line)]
    raise RuntimeError((reasons or ["nbgrader gives no reason"])[-1])


@contextlib.contextmanager
def _nbgrader(course: Course) -> Iterator["NbGraderAPI"]:
    """Open nbgrader on this folder, without its noise."""
    try:
        from nbgrader.apps import NbGraderAPI
    except ImportError:
        raise RuntimeError(
            "nbgrader is missing: install the extra, pip install -e '.[grading]'"
        ) from None
    from traitlets.config import Config

    course.root.mkdir(parents=True, exist_ok=True)
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    folder, path = os.getcwd(), os.environ.get("PATH", "")
    # nbgrader calls alembic by its name, to make the tables of a new gradebook.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{path}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield NbGraderAPI(config=configure(Config(), course.root.resolve()))
        finally:
            os.chdir(folder)
            os.environ["PATH"] = path
