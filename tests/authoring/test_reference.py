"""The reference of the package: complete, and shown as its docstrings mean."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from edulib.authoring.reference import (
    BY_MODULE,
    FOR_AUTHORS,
    STABLE,
    public_functions,
    public_names,
    reference_lists,
    show_as_typed,
    show_defaults,
)
from edulib.explanation import box_score
from edulib.registry import get_builder, list_models

ROOT = Path(__file__).parents[2]
COMMANDS = {"authoring", "benchmarks", "chapters", "grading", "reviews"}
ROOMS = [room for room in (*STABLE, *FOR_AUTHORS) if room != "models"]
PUBLIC = [
    pytest.param(value, id=f"{room}.{name}")
    for room in ROOMS
    for name in public_names(room)
    if callable(value := getattr(import_module(f"edulib.{room}"), name))
]
OPERATIONS = [
    pytest.param(getattr(import_module(module), name), id=f"{module}.{name}")
    for folder in BY_MODULE
    for module, names in public_functions(folder).items()
    for name in names
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


def test_shows_the_functions_of_a_folder_by_module():
    found = public_functions("models.ops")
    assert "pairwise_iou" in found["edulib.models.ops.iou"]
    assert "edulib.models.ops.checks" not in found
    shown = reference_lists()["reference_ops"]
    assert all(f".. autofunction:: {n}\n" in shown for ns in found.values() for n in ns)
    page = (ROOT / "book/reference/operations.md").read_text("utf-8")
    assert all(f"{{{{ reference_{name} }}}}" in page for name in ("ops", "losses"))


@pytest.mark.parametrize("function", [*FUNCTIONS, *OPERATIONS])
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


def is_dict(value: object) -> bool:
    """Whether it is a typed dictionary, which has no signature."""
    return inspect.isclass(value) and issubclass(value, dict)


def defaults(value: object) -> list[str]:
    """The defaults of a function or class, as its source writes them."""
    function = value.__init__ if inspect.isclass(value) else value
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError):  # made by dataclass: as `inspect` writes them
        found = inspect.signature(value).parameters.values()
        return [repr(p.default) for p in found if p.default is not p.empty]
    made = tree.body[0].args
    return [ast.unparse(d) for d in [*made.defaults, *made.kw_defaults] if d]


@pytest.mark.parametrize("value", [p for p in PUBLIC if not is_dict(p.values[0])])
def test_shows_no_default_by_a_name_that_is_not_public(value: object, request):
    name = f"edulib.{request.node.callspec.id}"
    room = import_module(".".join(name.split(".")[:2]))
    for default in defaults(value):
        text = f"(a: int = {default}, *, b: str = 'x')"
        seen, _ = show_defaults(None, "function", name, value, {}, text, None)
        (default,) = re.findall(r"= (.*), \*", seen)
        made = re.fullmatch(r"[A-Z]\w+\(\)", default)
        assert default in room.__all__ or made or repr(ast.literal_eval(default))


def test_shows_what_a_default_is():
    def shown(text: str) -> str:
        name, value = "edulib.explanation.box_score", box_score
        return show_defaults(None, "function", name, value, {}, text, "int")[0]

    assert shown("(a: float = _MISSING, b=None)") == "(a: float = ..., b=None)"
    assert shown("(a=annotations.of)") == "(a=...)"
    assert shown("(a: dict = <factory>)") == "(a: dict = ...)"
    assert shown("(a: object = class_score, b: int = 3)").count("class_score") == 1
    assert show_defaults(None, "class", "edulib.data.x", None, {}, None, None) is None


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
