"""The table of stages on a page: four columns that fit a phone, the others folded."""

from collections.abc import Sequence
from html import escape

from edulib.anatomy.numbers import shape_words, short_bytes, short_count
from edulib.anatomy.table import NOTHING, Row, Table

_STYLE = (
    "<style>.eov-table{overflow-x:auto;margin:.5rem 0;container-type:inline-size}"
    ".eov-table table{border-collapse:collapse;font-size:.84rem;width:auto;"
    "margin:0;font-variant-numeric:tabular-nums}"
    ".eov-table caption{caption-side:top;text-align:left;padding:.2rem .5rem}"
    ".eov-table caption span{display:inline-block;max-width:calc(100cqw - 1rem);"
    "position:sticky;left:.5rem}"
    ".eov-table :is(th,td){padding:.3rem .5rem;text-align:right;white-space:nowrap;"
    "border:0;border-bottom:1px solid color-mix(in srgb,currentColor 18%,transparent)}"
    ".eov-table :is(th,td):first-child{text-align:left}"
    ".eov-table thead th{vertical-align:bottom}"
    ".eov-table tbody :is(th,td){vertical-align:top}"
    ".eov-table tbody tr{background:none}.eov-table tbody th{font-weight:600;"
    "white-space:normal}"
    ".eov-table small{display:block;font-size:.76rem;font-weight:400;opacity:.8}"
    ".eov-table tfoot :is(th,td){border-bottom:0;font-weight:700}"
    "@container (max-width:420px){.eov-table :is(th,td){padding:.3rem .25rem}"
    ".eov-table table{font-size:.76rem}.eov-table small{font-size:.7rem}"
    ".eov-table :is(thead th,td small){white-space:normal}}"
    "</style>"
)


def table_html(table: Table) -> str:
    """Write a table of stages, the paper's numbers below our own.

    Rows that add nothing to the one before are named in it; columns without a number
    are left out.
    """
    cells = [row.cells() for row in table.stages]
    names, layers, _, fields, params, macs, sizes = zip(*cells, strict=True)
    first = [
        ("Stage", list(map(_two_lines, names, layers)), "Total"),
        ("Output", list(map(_output, table.stages)), ""),
        ("Parameters", params, f"{table.params:,}"),
        ("Multiply-adds", macs, short_count(table.macs)),
    ]
    second = [
        ("Stage", list(map(escape, names)), "Total"),
        ("Receptive field", fields, ""),
        ("Activations", sizes, short_bytes(table.bytes)),
    ]
    title = escape(table.title, quote=True)
    caption = f"<caption><span>{escape(table.caption)}</span></caption>"
    return (
        f"{_STYLE}{_region(f'{title}: table of stages', caption, first)}"
        "<details><summary>Receptive fields and memory</summary>"
        f"{_region(f'{title}: more of each stage', '', second)}</details>"
    )


def _two_lines(text: str, small: str) -> str:
    """Write a text, and below it a smaller one if there is one."""
    below = f"<small>{escape(small)}</small>" if small else ""
    return escape(text) + below


def _output(row: Row) -> str:
    """Write a shape, below it how many tensors there are besides, and the paper's."""
    shape = NOTHING if row.shape is None else shape_words(row.shape)
    more = [f"and {row.more} more"] if row.more else []
    paper = [f"paper: {row.paper}"] if row.paper else []
    return _two_lines(shape, ", ".join(more + paper))


def _region(title: str, caption: str, columns: list[tuple]) -> str:
    """Write a table by its columns; those without a number are left out.

    Args:
        title: its name for readers who hear the page.
        caption: HTML of its caption, or "".
        columns: heading, the HTML of the cells, and the total.
    """
    shown = [c for k, c in enumerate(columns) if k == 0 or set(c[1]) != {NOTHING}]
    head = "".join(f'<th scope="col">{heading}</th>' for heading, _, _ in shown)
    rows = zip(*(cells for _, cells, _ in shown), strict=True)
    body = "".join(f"<tr>{_html_cells(row)}</tr>" for row in rows)
    foot = _html_cells([total for _, _, total in shown])
    return (
        f'<div class="eov-table" role="region" tabindex="0" '
        f'aria-label="{title}"><table>{caption}'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
        f"<tfoot><tr>{foot}</tr></tfoot></table></div>"
    )


def _html_cells(line: Sequence[str]) -> str:
    first, *rest = line
    cells = "".join(f"<td>{text}</td>" for text in rest)
    return f'<th scope="row">{first}</th>{cells}'
