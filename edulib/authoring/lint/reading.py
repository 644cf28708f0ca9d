"""How long a page takes its reader, counted from what is in view."""

import re
from typing import NamedTuple

from nbformat import NotebookNode

from edulib.authoring.lint.page import Page, tags, without_code

WORDS_A_MINUTE = 200
SECONDS_A_LINE, SECONDS_A_FIGURE = 4, 35
CORE_MINUTES = 25
FURTHER = "Going further"
AT_THE_END = {"exercises", "quiz"}

_WORD = re.compile(r"[^\W_][\w'\u2019.,-]*")
_DROPPED = re.compile(
    r"\$\$.*?\$\$|\$[^$\n]+\$|<[^>]+>|\]\([^)]*\)|https?://\S+", re.DOTALL
)
_QUOTED = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_NOT_IN_VIEW = {"hide-input", "remove-input", "remove-cell", "hide-cell"}


class Minutes(NamedTuple):
    """Minutes of reading: the core of a chapter, and what goes further."""

    core: int
    further: int


def reading_minutes(page: Page) -> Minutes:
    """Return how long a chapter is read, its exercises and quiz left out."""
    seconds = {False: 0.0, True: 0.0}
    for section in page.sections:
        if set(section.roles) & AT_THE_END:
            continue
        code = [cell for _, cell in section.cells if cell.cell_type == "code"]
        seconds[section.title.startswith(FURTHER)] += (
            60 * count_words(section.text) / WORDS_A_MINUTE
            + SECONDS_A_LINE * sum(map(visible_lines, code))
            + SECONDS_A_FIGURE * sum("figure" in _mystnb(cell) for cell in code)
        )
    return Minutes(round(seconds[False] / 60), round(seconds[True] / 60))


def visible_lines(cell: NotebookNode) -> int:
    """Count the lines of code that a cell shows unfolded, quoted source included."""
    if "remove-cell" in tags(cell) or "hide-cell" in tags(cell):
        return 0
    quoted = 0
    if not tags(cell) & {"hide-output", "remove-output"}:
        texts = (out.get("data", {}).get("text/markdown", "") for out in cell.outputs)
        quoted = sum(
            code.count("\n")
            for text in texts
            for code in _QUOTED.findall("".join(text))
        )
    own = 0 if tags(cell) & _NOT_IN_VIEW else len(cell.source.strip().splitlines())
    return own + quoted


def count_words(text: str) -> int:
    """Count the words of Markdown, without code, formulas and addresses."""
    return len(_WORD.findall(_DROPPED.sub(" ", without_code(text))))


def _quoted(cell: NotebookNode) -> int:
    texts = ("".join(o.get("data", {}).get("text/markdown", "")) for o in cell.outputs)
    return sum(code.count("\n") for text in texts for code in _QUOTED.findall(text))


def _mystnb(cell: NotebookNode) -> dict:
    return cell.metadata.get("mystnb", {})
