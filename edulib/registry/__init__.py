"""The list of all architectures and models of the book, without importing any.

The tables are plain files beside this one: ``chapters.toml`` (the book, written and
planned), ``papers.toml`` (an architecture and its paper) and ``models.toml`` (a builder
and the reference numbers that the tests hold it to). Chapters import builders from
their modules; the registry is for what walks over all of them: tests, tables, the
timeline, command lines.
"""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import import_module
from importlib.resources import files

from edulib.registry.chapters import (
    BookPart,
    Chapter,
    chapters,
    get_chapter,
    neighbours,
    parts,
)
from edulib.registry.suggest import look_up, suggest

__all__ = [
    "BookPart",
    "Chapter",
    "ModelInfo",
    "Paper",
    "chapters",
    "get_builder",
    "get_chapter",
    "get_model_info",
    "get_paper",
    "get_reference",
    "get_tiny_builder",
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
        task: what the model does, "classification" for instance.
        paper: key of its paper.
        image_shape: (channels, height, width) of the images it was made for.
        params: number of trainable parameters.
        macs: multiply-adds for one image of ``image_shape``, where a count exists.
        source: where the two numbers come from.
        init_std: standard deviation of the initial weights by type of layer, each a
            formula of ``fan_in`` and ``fan_out``.
        test_inputs: for each input of the tiny network the shape it is tested at,
            without the batch.
        tiny: dotted path of a function with the builder's arguments that builds a
            small network of the same kind; None where the model itself is small.
        reference: dotted path of the function of another library that builds the same
            network, where there is one.
        reference_arguments: keyword arguments of that function.
        batch_norm: batch normalisation in the words of ``layers``, where the reference
            has other constants.
        layers: pools, norms and dropouts in the order of the forward pass, where no
            reference shows them in this form.
        published: for each library whose weights it takes, its name there;
            torchvision's only where it is another.
    """

    name: str
    module: str
    task: str
    paper: str
    image_shape: tuple[int, int, int]
    params: int
    source: str
    init_std: dict[str, str]
    test_inputs: tuple[tuple[int, ...], ...]
    macs: int | None = None
    tiny: str | None = None
    reference: str | None = None
    reference_arguments: dict = field(default_factory=dict)
    batch_norm: str | None = None
    layers: tuple[str, ...] = ()
    published: dict[str, str] = field(default_factory=dict)


def papers() -> tuple[Paper, ...]:
    """Return every architecture of the book, by era and then by year."""
    return tuple(_papers().values())


def get_paper(key: str) -> Paper:
    """Return the paper with this key.

    Raises:
        ValueError: if there is none; the message names the nearest key.
    """
    return look_up(key, _papers(), "paper")


def list_models(*, task: str | None = None, era: int | None = None) -> list[str]:
    """Return the names of all models that are implemented, in the book's order.

    Args:
        task: only those that do it.
        era: only those whose paper belongs to it.

    Raises:
        ValueError: if no model does the task; the message names the nearest.
    """
    rows = _models().values()
    tasks = {row.task for row in rows}
    if task is not None and task not in tasks:
        raise ValueError(f"unknown task {task!r}: {suggest(task, sorted(tasks))}")
    return [
        row.name
        for row in rows
        if task in (None, row.task) and era in (None, get_paper(row.paper).era)
    ]


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
    return _import(f"{get_model_info(name).module}.{name}")


def get_tiny_builder(name: str) -> Callable:
    """Import and return the function that builds a small network of a model's kind.

    It takes the arguments of the model's own builder, which it is where the model
    itself is small.

    Raises:
        ValueError: if there is no such model; the message names the nearest.
    """
    tiny = get_model_info(name).tiny
    return _import(tiny) if tiny else get_builder(name)


def get_reference(name: str) -> Callable | None:
    """Import and return another library's builder of a model; None if there is none.

    Raises:
        ValueError: if there is no such model; the message names the nearest.
    """
    model = get_model_info(name)
    if model.reference is None:
        return None
    arguments = dict(model.reference_arguments)
    if any(part in model.reference for part in (".detection.", ".segmentation.")):
        arguments["weights_backbone"] = None  # or torchvision fetches a trained one
    return partial(_import(model.reference), **arguments)


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
        inputs = row.get("test_inputs", [row["image_shape"]])
        row["test_inputs"] = tuple(map(tuple, inputs))
        row["layers"] = tuple(row.get("layers", ()))
    return {name: ModelInfo(name=name, **row) for name, row in rows.items()}


def _import(path: str) -> Callable:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def _read(file: str) -> dict[str, dict]:
    return tomllib.loads(
        files("edulib.registry").joinpath(file).read_text(encoding="utf-8")
    )
