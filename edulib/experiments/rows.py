"""What a chapter measures besides trainings: rows in a file of its results."""

import json
from pathlib import Path

from edulib.files import atomic_write


def load_rows(path: Path) -> list[dict]:
    """Return the rows of a file of measurements.

    Raises:
        FileNotFoundError: if nothing was measured yet.
    """
    return json.loads(path.read_text(encoding="utf-8"))["runs"]


def save_rows(
    path: Path, module: str, rows: list[dict], indent: int | None = 1
) -> None:
    """Write rows, and the command that measures them anew.

    Args:
        path: of the file, replaced as a whole.
        module: dotted name of the module whose command line measures.
        rows: what was measured.
        indent: as in ``json.dumps``.
    """
    about = {"remake": f"python -m {module}", "runs": rows}
    atomic_write(path, (json.dumps(about, indent=indent) + "\n").encode())
