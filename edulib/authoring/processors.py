"""Run the book as other processors would, and say which cells print something else.

PyTorch and oneDNN choose their kernels by the processor's instruction set; sums in
another order end in other last digits, which a training can make visible. The choice
can be forced, so that one machine shows what others print.
"""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

from edulib.authoring.execute import ENVIRONMENT, ExecutionError, run
from edulib.authoring.notebooks import read

_PIXELS = re.compile(r"data:image/(png|jpeg|webp);base64,[A-Za-z0-9+/=\s]+")
_THREADS = "EOV_THREADS"
_NOT_COMPARED = "nbval-ignore-output"  # of cells that read a clock


class Processor(NamedTuple):
    """A processor to run as.

    Attributes:
        name: as it is printed.
        environment: variables that make PyTorch take that processor's kernels.
    """

    name: str
    environment: dict[str, str]


def processors() -> tuple[Processor, ...]:
    """Return the instruction sets that this machine can run, each on 1 and 2 threads.

    AVX-512 is among them only where the processor has it.
    """
    levels = {"default": "AVX", "avx2": "AVX2"}
    if _has_avx512():
        levels["avx512"] = "AVX512_CORE"
    return tuple(
        Processor(
            f"{level}, {threads} thread{'s' * (threads > 1)}",
            {
                "ATEN_CPU_CAPABILITY": level,
                "ONEDNN_MAX_CPU_ISA": isa,
                _THREADS: str(threads),
                "OMP_WAIT_POLICY": "PASSIVE",  # so that a busy machine is only slow
            },
        )
        for level, isa in levels.items()
        for threads in (1, 2)
    )


def differences(path: Path, processor: Processor, *, timeout: int = 600) -> list[str]:
    """Run a notebook as a processor would; return what differs from what is stored.

    Pixels of pictures are not compared, their number and size are.

    Args:
        path: the notebook; it is left as it is.
        processor: one of `processors`.
        timeout: seconds that one cell may take.

    Returns:
        A line for each cell whose outputs differ, or one that says where it stopped.
    """
    stored = read(path)
    made = copy.deepcopy(stored)
    environment = {**ENVIRONMENT, **processor.environment}
    try:
        run(made, path.parent, environment=environment, timeout=timeout)
    except ExecutionError as error:
        return [str(error)]
    return list(_compare(stored, made))


def _compare(stored: NotebookNode, made: NotebookNode) -> Iterator[str]:
    for number, (was, now) in enumerate(zip(stored.cells, made.cells, strict=True)):
        before, after = _texts(was), _texts(now)
        if before != after and _NOT_COMPARED not in was.metadata.get("tags", []):
            pairs = [*zip(before, after, strict=False), (len(before), len(after))]
            old, new = next(pair for pair in pairs if pair[0] != pair[1])
            line = was.source.strip().splitlines()[0]
            yield f"cell {number} ({line!r}): {_around(old, new)}"


def _texts(cell: NotebookNode) -> list[str]:
    found = []
    for output in cell.get("outputs", []):
        data = output.get("data", {"text": output.get("text", "")})
        found += [
            f"{kind}: {_PIXELS.sub('PIXELS', str(value))}"
            for kind, value in sorted(data.items())
            if not kind.startswith("image/")
        ]
    return found


def _around(old: object, new: object, width: int = 30) -> str:
    old, new = str(old), str(new)
    pairs = zip(old, new, strict=False)
    shorter = min(len(old), len(new))
    same = next((k for k, (a, b) in enumerate(pairs) if a != b), shorter)
    start = max(0, same - width)
    return f"{old[start : same + width]!r} became {new[start : same + width]!r}"


def _has_avx512() -> bool:
    try:
        return "avx512f" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
