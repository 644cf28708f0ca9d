"""Rules for code cells and their outputs."""

import re
from collections.abc import Iterator

from edulib.authoring.edition import package_source
from edulib.authoring.lint.page import Page, Problem, tags
from edulib.exercises.source import FOLDED

LONGEST = 20
SET_UP = f"""\
# @title Set-up
import importlib.util

if importlib.util.find_spec("edulib") is None:
    import sys
    from importlib.metadata import distributions, version

    names = {{found.name for found in distributions()}}
    own = names & {{"torch", "torchvision", "numpy", "protobuf"}}
    kept = " ".join(f"{{name}}=={{version(name)}}" for name in own)
    python = f'"{{sys.executable}}"'
    !{{python}} -m pip install -q {{kept}} "{package_source()}"
from edulib.notebook import setup

lab = setup()"""

_PATHS = re.compile(
    r"(?<![\w.])/(?:home|root|Users|tmp|work|opt|usr|mnt|private|content)/\w"
    r"|[A-Z]:\\Users|site-packages|dist-packages|ipykernel_\d"
)
_PIP = re.compile(r"pip3?\s+install\s+(.*)")
_QUOTED_IMAGE = re.compile(r"data:image/[a-z+]+;base64,[A-Za-z0-9+/=\s]+")


def ran_to_the_end(page: Page) -> Iterator[Problem]:
    """Each code cell was executed, so that nbval compares it."""
    missing = [
        number
        for number, cell in page.code()
        if cell.source.strip() and cell.execution_count is None
    ]
    if missing:
        yield page.problem(
            missing[0],
            f"{len(missing)} cells from here on were not executed: run `python -m "
            "edulib.authoring execute` on the notebook",
        )


def clean_outputs(page: Page) -> Iterator[Problem]:
    """No output is an error, a warning or the state of a widget."""
    if "widgets" in page.notebook.metadata:
        yield page.problem(None, "holds the state of widgets: execute it again")
    for number, cell in page.code():
        for output in cell.outputs:
            if output.output_type == "error":
                yield page.problem(number, f"stopped with {output.ename}")
            elif output.output_type == "stream" and output.name == "stderr":
                yield page.problem(number, f"wrote to stderr: {output.text[:80]!r}")


def short_cells(page: Page) -> Iterator[Problem]:
    """A visible cell has at most 20 lines."""
    for number, cell in page.code():
        lines = len(cell.source.strip().splitlines())
        if lines > LONGEST and not tags(cell) & FOLDED:
            yield page.problem(
                number,
                f"shows {lines} lines, at most {LONGEST} are a lesson: move what is "
                "no lesson into the package, or fold the cell (hide-input)",
            )


def no_trailing_semicolons(page: Page) -> Iterator[Problem]:
    """A cell does not end in a semicolon: nbval would compare what that hides."""
    for number, cell in page.code():
        if cell.source.rstrip().endswith(";"):
            yield page.problem(number, "ends in `;`: assign the value to `_` instead")


def no_machine_paths(page: Page) -> Iterator[Problem]:
    """Neither code nor outputs name a folder of somebody's machine."""
    for number, cell in enumerate(page.cells):
        texts = [cell.source, *_texts(cell.get("outputs", []))]
        for text in texts:
            if found := _PATHS.search(_QUOTED_IMAGE.sub("", text)):
                yield page.problem(number, f"names a machine's path: {found[0]!r}")
                break


def installs_from_the_repository(page: Page) -> Iterator[Problem]:
    """Whatever installs the package installs this edition from the book's address."""
    right = f'"{package_source()}"'
    for number, cell in enumerate(page.cells):
        for line in _PIP.findall(cell.source):
            named = re.search(r"\bedulib\b|eras-of-vision", line)
            if named and right not in line:
                yield page.problem(
                    number, f"installs {line.strip()!r}, expected {right}"
                )


def _texts(outputs: list) -> Iterator[str]:
    for output in outputs:
        if output.output_type == "stream":
            yield output.text
        for kind, data in output.get("data", {}).items():
            if kind.startswith("text/") or kind == "image/svg+xml":
                yield data if isinstance(data, str) else "".join(data)
