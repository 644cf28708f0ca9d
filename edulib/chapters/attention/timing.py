"""What attention costs in time, as the tokens become more.

``python -m edulib.chapters.attention.timing`` measures for about a minute and stores
``results/times.json``, with machine and date: a layer of attention on one row of
tokens, float32, one thread, by torch's function and as equation 1 is written. Times
are processor time of the thread, so that what other programs take does not count,
although they still share caches and memory; medians of rounds taken in turns.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from edulib.benchmarks.project import machine
from edulib.experiments.experiment import use_one_thread
from edulib.files import atomic_write
from edulib.models.blocks.attention import (
    MultiHeadAttention,
    scaled_dot_product_attention,
)

FILE = Path(__file__).parent / "results" / "times.json"
TOKENS = (64, 128, 256, 512, 1024, 2048, 4096)
WIDTH, HEADS = 192, 3  # of ViT-Ti


def load_times(path: Path = FILE) -> dict:
    """Return what was measured: "machine", "date", and "rows" for each of TOKENS."""
    return json.loads(path.read_text(encoding="utf-8"))


def written_out(attend: MultiHeadAttention, tokens: Tensor) -> Tensor:
    """Run a layer as equation 1 is written, with the weights of all pairs in memory."""
    parts = [
        project(tokens).unflatten(-1, (attend.num_heads, -1)).transpose(1, 2)
        for project in (attend.query, attend.key, attend.value)
    ]
    gathered = scaled_dot_product_attention(*parts)
    return attend.out(gathered.transpose(1, 2).flatten(2))


def seconds(function: Callable[[], Tensor], least: float = 0.02) -> float:
    """Return the processor time of a call, in seconds, as a mean over some calls.

    Args:
        function: what is called.
        least: seconds that all calls together take at least.
    """
    start, spent, calls = time.thread_time(), 0.0, 0
    while spent < least:
        function()
        calls += 1
        spent = time.thread_time() - start
    return spent / calls


@torch.no_grad()
def measure(rounds: int = 7, counts: tuple[int, ...] = TOKENS) -> list[dict]:
    """Time both forms for each number of tokens.

    Args:
        rounds: in which each is timed once.
        counts: numbers of tokens.

    Returns:
        For each number "tokens", and the seconds "torch" and "written".
    """
    torch.manual_seed(0)
    attend = MultiHeadAttention(WIDTH, HEADS).eval()
    rows = []
    for count in counts:
        tokens = torch.randn(1, count, WIDTH)
        forms = {
            "torch": partial(attend, tokens),
            "written": partial(written_out, attend, tokens),
        }
        found = {name: [] for name in forms}
        for _ in range(rounds + 1):  # the first prepares what later ones use
            for name, form in forms.items():
                found[name].append(seconds(form))
        times = {name: median(values[1:]) for name, values in found.items()}
        rows.append({"tokens": count, **times})
    return rows


def main() -> None:
    """Measure and store."""
    use_one_thread()
    about = {"machine": machine(), "date": datetime.now(UTC).date().isoformat()}
    found = {**about, "rows": measure()}
    atomic_write(FILE, (json.dumps(found, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
