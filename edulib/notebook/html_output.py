"""An output with a form for people who see it and a form for those who read it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_NAME_PARTS = re.compile(r"_(?=\w)")


@dataclass(frozen=True)
class HtmlOutput:
    """HTML for the page and the notebook, text for a terminal and for tests.

    Attributes:
        html: what a browser shows; it carries the little style that it needs, under
            `:where(...)`, so that every rule of a page wins over it.
        text: the same in words.
    """

    html: str
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def one_line(script: str) -> str:
    """Write a script without line breaks, which Markdown might read as paragraphs."""
    return re.sub(r"\s+", " ", script.strip())


def buttons(labels: Sequence[str]) -> str:
    """Write a row of buttons of which the first is pressed."""
    return "".join(
        f'<button type="button" aria-pressed="{"false" if k else "true"}">'
        f"{escape(label)}</button>"
        for k, label in enumerate(labels)
    )


def html_table(heading: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Write a table whose rows begin with what they are about.

    Names of networks may break behind an underscore, and nowhere within a word.

    Args:
        heading: a word for each column.
        lines: the rows, as many cells each.
    """
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in heading)
    body = "".join(
        f'<tr><th scope="row">{_NAME_PARTS.sub("_<wbr>", escape(first))}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in lines
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
