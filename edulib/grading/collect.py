"""A folder of downloads becomes nbgrader's folder `submitted`."""

import re
import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from edulib.authoring.notebooks import read, write
from edulib.files import write_if_changed
from edulib.grading.answers import put_into_frame
from edulib.grading.assignment import release_form
from edulib.grading.course import Course, check_name


@dataclass
class Report:
    """What was collected.

    Attributes:
        students: who handed in.
        notes: what was odd, a sentence each.
        unreadable: files that are no notebooks; their authors must be asked.
    """

    students: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def collect(course: Course, name: str, folder: Path) -> Report:
    """Put each handed-in notebook into the release's frame.

    The student is the name of the sub-folder (`downloads/ada/week1.ipynb`), or else
    that of the file without the assignment's (`downloads/ada_week1.ipynb`). Of two
    notebooks of one student the newer counts. The files are only read.

    Raises:
        FileNotFoundError: if there are no notebooks.
    """
    found = sorted(folder.rglob("*.ipynb"), key=lambda path: path.stat().st_mtime)
    found = [path for path in found if ".ipynb_checkpoints" not in path.parts]
    if not found:
        raise FileNotFoundError(f"there are no notebooks in {folder}")
    report, newest = Report(), {}
    for path in found:
        student = student_of(path, folder, name)
        if student in newest:
            report.notes.append(f"{student}: two notebooks; {path.name} counts")
        newest[student] = path
    for student, path in sorted(newest.items()):
        _collect_one(course, name, student, path, report)
    return report


def student_of(path: Path, folder: Path, name: str) -> str:
    """Return whose file this is."""
    inside = path.relative_to(folder)
    if len(inside.parts) > 1:
        return _fit(inside.parts[0])
    return _fit(re.sub(rf"[_ -]?{re.escape(name)}\b.*$", "", path.stem) or path.stem)


def _collect_one(
    course: Course, name: str, student: str, path: Path, report: Report
) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            submission = read(path)
        release = release_form(course.source(name))
        known = set(course.load(name).known)
        collected = put_into_frame(submission, release, known)
        write_submission(course, name, student, collected.notebook, path)
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
        reason = str(error).splitlines()[0][:200]
        report.unreadable.append(f"{path}: {reason}")
        return
    report.students.append(student)
    report.notes += [f"{student}: {note}" for note in collected.notes]


def write_submission(
    course: Course, name: str, student: str, notebook: object, handed_in: Path
) -> None:
    """Write a collected notebook and the time of its file."""
    target = course.notebook("submitted", name, student)
    write(notebook, target)
    when = datetime.fromtimestamp(handed_in.stat().st_mtime, UTC)
    stamp = when.strftime("%Y-%m-%d %H:%M:%S UTC\n")
    write_if_changed(target.with_name("timestamp.txt"), stamp.encode())


def _fit(name: str) -> str:
    """Return a name that can be a folder: "Ada Lovelace" becomes "Ada_Lovelace"."""
    return check_name(re.sub(r"[^\w.@-]+", "_", name).strip("_.-") or "unnamed")
