"""A folder of downloads becomes nbgrader's folder `submitted`."""

import contextlib
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from edulib.authoring.notebooks import read, write
from edulib.files import write_if_changed
from edulib.grading.answers import merge_into_release
from edulib.grading.assignment import release_form
from edulib.grading.course import Course, check_name
from edulib.grading.failures import describe, printable


@dataclass
class Report:
    """What was collected.

    Attributes:
        students: who handed in.
        notes: what was odd, a sentence each.
        unreadable: files that cannot be collected, and why; their authors must be
            asked.
    """

    students: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def collect(course: Course, name: str, folder: Path) -> Report:
    """Merge each handed-in notebook into the release.

    The student is the name of the sub-folder (`downloads/ada/week1.ipynb`), or else
    that of the file without the assignment's (`downloads/ada_week1.ipynb`). Of two
    notebooks of one student the newer counts. The files are only read. A file that
    cannot be collected, for whatever reason, is named, and the others are collected.

    Raises:
        FileNotFoundError: if there are no files.
    """
    files = [path for path in folder.rglob("*") if _is_handed_in(path)]
    if not files:
        raise FileNotFoundError(f"there are no notebooks in {folder}")
    report, newest = Report(), {}
    for path in sorted(files, key=lambda path: path.lstat().st_mtime):
        with _named_if_it_fails(path, report):
            _refuse_other_files(path)
            student = student_of(path, folder, name)
            if student in newest:
                report.notes.append(f"{student}: two notebooks; {path.name} counts")
            newest[student] = path
    release, known = release_form(course.source(name)), set(course.load(name).known)
    for student, path in sorted(newest.items()):
        with _named_if_it_fails(path, report), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            collected = merge_into_release(read(path), release, known)
            write_submission(course, name, student, collected.notebook, path)
            report.students.append(student)
            report.notes += [f"{student}: {note}" for note in collected.notes]
    return report


def student_of(path: Path, folder: Path, name: str) -> str:
    """Return whose file this is."""
    inside = path.relative_to(folder)
    if len(inside.parts) > 1:
        return _fit(inside.parts[0])
    return _fit(re.sub(rf"[_ -]?{re.escape(name)}\b.*$", "", path.stem) or path.stem)


def write_submission(
    course: Course, name: str, student: str, notebook: object, handed_in: Path
) -> None:
    """Write a collected notebook and the time of its file."""
    target = course.notebook("submitted", name, student)
    write(notebook, target)
    when = datetime.fromtimestamp(handed_in.stat().st_mtime, UTC)
    stamp = when.strftime("%Y-%m-%d %H:%M:%S UTC\n")
    write_if_changed(target.with_name("timestamp.txt"), stamp.encode())


def _is_handed_in(path: Path) -> bool:
    """Return whether this is a file, of any kind, that no editor has left behind."""
    folder = path.is_dir() and not path.is_symlink()
    return not folder and ".ipynb_checkpoints" not in path.parts


def _refuse_other_files(path: Path) -> None:
    """Raise ValueError if a file is no notebook; links lead to others' work."""
    if path.suffix.lower() != ".ipynb":
        raise ValueError("expected a file that ends with .ipynb")
    if path.is_symlink() or not path.is_file():
        raise ValueError("expected a file, not a link or a device")


@contextlib.contextmanager
def _named_if_it_fails(path: Path, report: Report) -> Iterator[None]:
    """Take any error within for the error of this file."""
    try:
        yield
    except Exception as error:
        report.unreadable.append(f"{printable(str(path))}: {describe(error)}")


def _fit(name: str) -> str:
    """Return a name that can be a folder: "Ada Lovelace" becomes "Ada_Lovelace"."""
    return check_name(re.sub(r"[^\w.@-]+", "_", name).strip("_.-@") or "unnamed")
