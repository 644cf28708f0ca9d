"""Run notebooks in the folders where they lie; fail where a cell fails or warns.

Without the package, which a host has only after the first set-up cell.
"""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def main(paths: list[str]) -> int:
    """Run each notebook and print how long it took.

    Returns:
        1 if a cell of any of them failed or wrote to stderr, else 0.
    """
    failures = 0
    for path in map(Path, paths):
        notebook = nbformat.read(path, as_version=4)
        started = time.perf_counter()
        client = NotebookClient(
            notebook,
            timeout=600,
            allow_errors=True,
            resources={"metadata": {"path": path.parent}},
        )
        client.execute()
        bad = [line for cell in notebook.cells for line in _noise(cell)]
        print(f"{path}: {time.perf_counter() - started:.0f} s", *bad, sep="\n  ")
        failures += bool(bad)
    return 1 if failures else 0


def _noise(cell: nbformat.NotebookNode) -> list[str]:
    """What a cell should not have printed, with its first line."""
    first = cell.source.partition("\n")[0]
    noise = []
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            noise.append(f"{first!r}: {output.ename}: {output.evalue}")
        elif output.output_type == "stream" and output.name == "stderr":
            noise.append(f"{first!r} warns: {output.text.strip()}")
    return noise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
