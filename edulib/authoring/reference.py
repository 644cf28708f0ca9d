"""The reference of the package: what each room offers, from its docstrings.

A page names a room in double braces, and gets an entry for each name in the room's
``__all__``: functions first, then classes. Sphinx's autodoc reads the docstrings and
napoleon their sections; what stands indented below a paragraph is shown as it is typed.
"""

import inspect
import re
from ast import literal_eval
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from edulib.registry import get_builder, get_model_info, get_paper, list_models

if TYPE_CHECKING:
    from sphinx.application import Sphinx

STABLE = (
    "anatomy",
    "drawing",
    "explanation",
    "models",
    "weights",
    "data",
    "training",
)
"""Rooms whose names and arguments are kept from one edition to the next."""
FOR_AUTHORS = ("notebook", "exercises", "experiments", "registry")
"""Rooms that serve the chapters of this book, and change with them."""
BY_MODULE = ("models.ops", "models.losses")
"""Folders whose functions are imported from the module that holds them."""
_DEFAULT = re.compile(r"(= ?)([A-Za-z_][\w.]*|<\w+>)(?=[,)])")  # a name, no literal
_LITERALS = ("None", "True", "False")
_LONGEST = 24
_BLOCK = re.compile(r"^(\S.*)\n\n(?= {4,}\S)", re.MULTILINE)


def reference_lists() -> dict[str, str]:
    """Return what pages of the reference name in double braces, as Markdown."""
    rooms = [room for room in (*STABLE, *FOR_AUTHORS) if room != "models"]
    return {
        "reference_rooms": _rooms(),
        "reference_models": _models(),
        **{f"reference_{room}": _entries(room) for room in rooms},
        **{f"reference_{f.rpartition('.')[2]}": _of_folder(f) for f in BY_MODULE},
    }


def public_names(room: str) -> list[str]:
    """Return the names that a room exports, sorted.

    Raises:
        ModuleNotFoundError: if there is no such room.
    """
    return list(import_module(f"edulib.{room}").__all__)


def public_functions(folder: str) -> dict[str, list[str]]:
    """Return the functions of each module of a folder, but for its checks.

    Args:
        folder: as "models.ops".

    Raises:
        ModuleNotFoundError: if there is no such folder.
    """
    package = import_module(f"edulib.{folder}")
    found = {}
    for _, name, _ in iter_modules(package.__path__):
        module = import_module(f"edulib.{folder}.{name}")
        own = inspect.getmembers(module, inspect.isfunction)
        names = [n for n, value in own if value.__module__ == module.__name__]
        found[module.__name__] = [n for n in names if not n.startswith("_")]
    return {name: names for name, names in found.items() if not _is_checks(name)}


def show_as_typed(
    app: "Sphinx", what: str, name: str, obj: object, options: dict, lines: list[str]
) -> None:
    """Let indented lines below a paragraph stand as code does."""
    lines[:] = _BLOCK.sub(r"\1\n\n::\n\n", "\n".join(lines)).split("\n")


def show_defaults(
    app: "Sphinx",
    what: str,
    name: str,
    obj: object,
    options: dict,
    signature: str | None,
    returns: str | None,
) -> tuple[str, str | None] | None:
    """Show a default as its value, not as the name that a module has for it.

    A name that its room exports stays; a value that is long or no literal, such as the
    path of a folder, becomes ``...``: the argument's description says what it is.
    """
    if not signature:
        return None
    room = import_module(".".join(name.split(".")[:2]))
    exported = getattr(room, "__all__", ())
    names = vars(import_module(getattr(obj, "__module__", room.__name__)))

    def shown(match: re.Match) -> str:
        equals, default = match.groups()
        if default in (*exported, *_LITERALS):
            return match[0]
        text = repr(names[default]) if default in names else ""
        is_short = len(text) <= _LONGEST and _is_literal(text)
        return f"{equals}{text if is_short else '...'}"

    return _DEFAULT.sub(shown, signature), returns


def _is_literal(text: str) -> bool:
    try:
        literal_eval(text)
    except (ValueError, SyntaxError):
        return False
    return True


def _rooms() -> str:
    rows = ["| room | what it is for | stays |", "|---|---|---|"]
    for room in (*STABLE, *FOR_AUTHORS):
        page = room if room in STABLE else "authors"
        summary = _summary(import_module(f"edulib.{room}"))
        stays = "yes" if room in STABLE else "no"
        rows.append(f"| [{room}]({page}.md) | {summary} | {stays} |")
    return "\n".join(rows)


def _entries(room: str) -> str:
    module = import_module(f"edulib.{room}")
    values = {name: getattr(module, name) for name in public_names(room)}
    classes = [name for name, value in values.items() if inspect.isclass(value)]
    functions = [name for name, value in values.items() if inspect.isroutine(value)]
    constants = [f"`{name}`" for name in values if name not in {*classes, *functions}]
    text = f".. automodule:: edulib.{room}\n"
    text += "".join(f"\n.. autofunction:: {name}\n" for name in functions)
    for name in classes:
        fields = issubclass(values[name], tuple)  # its class says what they are
        members = "" if fields else "   :members:\n"
        text += f"\n.. autoclass:: {name}\n{members}"
    if constants:
        text += f"\nConstants: {', '.join(constants)}.\n"
    return _as_rst(text)


def _of_folder(folder: str) -> str:
    text = "\n".join(
        inspect.getdoc(import_module(f"edulib.{folder}")).split("\n\n")[:2]
    )
    parts = [text]
    for module, names in public_functions(folder).items():
        entries = "".join(f"\n.. autofunction:: {name}\n" for name in names)
        parts.append(f"### `{module}`\n")
        parts.append(_as_rst(f".. automodule:: {module}\n{entries}"))
    return "\n\n".join(parts)


def _is_checks(module: str) -> bool:
    return module.endswith(".checks")


def _models() -> str:
    """Return, for each paper, its classes and a table of its builders."""
    by_paper: dict[str, list[str]] = {}
    for name in list_models():
        by_paper.setdefault(get_model_info(name).paper, []).append(name)
    return "\n\n".join(_paper(key, names) for key, names in by_paper.items())


def _paper(key: str, names: list[str]) -> str:
    paper, module = get_paper(key), get_model_info(names[0]).module
    where = f" [Its chapter](../{paper.chapter}.ipynb)." if paper.chapter else ""
    rows = ["| builder | parameters | made for |", "|---|--:|---|"]
    made = {}
    for name in names:
        model = get_model_info(name)
        rows.append(f"| `{name}` | {model.params:,} | {_size(model.image_shape)} |")
        built = inspect.signature(get_builder(name)).return_annotation
        made[f"\n.. autoclass:: {built.__module__}.{built.__name__}\n"] = None
    return (
        f"## {paper.name}\n\n[{paper.title}]({paper.url}), {paper.year}. In `{module}`."
        f"{where}\n\n" + "\n".join(rows) + f"\n\n{_as_rst(''.join(made))}"
    )


def _size(shape: tuple[int, int, int]) -> str:
    return "×".join(map(str, shape))


def _as_rst(text: str) -> str:
    return f"```{{eval-rst}}\n{text}```"


def _summary(value: object) -> str:
    return (inspect.getdoc(value) or "").split("\n")[0]
