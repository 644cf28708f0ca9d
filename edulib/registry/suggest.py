"""What an error about an unknown name says: the nearest known ones."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

Row = TypeVar("Row")


def suggest(name: str, known: Iterable[str]) -> str:
    """Return an ending for an error about an unknown name: the nearest known ones."""
    known = list(known)
    near = get_close_matches(str(name).lower(), known, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(repr(word) for word in near)}?"
    return f"known are {', '.join(known)}"


def look_up(name: str, table: Mapping[str, Row], kind: str) -> Row:
    """Return a row of a table.

    Raises:
        ValueError: if there is none of that name; the nearest are named.
    """
    if name not in table:
        raise ValueError(f"unknown {kind} {name!r}: {suggest(name, table)}")
    return table[name]
