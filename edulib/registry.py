"""The list of all architectures and models of the book, without importing any.

The tables are two plain files beside this one: ``papers.toml`` (an architecture and
its paper, written yet or not) and ``models.toml`` (a builder and the reference numbers
that the tests hold it to). Chapters import builders from their modules; the registry
is for what walks over all of them: tests, tables, the timeline, command lines.
"""

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.resources import files


@dataclass(frozen=True)
class Paper:
    """An architecture of the book and the paper that introduced it.

    Attributes:
        key: the key in ``book/references.bib``.
        name: the architecture, as the book calls it.
        title: title of the paper.
        authors: full names, separated by commas.
        year: when the paper (or the software) first appeared.
        url: its address.
        era: part of the book: 0 foundations, 1 to 4 the eras, 5 generative and
            self-supervised models.
        task: what the architecture is for.
        idea: the breakthrough in one sentence.
        chapter: notebook under ``book/`` without its suffix; None while unwritten.
    """

    key: str
    name: str
    title: str
    authors: str
    year: int
    url: str
    era: int
    task: str
    idea: str
    chapter: str | None = None


@dataclass(frozen=True)
class Model:
    """A builder and the reference numbers of what it builds.

    Attributes:
        name: the builder's name.
        module: the module that holds the builder.
        paper: key of its paper.
        image_shape: (channels, height, width) of the images it was made for.
        params: number of trainable parameters.
        macs: multiply-adds for one image of ``image_shape``, where a count exists.
        source: where the two numbers come from.
    """

    name: str
    module: str
    paper: str
    image_shape: tuple[int, int, int]
    params: int
    source: str
    macs: int | None = None


def papers() -> tuple[Paper, ...]:
    """Return every architecture of the book, by era and then by year."""
    return tuple(_papers().values())


def get_paper(key: str) -> Paper:
    """Return the paper with this key.

    Raises:
        ValueError: if there is none; the message names the nearest key.
    """
    return _look_up(key, _papers(), "paper")


def list_models(era: int | None = None) -> list[str]:
    """Return the names of all models that are implemented, in the book's order.

    Args:
        era: only those whose paper belongs to it.
    """
    rows = _models().values()
    return [m.name for m in rows if era in (None, get_paper(m.paper).era)]


def get_model(name: str) -> Model:
    """Return the row of a model.

    Raises:
        ValueError: if there is none; the message names the nearest.
    """
    return _look_up(name, _models(), "model")


def get_builder(name: str) -> Callable:
    """Import and return the function that builds a model.

    Raises:
        ValueError: if there is no such model; the message names the nearest.
    """
    return getattr(import_module(get_model(name).module), name)


def suggest(name: str, known: Iterable[str]) -> str:
    """Return an ending for an error about an unknown name: the nearest known ones."""
    known = list(known)
    near = get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(repr(word) for word in near)}?"
    return f"known are {', '.join(known)}"


@cache
def _papers() -> dict[str, Paper]:
    rows = [Paper(key=key, **row) for key, row in _read("papers.toml").items()]
    rows.sort(key=lambda paper: (paper.era, paper.year))
    return {paper.key: paper for paper in rows}


@cache
def _models() -> dict[str, Model]:
    rows = _read("models.toml")
    for row in rows.values():
        row["image_shape"] = tuple(row["image_shape"])
    return {name: Model(name=name, **row) for name, row in rows.items()}


def _read(file: str) -> dict[str, dict]:
    return tomllib.loads(files("edulib").joinpath(file).read_text(encoding="utf-8"))


def _look_up(name: str, table: dict, kind: str) -> Paper | Model:
    if name not in table:
        raise ValueError(f"unknown {kind} {name!r}: {suggest(name, table)}")
    return table[name]
