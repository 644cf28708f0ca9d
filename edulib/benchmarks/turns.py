"""Processor time of one thread, in turns: what a chapter tells of its networks' times.

What other programs take does not count, although they still share caches and memory.
"""

import ctypes
import json
import os
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import quantiles

import torch
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval

from edulib.benchmarks.project import machine
from edulib.files import atomic_write


def seconds(function: Callable[[], object], calls: int = 1) -> float:
    """Processor seconds of this thread for one call, as a mean over some."""
    start = time.thread_time()
    for _ in range(calls):
        function()
    return (time.thread_time() - start) / calls


def in_turns(
    functions: dict[Hashable, Callable], rounds: int
) -> dict[Hashable, list[float]]:
    """Time functions in turns; each round begins with another one.

    Fast functions are called several times, so that a measurement takes 2 ms.
    """
    calls = {}
    for name, function in functions.items():
        function()  # the first call prepares what later ones use
        calls[name] = max(1, round(0.002 / max(seconds(function), 1e-6)))
    found = {name: [] for name in functions}
    names = list(functions)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            found[name].append(seconds(functions[name], calls[name]))
    return found


def spread(values: list[float]) -> dict[str, float]:
    """Return the median of rounds and the quartiles around it."""
    low, middle, high = quantiles(values, n=4)
    return {"median": middle, "low": low, "high": high}


def folded(network: nn.Module) -> nn.Module:
    """Return a copy for inference: each normalisation in the convolution before it."""
    copy = deepcopy(network).eval()
    for module in list(copy.modules()):
        names = list(module._modules)
        for first, second in pairwise(names):
            pair = module._modules[first], module._modules[second]
            if isinstance(pair[0], nn.Conv2d) and isinstance(pair[1], nn.BatchNorm2d):
                module._modules[first] = fuse_conv_bn_eval(*pair)
                module._modules[second] = nn.Identity()
    return copy


def rounded(value: object) -> object:
    """The same with three digits in every fraction."""
    if isinstance(value, float):
        return float(f"{value:.3g}")
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value


def keep_memory() -> None:
    """Let the process keep memory that it frees, where the C library can.

    Else each large output is new memory, and what the system needs to hand it out is
    measured, too: up to four times what the layer needs.
    """
    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.mallopt(-3, 2**30)  # M_MMAP_THRESHOLD
        library.mallopt(-1, 2**30)  # M_TRIM_THRESHOLD


def circumstances(module: str) -> dict:
    """Return by what, when, where and beside what load times are measured."""
    return {
        "remake": f"python -m {module}",
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {**machine(), "threads": torch.get_num_threads()},
        "load": round(os.getloadavg()[0], 1),
    }


def store_times(path: Path, times: dict) -> None:
    """Write what was measured, with three digits in every fraction."""
    atomic_write(path, (json.dumps(rounded(times), indent=1) + "\n").encode())
