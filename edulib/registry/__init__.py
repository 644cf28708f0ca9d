"""The list of all architectures and models of the book, without importing any.

The tables are plain files beside this one: ``chapters.toml`` (the book, written and
planned), ``papers.toml`` (an architecture and its paper) and ``models.toml`` (a builder
and the reference numbers that the tests hold it to). Chapters import builders from
their modules; the registry is for what walks over all of them: tests, tables, the
timeline, command lines.
"""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files

from edulib.registry.chapters import (
    Chapter,
    Part,
    chapters,
    get_chapter,
    neighbours,
    parts,
)
from edulib.registry.suggest import look_up, suggest

__all__ = [
    "Chapter",
    "ModelInfo",
    "Paper",
    "Part",
    "chapters",
    "get_builder",
    "get_chapter",
    "get_model_info",
    "get_paper",
    "list_models",
    "neighbours",
    "papers",
    "parts",
    "suggest",
]


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

    @property
    def chapter(self) -> str | None:
        """Its notebook under ``book/``, without suffix; None while unwritten."""
        found = (row.address for row in chapters() if self.key in row.papers)
        return next(found, None)


@dataclass(frozen=True)
class ModelInfo:
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
    return look_up(key, _papers(), "paper")


def list_models(era: int | None = None) -> list[str]:
    """Return the names of all models that are implemented, in the book's order.

    Args:
        era: only those whose paper belongs to it.
    """
    rows = _models().values()
    return [m.name for m in rows if era in (None, get_paper(m.paper).era)]


def get_model_info(name: str) -> ModelInfo:
    """Return the row of a model.

    Raises:
        ValueError: if there is none; the message names the nearest.
    """
    return look_up(name, _models(), "model")


def get_builder(name: str) -> Callable:
    """Import and return the function that builds a model.

    Raises:
        ValueError: if there is no such model; the message names the nearest.
    """
    return getattr(import_module(get_model_info(name).module), name)


@cache
def _papers() -> dict[str, Paper]:
    rows = [Paper(key=key, **row) for key, row in _read("papers.toml").items()]
    rows.sort(key=lambda paper: (paper.era, paper.year))
    return {paper.key: paper for paper in rows}


@cache
def _models() -> dict[str, ModelInfo]:
    rows = _read("models.toml")
    for row in rows.values():
        row["image_shape"] = tuple(row["image_shape"])
    return {name: ModelInfo(name=name, **row) for name, row in rows.items()}


def _read(file: str) -> dict[str, dict]:
    return tomllib.loads(
        files("edulib.registry").joinpath(file).read_text(encoding="utf-8")
    )
