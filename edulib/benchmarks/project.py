"""The package and the book: imports, Scenes, the build."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

PUBLIC_MODULES = (
    "edulib",
    "edulib.registry",
    "edulib.models.classification.resnet",
    "edulib.anatomy",
    "edulib.notebook",
    "edulib.data",
    "edulib.drawing",
    "edulib.exercises",
    "edulib.explanation",
    "edulib.weights.checkpoint",
    "edulib.training",
)
IMPORTS = """
import importlib, json, sys, time
def seconds(name):
    start = time.perf_counter()
    importlib.import_module(name)
    return time.perf_counter() - start
print(json.dumps({name: seconds(name) for name in ["torch", *sys.argv[1:]]}))
"""
SCENES = 500  # drawn for the measurement


def bench_imports(runs: int = 5) -> dict:
    """Time the import of each door of the package, after torch, in new processes.

    Returns:
        Medians of the runs in seconds: ``torch`` alone, ``doors`` (each after those
        before it) and their sum, ``package``.
    """
    found = []
    for _ in range(runs):
        output = subprocess.run(
            [sys.executable, "-c", IMPORTS, *PUBLIC_MODULES],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        found.append(json.loads(output))
    middle = {name: median(run[name] for run in found) for name in found[0]}
    torch = middle.pop("torch")
    return {"torch": torch, "doors": middle, "package": sum(middle.values())}


def bench_scenes() -> dict:
    """Draw Scenes of 64 x 64 pixels on one core; the median of five rounds."""
    from edulib.data import make_scene

    rates = []
    for seed in range(5):
        start = time.process_time()
        for index in range(SCENES):
            make_scene(seed=seed, index=index)
        rates.append(SCENES / (time.process_time() - start))
    return {"size": 64, "per_second": median(rates)}


def bench_build() -> dict:
    """Build the site anew in a temporary folder, as ``make book`` does."""
    from edulib.authoring.notebooks import find_root

    root = find_root()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run(
            [
                *(shutil.which("jupyter-book", path=Path(sys.executable).parent),),
                *("build", ".", "--all", "-W", "-n", "--keep-going", "--quiet"),
                *("--path-output", folder),
            ],
            cwd=root,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return {"seconds": time.perf_counter() - start}


def machine() -> dict:
    """What the numbers were measured on."""
    import platform

    import torch
    import torchvision

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "gpu": gpu,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    return names[0] if names else "unknown"
