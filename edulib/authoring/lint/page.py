"""A notebook as the rules see it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nbformat import NotebookNode

_FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1[`~]*$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6}) +(.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Problem:
    """What breaks a rule, and where.

    Attributes:
        notebook: path, relative to the repository.
        cell: its place, counted from 0; None for the notebook as a whole.
        message: what is wrong and what is expected.
    """

    notebook: str
    cell: int | None
    message: str

    def __str__(self) -> str:
        where = "" if self.cell is None else f" cell {self.cell}"
        return f"{self.notebook}{where}: {self.message}"


@dataclass(frozen=True)
class Section:
    """A heading of the second level and what stands below it."""

    title: str
    cells: tuple[tuple[int, NotebookNode], ...]
    text: str

    @property
    def code(self) -> str:
        """The source of all its code cells."""
        sources = (c.source for _, c in self.cells if c.cell_type == "code")
        return "\n".join(sources)

    @property
    def roles(self) -> tuple[str, ...]:
        """What the section is for, named in the metadata of its heading's cell."""
        first = self.cells[0][1].metadata if self.cells else {}
        role = first.get("eov", {}).get("role", ())
        return (role,) if isinstance(role, str) else tuple(role)


@dataclass(frozen=True)
class Page:
    """A notebook and where it stands."""

    path: Path
    name: str
    notebook: NotebookNode

    def problem(self, cell: int | None, message: str) -> Problem:
        """Say that something is wrong with a cell of this notebook."""
        return Problem(self.name, cell, message)

    @property
    def cells(self) -> list[NotebookNode]:
        """All cells."""
        return self.notebook.cells

    def code(self) -> Iterator[tuple[int, NotebookNode]]:
        """Places and cells of the code."""
        return ((k, c) for k, c in enumerate(self.cells) if c.cell_type == "code")

    def markdown(self) -> Iterator[tuple[int, NotebookNode]]:
        """Places and cells of the prose."""
        return ((k, c) for k, c in enumerate(self.cells) if c.cell_type == "markdown")

    @cached_property
    def sections(self) -> list[Section]:
        """The sections; what stands before the first has the title ""."""
        found: list[tuple[str, list, list[str]]] = [("", [], [])]
        for number, cell in enumerate(self.cells):
            if cell.cell_type != "markdown":
                found[-1][1].append((number, cell))
                continue
            for title, text in _split(cell.source):
                if title is not None:
                    found.append((title, [], []))
                found[-1][1].append((number, cell))
                found[-1][2].append(text)
        return [Section(t, tuple(cells), "\n\n".join(x)) for t, cells, x in found]

    def with_role(self, role: str) -> list[Section]:
        """The sections that have a role."""
        return [section for section in self.sections[1:] if role in section.roles]


def headings(text: str) -> list[tuple[int, str]]:
    """Levels and titles of the headings in Markdown, those in code left out."""
    return [(len(m[1]), m[2]) for m in _HEADING.finditer(without_code(text))]


def without_code(text: str) -> str:
    """Markdown without fenced code, at the same places."""
    return _FENCED.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def tags(cell: NotebookNode) -> set[str]:
    """The tags of a cell."""
    return set(cell.metadata.get("tags", []))


def _split(text: str) -> Iterator[tuple[str | None, str]]:
    """Cut Markdown at its headings of the second level."""
    title, start = None, 0
    for match in _HEADING.finditer(without_code(text)):
        if len(match[1]) == 2:
            if title is not None or text[start : match.start()].strip():
                yield title, text[start : match.start()]
            title, start = match[2], match.end()
    yield title, text[start:]
