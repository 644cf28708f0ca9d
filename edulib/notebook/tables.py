"""A table of numbers in a notebook, as the book's pages style it."""

from collections.abc import Sequence
from html import escape

from edulib.notebook.html_output import HtmlOutput, html_table

_STYLE = (
    "<style>.eov-bench{overflow-x:auto;margin:.5rem 0}"
    ".eov-bench table{border-collapse:collapse;width:auto;margin:0;"
    "font-variant-numeric:tabular-nums}"
    ".eov-bench :is(th,td){padding:.3rem .6rem;text-align:right;border:0;"
    "border-bottom:1px solid color-mix(in srgb,currentColor 18%,transparent)}"
    ".eov-bench :is(th,td):first-child{text-align:left}"
    ".eov-bench tbody th{font-weight:400}.eov-bench tbody tr{background:none}"
    ".eov-bench td{white-space:nowrap}</style>"
)


def show_table(
    label: str, heading: Sequence[str], lines: Sequence[Sequence[str]]
) -> HtmlOutput:
    """Show a table, and the same as text.

    Args:
        label: what the table shows, for those who cannot see it.
        heading: a word for each column.
        lines: the rows, as many cells each; the first says what the row is about.

    Raises:
        ValueError: if a row has more or fewer cells than the heading.

    Example:
        >>> show_table("Errors", ("layers", "error"), [("11", "29.6 %")])
        layers  error
        11      29.6 %
    """
    for line in lines:
        if len(line) != len(heading):
            raise ValueError(f"expected {len(heading)} cells in a row, got {line}")
    html = (
        f'{_STYLE}<div class="eov-table eov-bench" role="region" tabindex="0" '
        f'aria-label="{escape(label, quote=True)}">'
        f"{html_table(heading, lines)}</div>"
    )
    columns = zip(heading, *lines, strict=True)
    widths = [max(map(len, column)) for column in columns]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in (heading, *lines)
    ]
    return HtmlOutput(html, "\n".join(line.rstrip() for line in text))
