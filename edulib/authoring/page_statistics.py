"""Numbers about the book itself that its pages show: counted at each build."""

import ast
import json
from collections import Counter
from pathlib import Path

from edulib.registry import get_model_info, list_models


def page_numbers(root: Path) -> dict[str, str]:
    """Return what `checked.md` may name in double braces.

    Args:
        root: folder of the repository.
    """
    tests = count_tests(root / "tests")
    cells = [count_cells(path) for path in sorted((root / "book").rglob("*.ipynb"))]
    return {
        "models": str(len(list_models())),
        "tests": str(tests.total()),
        "cells": str(sum(cells)),
        "notebooks": str(len(cells)),
        "model_table": _model_table(),
        "test_table": _test_table(tests),
    }


def count_tests(folder: Path) -> Counter[str]:
    """Count the test functions below a folder, by the room that they test."""
    counts: Counter[str] = Counter()
    for path in sorted(folder.rglob("test_*.py")):
        parts = path.relative_to(folder).parts
        room = parts[0] if len(parts) > 1 else "everything"
        tree = ast.parse(path.read_text(encoding="utf-8"))
        counts[room] += sum(
            isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
            for node in ast.walk(tree)
        )
    return counts


def count_cells(path: Path) -> int:
    """Count the code cells of a notebook."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return sum(cell["cell_type"] == "code" for cell in cells)


def _model_table() -> str:
    rows = ["| model | parameters | counted on |", "|---|--:|---|"]
    for name in list_models():
        model = get_model_info(name)
        rows.append(f"| `{name}` | {model.params:,} | {model.source} |")
    return "\n".join(rows)


def _test_table(tests: Counter[str]) -> str:
    rows = ["| what is tested | test functions |", "|---|--:|"]
    rows += [f"| {room} | {count} |" for room, count in sorted(tests.items())]
    return "\n".join(rows)
