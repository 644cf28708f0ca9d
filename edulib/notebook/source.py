"""The package's own source code, shown in a notebook."""

import ast
import inspect
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from edulib.authoring.repository_url import ADDRESS

_PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Source:
    """Source code as Markdown; `code` is the bare code.

    Attributes:
        names: of what is shown.
        code: their definitions, in order.
        files: where they stand, relative to the repository.
    """

    names: tuple[str, ...]
    code: str
    files: tuple[str, ...]

    def _repr_markdown_(self) -> str:
        fence = "`" * max(3, 1 + _longest_run(self.code))
        links = ", ".join(f"[`{f}`]({ADDRESS}/blob/main/{f})" for f in self.files)
        below = f"\n\nFrom {links}" if links else ""
        return f"{fence}python\n{self.code}\n{fence}{below}"

    def __repr__(self) -> str:
        return f"source of {', '.join(self.names)}"


def show_source(obj: object, *objs: object, docstring: str = "short") -> Source:
    """Show the definitions of classes or functions, as they stand in the package.

    Args:
        obj: a class or function.
        objs: more of them.
        docstring: "short" keeps the first paragraph of each docstring, "full" all of
            it, "none" nothing.

    Raises:
        ValueError: if `docstring` is none of the three.
        TypeError: if there is no Python source for an object.
    """
    if docstring not in ("short", "full", "none"):
        raise ValueError(
            f"expected docstring to be 'short', 'full' or 'none', got {docstring!r}"
        )
    shown = [inspect.unwrap(o) if callable(o) else o for o in (obj, *objs)]
    codes = [_trim(_read(o), docstring) for o in shown]
    files = dict.fromkeys(name for o in shown if (name := _file_of(o)))
    names = tuple(getattr(o, "__name__", repr(o)) for o in shown)
    return Source(names, "\n\n\n".join(codes), tuple(files))


def _read(obj: object) -> str:
    try:
        return textwrap.dedent(inspect.getsource(obj)).rstrip()
    except (TypeError, OSError):
        raise TypeError(
            f"expected a class or function that is written in Python, got {obj!r}"
        ) from None


def _file_of(obj: object) -> str | None:
    """The file below the repository; None for what is defined elsewhere."""
    path = Path(inspect.getsourcefile(obj) or "")
    if not path.is_relative_to(_PACKAGE):
        return None
    return path.relative_to(_PACKAGE.parent).as_posix()


def _trim(code: str, docstring: str) -> str:
    if docstring == "full":
        return code
    lines = code.splitlines()
    for node in reversed(list(ast.walk(ast.parse(code)))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            _trim_one(lines, node, docstring)
    return "\n".join(line for line in lines if line is not _GONE)


_GONE = "\0"


def _trim_one(
    lines: list[str], node: ast.ClassDef | ast.FunctionDef, docstring: str
) -> None:
    text = node.body[0]
    first, last = text.lineno - 1, text.end_lineno
    keep = []
    if docstring == "short" or len(node.body) == 1:
        keep = _first_paragraph(lines[first:last])
    elif last < len(lines) and not lines[last].strip():
        last += 1
    lines[first:last] = keep + [_GONE] * (last - first - len(keep))


def _first_paragraph(lines: list[str]) -> list[str]:
    blank = next((i for i, line in enumerate(lines) if not line.strip()), None)
    if blank is None:
        return lines
    quotes = re.search(r'"""|\'\'\'|"|\'', lines[0]).group()
    return [*lines[: blank - 1], lines[blank - 1] + quotes]


def _longest_run(code: str) -> int:
    return max((len(run) for run in re.findall("`+", code)), default=0)
