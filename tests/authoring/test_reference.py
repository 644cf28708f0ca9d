"""The reference of the package: complete, and shown as its docstrings mean."""

import inspect
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from edulib.authoring.reference import (
    FOR_AUTHORS,
    STABLE,
    public_names,
    reference_lists,
    show_as_typed,
)
from edulib.registry import get_builder, list_models

ROOT = Path(__file__).parents[2]
COMMANDS = {"authoring", "benchmarks", "chapters", "grading"}
ROOMS = [room for room in (*STABLE, *FOR_AUTHORS) if room != "models"]
PUBLIC = [
    pytest.param(value, id=f"{room}.{name}")
    for room in ROOMS
    for name in public_names(room)
    if callable(value := getattr(import_module(f"edulib.{room}"), name))
]
FUNCTIONS = [
    param
    for param in PUBLIC
    if param.id.split(".")[0] in STABLE and not inspect.isclass(param.values[0])
]


def test_has_every_room():
    rooms = {path.parent.name for path in (ROOT / "edulib").glob("*/__init__.py")}
    assert {*STABLE, *FOR_AUTHORS} == rooms - COMMANDS


@pytest.mark.parametrize("room", [*ROOMS, "models"])
def test_shows_every_room_on_one_page(room: str):
    pages = [path.read_text("utf-8") for path in (ROOT / "book/reference").iterdir()]
    assert sum(f"{{{{ reference_{room} }}}}" in page for page in pages) == 1


@pytest.mark.parametrize("function", FUNCTIONS)
def test_documents_every_argument(function: Callable):
    text = inspect.getdoc(function)
    names = inspect.signature(function).parameters
    missing = [n for n in names if not re.search(rf"^ +\*{{0,2}}{n}: ", text, re.M)]
    assert missing == [], text


@pytest.mark.parametrize("value", PUBLIC)
def test_documents_every_name(value: object):
    assert inspect.getdoc(value)


@pytest.mark.parametrize("value", PUBLIC)
def test_has_no_property_whose_first_line_reads_as_a_type(value: object):
    named = vars(value) if inspect.isclass(value) else {}
    properties = [v for v in named.values() if isinstance(v, property)]
    firsts = [inspect.getdoc(v).split("\n")[0] for v in properties if v.__doc__]
    assert [line for line in firsts if ": " in line] == []


def test_lists_every_model_once():
    page = reference_lists()["reference_models"]
    rows = re.findall(r"^\| `(\w+)` \|", page, re.M)
    assert sorted(rows) == sorted(list_models())


def test_shows_the_class_of_every_model():
    page = reference_lists()["reference_models"]
    for name in list_models():
        made = inspect.signature(get_builder(name)).return_annotation
        assert f".. autoclass:: {made.__module__}.{made.__name__}\n" in page


def test_lists_functions_before_classes():
    page = reference_lists()["reference_anatomy"]
    assert page.index("autofunction:: trace_graph") < page.index("autoclass:: Call")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (["A load:", "", "    x = 1", ""], ["A load:", "", "::", "", "    x = 1", ""]),
        (["Args:", "    x: a number."], ["Args:", "    x: a number."]),
        (["One.", "", "Two."], ["One.", "", "Two."]),
    ],
)
def test_shows_indented_lines_as_typed(typed: list[str], shown: list[str]):
    lines = list(typed)
    show_as_typed(None, "module", "edulib", None, {}, lines)
    assert lines == shown
