"""The numbers of an era as tables, and as a page to print."""

from collections.abc import Sequence
from html import escape
from typing import Literal

from edulib.notebook.html_output import HtmlOutput, html_table
from edulib.notebook.tables import show_table
from edulib.reviews import detectors, segmenters
from edulib.reviews.costs import filled
from edulib.reviews.numbers import ModelNumbers

COSTS = (
    *("model", "depth", "parameters (M)", "MACs (G)", "memory (MB)", "sees (px)"),
    "ms an image",
)
ACCURACIES = (
    *("model", "paper, top-1", "top-5", "where, crops"),
    *("later, top-1", "top-5", "by whom"),
)
SHEET = (*COSTS, "Scenes %", "paper, top-5", "later, top-5")
_STYLE = (
    "<style>.eov-era{overflow-x:auto}.eov-era table :is(th,td){text-align:right}"
    ".eov-era table td{white-space:nowrap}"
    ".eov-era table :is(th:first-child,td.eov-words){text-align:left}</style>"
)


def cost_table(rows: Sequence[ModelNumbers]) -> HtmlOutput:
    """Show what the networks cost."""
    return show_table("Costs of the era's networks", COSTS, [r.costs() for r in rows])


def accuracy_table(rows: Sequence[ModelNumbers]) -> HtmlOutput:
    """Show the published accuracies of the networks that have one."""
    lines = [row.accuracies() for row in rows if row.in_paper.how or row.later.how]
    return show_table("Published accuracies of the era's networks", ACCURACIES, lines)


def print_sheet(
    title: str,
    rows: Sequence[ModelNumbers],
    points: list[str],
    boxes: Sequence[detectors.DetectorNumbers] = (),
    maps: Sequence[segmenters.SegmenterNumbers] = (),
    best: Literal[1, 5] = 5,
) -> HtmlOutput:
    """Show a summary that fills one printed page; printing leaves out all else.

    Columns without a number are left out.

    Args:
        title: its heading.
        rows: its classifiers.
        points: sentences under the tables.
        boxes: its detectors.
        maps: its segmenters.
        best: whether the classifiers' accuracies are top-1 or top-5.
    """
    heading = [words.replace("top-5", f"top-{best}") for words in SHEET]
    parts = [
        (heading, [row.sheet(best) for row in rows]),
        (detectors.SHEET, [row.sheet() for row in boxes]),
        (segmenters.SHEET, [row.sheet() for row in maps]),
    ]
    tables = [filled(*part) for part in parts if part[1]]
    items = "".join(f"<li>{escape(point)}</li>" for point in points)
    html = (
        f'<div class="eov-sheet"><p class="eov-sheet-title">{escape(title)}</p>'
        f"{_STYLE}{''.join(map(_html, tables))}<ul>{items}</ul></div>"
    )
    lines = [" | ".join(line) for heading, body in tables for line in (heading, *body)]
    return HtmlOutput(html, "\n".join([title, *lines, *points]))


def _html(part: tuple[list[str], list[list[str]]]) -> str:
    table = html_table(*part)
    return f'<div class="eov-table eov-era" tabindex="0">{table}</div>'
