"""How long each chapter takes: measured by authors, shown on its card."""

import json
import resource
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edulib.files import atomic_write

FILE = Path(__file__).with_name("timings.json")


@dataclass(frozen=True)
class Timing:
    """Execution time of a chapter, kernel and imports included.

    Attributes:
        cpu_seconds: on one processor core, rounded up by `round_up`.
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
    atomic_write(file, (json.dumps(rows, indent=2) + "\n").encode())


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


def measure(
    path: Path, *, on_gpu: bool = False, timeout: int = 300, file: Path = FILE
) -> str:
    """Run a chapter, leave it as it is, and store how long it took.

    Args:
        path: the notebook.
        on_gpu: whether to run at full scale, on the machine's GPU.
        timeout: seconds that one cell may take.
        file: where the timings are stored.

    Returns:
        What was measured, in words.

    Raises:
        ExecutionError: if a cell fails or takes too long.
        RuntimeError: if there is no GPU.
    """
    from edulib.authoring.execute import ENVIRONMENT, run
    from edulib.authoring.notebooks import read

    environment, name = dict(ENVIRONMENT), None
    if on_gpu:
        name = _gpu_name()
        del environment["CUDA_VISIBLE_DEVICES"]
    notebook = read(path)
    started = _seconds(on_gpu)
    run(notebook, path.parent, environment=environment, timeout=timeout)
    seconds = _seconds(on_gpu) - started
    chapter = f"{path.parent.name}/{path.stem}"
    timings = read_timings(file)
    old = timings.get(chapter)
    new = _updated(old, seconds, name)
    write_timings(timings | {chapter: new}, file)
    advice = "" if new == old else "; its card is out of date: execute it"
    return f"{seconds:.1f} s{advice}"


def _updated(old: Timing | None, seconds: float, gpu_name: str | None) -> Timing:
    if gpu_name is None:
        cpu_seconds = settle(old and old.cpu_seconds, seconds)
        return replace(old or Timing(cpu_seconds), cpu_seconds=cpu_seconds)
    if old is None:
        raise RuntimeError("measure this chapter on one processor core first")
    same = old.gpu_seconds if old.gpu_name == gpu_name else None
    return replace(old, gpu_seconds=settle(same, seconds), gpu_name=gpu_name)


def _seconds(on_gpu: bool) -> float:
    """Return a clock: on one thread that of the processor, which others cannot slow."""
    if on_gpu:
        return time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _gpu_name() -> str:
    import torch

    if not torch.cuda.is_available():
        raise RuntimeError("expected a GPU that PyTorch can use, found none")
    return torch.cuda.get_device_name().removeprefix("NVIDIA ")
