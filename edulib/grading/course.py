"""The folder of a course: what lies where, in nbgrader's order and a little besides.

source/ release/ submitted/ autograded/ feedback/ gradebook.db    nbgrader's
assignments/NAME.json    exercises and seed of an assignment
runs/STUDENT/NAME.json   what came out of running a submission
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from nbformat import NotebookNode

from edulib.authoring.notebooks import read
from edulib.files import atomic_write

_NAME = re.compile(r"[^\W_][\w.@-]{0,79}")


@dataclass(frozen=True)
class Assignment:
    """What was decided about an assignment when it was made.

    Attributes:
        name: of the assignment, and of its notebook.
        seed: of the random inputs of its checks; known to graders only.
        exercises: ids, in order.
        known: digests of all cells that students were given.
        checks: files with checks that are not in this package.
    """

    name: str
    seed: int
    exercises: tuple[str, ...]
    known: tuple[str, ...]
    checks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Course:
    """A folder; nothing in it needs to exist yet."""

    root: Path

    def notebook(self, step: str, name: str, student: str = "") -> Path:
        """Return the path of a notebook in one of nbgrader's folders."""
        return self.root / step / student / check_name(name) / f"{name}.ipynb"

    def save(self, assignment: Assignment) -> None:
        """Write what was decided about an assignment."""
        path = self.root / "assignments" / f"{check_name(assignment.name)}.json"
        text = json.dumps(asdict(assignment), indent=1)
        atomic_write(path, text.encode())

    def load(self, name: str) -> Assignment:
        """Read what was decided.

        Raises:
            FileNotFoundError: if there is no such assignment.
        """
        path = self.root / "assignments" / f"{check_name(name)}.json"
        if not path.exists():
            known = sorted(p.stem for p in path.parent.glob("*.json"))
            raise FileNotFoundError(
                f"{self.root} has no assignment {name!r} (it has: {known}): "
                f"make assignments A={name} SEED=..."
            )
        fields = json.loads(path.read_text(encoding="utf-8"))
        return Assignment(**{k: _tuple(v) for k, v in fields.items()})

    def students(self, name: str) -> list[str]:
        """Return all who have handed in, sorted."""
        found = (self.root / "submitted").glob(f"*/{check_name(name)}/{name}.ipynb")
        return sorted(path.parents[1].name for path in found)

    def run_file(self, name: str, student: str, kind: str = "json") -> Path:
        """Return the path of what came out of running a submission."""
        return self.root / "runs" / check_name(student) / f"{check_name(name)}.{kind}"

    def read_run(self, name: str, student: str) -> dict:
        """Return what came out of running this very submission; {} if nothing has.

        A file that is torn or holds something else counts as nothing.
        """
        path = self.run_file(name, student)
        try:
            run = dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return {}
        return run if run.get("digest") == self.digest(name, student) else {}

    def digest(self, name: str, student: str) -> str:
        """Return what changes when a submission, the assignment or its seed does."""
        known = hashlib.sha256(str(self.load(name)).encode())
        for path in (
            self.notebook("source", name),
            self.notebook("submitted", name, student),
        ):
            known.update(path.read_bytes())
        return known.hexdigest()

    def source(self, name: str) -> NotebookNode:
        """Return the instructor's form of an assignment."""
        return read(self.notebook("source", name))


def check_name(name: str) -> str:
    """Return the name of a student or assignment, fit to be a folder.

    Raises:
        ValueError: if it is not.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            "expected a name of letters, digits, '_', '-', '.' and '@' that begins "
            f"with a letter or digit, got {name!r}"
        )
    return name


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
