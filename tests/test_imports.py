"""The package is imported in an instant: what is slow waits until it is used."""

import json
import subprocess
import sys

import pytest

from edulib.benchmarks.project import PUBLIC_MODULES

LIST = """
import importlib, json, sys
before = {name.partition(".")[0] for name in sys.modules}
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules} - before)))
"""
SLOW = {
    "IPython",
    "ipywidgets",
    "matplotlib",
    "netron",
    "onnx",
    "pandas",
    "scipy",
    "skimage",
    "sklearn",
    "torchvision",
    "triton",
}


def imported_by(*names: str) -> set[str]:
    """Packages that importing these modules brings in, in a new process."""
    run = subprocess.run(
        [sys.executable, "-c", LIST, *names], capture_output=True, text=True, check=True
    )
    return set(json.loads(run.stdout))


@pytest.mark.parametrize("door", ["edulib", "edulib.registry", "edulib.notebook"])
def test_these_do_not_even_import_torch(door):
    assert not imported_by(door) & {"torch", *SLOW}


def test_no_door_imports_what_is_slow_beyond_torch():
    assert imported_by("torch", *PUBLIC_MODULES) & SLOW <= imported_by("torch")
