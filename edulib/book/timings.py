"""How long each chapter takes: measured by authors, shown on its card."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from edulib.book.files import replace_file

FILE = Path(__file__).with_name("timings.json")


@dataclass(frozen=True)
class Timing:
    """Execution time of a chapter, kernel and imports included.

    Attributes:
        cpu_seconds: on two processor cores, rounded up by `round_up`.
        gpu_seconds: at full scale on a GPU, if that was measured.
        gpu_name: which GPU.
    """

    cpu_seconds: int
    gpu_seconds: int | None = None
    gpu_name: str | None = None


def read_timings(file: Path = FILE) -> dict[str, Timing]:
    """Return the timing of each chapter, as "era2_residual/resnet"."""
    rows = json.loads(file.read_text(encoding="utf-8"))
    return {chapter: Timing(**row) for chapter, row in rows.items()}


def write_timings(timings: dict[str, Timing], file: Path = FILE) -> None:
    """Store timings, one chapter after the other in alphabetical order."""
    rows = {
        chapter: {k: v for k, v in asdict(timing).items() if v is not None}
        for chapter, timing in sorted(timings.items())
    }
    replace_file(file, (json.dumps(rows, indent=2) + "\n").encode())


def round_up(seconds: float) -> int:
    """Round up to 5 s, above 30 s to 10 s: a promise, and quiet between runs."""
    step = 5 if seconds <= 30 else 10
    return max(step, -int(-seconds // step) * step)


def settle(old: int | None, seconds: float) -> int:
    """Return the number to store for a new measurement.

    The old number stays as long as the new one is at most one step above and two
    below it, so that a busy machine does not change pages.
    """
    new = round_up(seconds)
    if old is None:
        return new
    step = 5 if old <= 30 else 10
    return old if old - 2 * step <= new <= old + step else new
