"""Whose work the book uses, from ``credits.toml``."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Work:
    """A work of others.

    Attributes:
        name: as readers know it.
        url: where it is published.
        by: who made it.
        use: what the book does with it.
        license: a name in ``license_urls()``.
        package: the distribution in which it comes; empty if in none of its own.
    """

    name: str
    url: str
    by: str
    use: str
    license: str
    package: str = ""


@cache
def works() -> tuple[Work, ...]:
    """Return the works of others that the book uses, photographs left out."""
    return tuple(Work(**row) for row in _read()["works"])


@cache
def license_urls() -> dict[str, str]:
    """Return the addresses of licences, by their names."""
    return _read()["licenses"]


def _read() -> dict:
    file = files("edulib.registry").joinpath("credits.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))
