"""The book's parts and chapters, written and planned, from ``chapters.toml``."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from edulib.registry.suggest import look_up

KINDS = ("architecture", "foundation", "review", "practice")


@dataclass(frozen=True)
class BookPart:
    """A part of the book.

    Attributes:
        name: its folder under ``book/``.
        title: as readers see it.
        color: of its pages, "#rrggbb".
        years: what it spans, in words; empty where it has no years.
        summary: a sentence for the welcome page.
    """

    name: str
    title: str
    color: str
    years: str = ""
    summary: str = ""


@dataclass(frozen=True)
class Chapter:
    """A chapter of the book.

    Attributes:
        name: of its notebook, its folder and its exercises.
        title: as readers see it.
        part: name of its part.
        kind: one of ``KINDS``.
        papers: keys of the papers it is about, the main one first.
        needs: names of the chapters to be read before.
        written: whether its notebook exists.
        line: a sentence for the welcome page, {} for the linked title.
    """

    name: str
    title: str
    part: str
    kind: str
    papers: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    written: bool = False
    line: str = "{}."

    @property
    def address(self) -> str:
        """Its notebook under ``book/``, without suffix."""
        return f"{self.part}/{self.name}"


@cache
def parts() -> tuple[BookPart, ...]:
    """Return the parts of the book, in reading order."""
    return tuple(BookPart(name=n, **row) for n, row in _read()["parts"].items())


def chapters(*, written: bool = True) -> tuple[Chapter, ...]:
    """Return the chapters of the book, in reading order.

    Args:
        written: only those that are written; False for the planned ones, too.
    """
    return tuple(c for c in _chapters().values() if c.written or not written)


def get_chapter(name: str) -> Chapter:
    """Return a chapter, written or planned.

    Raises:
        ValueError: if there is none; the message names the nearest.
    """
    return look_up(name, _chapters(), "chapter")


def neighbours(name: str) -> tuple[Chapter | None, Chapter | None]:
    """Return the written chapters before and after one; None at the ends.

    Raises:
        ValueError: if there is no such written chapter.
    """
    row = chapters()
    names = {chapter.name: place for place, chapter in enumerate(row)}
    place = look_up(name, names, "written chapter")
    before = row[place - 1] if place else None
    return before, row[place + 1] if place + 1 < len(row) else None


@cache
def _chapters() -> dict[str, Chapter]:
    order = [part.name for part in parts()]
    found = {}
    for name, row in _read()["chapters"].items():
        if row["kind"] not in KINDS or row["part"] not in order:
            raise ValueError(
                f"chapters.toml: expected a kind of {KINDS} and a part of {order} for "
                f"{name!r}, got {row['kind']!r} and {row['part']!r}"
            )
        lists = {key: tuple(row.pop(key, ())) for key in ("papers", "needs")}
        found[name] = Chapter(name=name, **row, **lists)
    return dict(sorted(found.items(), key=lambda item: order.index(item[1].part)))


def _read() -> dict:
    file = files("edulib.registry").joinpath("chapters.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))
