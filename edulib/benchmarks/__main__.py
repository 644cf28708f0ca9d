"""Command line of the benchmark. See ``--help``."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Collection
from datetime import date
from pathlib import Path

import torch

from edulib.benchmarks import FILE, project
from edulib.benchmarks.average_precision import bench_average_precision
from edulib.benchmarks.foreign import bench_foreign
from edulib.benchmarks.models import bench_models
from edulib.benchmarks.operations import bench_operations
from edulib.benchmarks.training import bench_training
from edulib.files import atomic_write
from edulib.registry import list_models

OF_MODELS = ("forward", "step")
"""Sections with a row for each model."""


def sections(
    device: torch.device, models: Collection[str] = ()
) -> dict[str, Callable[[], object]]:
    """What can be measured, by name, in the order of the page."""
    return {
        "forward": lambda: bench_models("forward", device, models),
        "step": lambda: bench_models("step", device, models),
        "operations": lambda: bench_operations(device),
        "training": lambda: bench_training(device),
        "foreign": bench_foreign,
        "average_precision": bench_average_precision,
        "scenes": project.bench_scenes,
        "imports": project.bench_imports,
        "build": project.bench_build,
    }


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and store; sections that are not asked for keep their results."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    parser = argparse.ArgumentParser(
        prog="python -m edulib.benchmarks",
        description="Measure speed; nothing else should run on the machine.",
    )
    parser.add_argument("--only", nargs="+", choices=sections(device))
    parser.add_argument("--output", type=Path, default=FILE)
    parser.add_argument(
        "--skip-today", action="store_true", help="leave what was measured today"
    )
    parser.add_argument(
        "--models",
        nargs="+",
        choices=list_models(),
        default=[],
        metavar="NAME",
        help="of forward and step only these; the others keep their rows",
    )
    options = parser.parse_args(arguments)
    names = options.only or (OF_MODELS if options.models else sections(device))
    if options.models and not set(names) <= set(OF_MODELS):
        parser.error(f"--models is for {' and '.join(OF_MODELS)}, got {names}")
    table = sections(device, options.models)
    torch.set_num_threads(2)
    results = json.loads(options.output.read_text()) if options.output.exists() else {}
    place = results.setdefault("gpu" if device.type == "cuda" else "cpu", {})
    place["machine"] = project.machine()
    dates, today = place.setdefault("dates", {}), date.today().isoformat()
    load = round(os.getloadavg()[0], 1)  # of what others run
    for name in names:
        if options.skip_today and dates.get(name) == today:
            continue
        print(f"== {name}", flush=True)
        start = time.perf_counter()
        found = rounded(table[name]())
        place[name] = merged(place.get(name), found) if options.models else found
        place.setdefault("load", {})[name] = load
        dates[name] = today
        print(f"== {name}: took {time.perf_counter() - start:.0f} s", flush=True)
        atomic_write(options.output, (json.dumps(results, indent=1) + "\n").encode())
    return 0


def merged(rows: list[dict] | None, new: list[dict]) -> list[dict]:
    """Rows of models in the registry's order, the new in the place of the old."""
    found = {(row["model"], row["numbers"]): row for row in [*(rows or []), *new]}
    order = list_models()
    return sorted(found.values(), key=lambda row: order.index(row["model"]))


def rounded(value: object) -> object:
    """The same result with four digits in every number."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(main())
