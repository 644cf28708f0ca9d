"""Small arithmetic in boxes: matrices of numbers with signs between them.

Plain HTML, so that the numbers can be read aloud, copied, and seen in dark mode; on a
narrow screen a row breaks between its parts.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape

from torch import Tensor

from edulib.notebook.html_output import HtmlOutput

Cell = tuple[int, int]

_STYLE = (
    "<style>:where(.eov-boxes){display:grid;gap:1.1rem;justify-content:center}"
    ":where(.eov-boxes .eov-sum-row){display:flex;flex-wrap:wrap;align-items:center;"
    "justify-content:center;gap:.3rem .8rem}"
    ":where(.eov-boxes .eov-note){flex-basis:100%;text-align:center;font-weight:600}"
    ":where(.eov-boxes .eov-title){font-size:.85em;text-align:center}"
    ":where(.eov-boxes .eov-step){display:flex;align-items:center;gap:.8rem}"
    ":where(.eov-boxes .eov-sign){font-size:1.4em;padding-top:1.1rem}"
    ":where(.eov-boxes .eov-matrix){display:grid;justify-content:center;"
    "font-variant-numeric:tabular-nums}"
    ":where(.eov-boxes .eov-matrix span){min-width:1.9em;height:1.9em;padding:0 .2em;"
    "display:grid;place-items:center;border:1px solid #8886;margin:0 -1px -1px 0;"
    "font-size:.92em}"
    ":where(.eov-boxes .eov-faded){opacity:.45}"
    ":where(.eov-boxes .eov-marked){background:color-mix(in srgb,#e69f00 38%,"
    "transparent);font-weight:700}</style>"
)


@dataclass(frozen=True)
class Box:
    """A matrix in boxes.

    Attributes:
        title: what it is.
        values: (H, W) numbers.
        marked: cells that are picked out, as (row, column).
        padding: rows and columns at each side that are shown faded.
        digits: after the point.
    """

    title: str
    values: Tensor
    marked: Collection[Cell] = ()
    padding: int = 0
    digits: int = 0

    def __post_init__(self) -> None:
        if self.values.ndim != 2:
            raise ValueError(
                f"expected a matrix in {self.title!r}, got {tuple(self.values.shape)}"
            )
        outside = [cell for cell in self.marked if not self._holds(cell)]
        if outside:
            raise ValueError(
                f"expected marked cells within {tuple(self.values.shape)}, got "
                f"{outside}"
            )

    def _holds(self, cell: Cell) -> bool:
        sides = zip(cell, self.values.shape, strict=True)
        return all(0 <= place < side for place, side in sides)

    def lines(self) -> list[list[str]]:
        """Return the numbers as text."""
        rows = self.values.tolist()
        return [[_number(value, self.digits) for value in row] for row in rows]

    def html(self) -> str:
        """Return the box."""
        width = self.values.shape[1]
        cells = "".join(
            f"<span{self._class(i, j)}>{text}</span>"
            for i, row in enumerate(self.lines())
            for j, text in enumerate(row)
        )
        return (
            f'<div><div class="eov-title">{escape(self.title)}</div>'
            f'<div class="eov-matrix" style="grid-template-columns:'
            f'repeat({width},max-content)">{cells}</div></div>'
        )

    def _class(self, i: int, j: int) -> str:
        height, width = self.values.shape
        inside = (
            self.padding <= i < height - self.padding
            and self.padding <= j < width - self.padding
        )
        names = [] if inside else ["eov-faded"]
        names += ["eov-marked"] if (i, j) in self.marked else []
        return f' class="{" ".join(names)}"' if names else ""


def window(row: int, column: int, kernel: int, dilation: int = 1) -> list[Cell]:
    """Return the cells that a window covers, from its upper left corner.

    Example:
        >>> window(0, 1, kernel=2, dilation=2)
        [(0, 1), (0, 3), (2, 1), (2, 3)]
    """
    steps = [dilation * k for k in range(kernel)]
    return [(row + u, column + v) for u in steps for v in steps]


def show_boxes(*rows: Sequence[Box | str]) -> HtmlOutput:
    """Show rows of boxes with signs between them.

    Args:
        rows: each a list of boxes and signs, such as [Box(...), "=", Box(...)]. Text
            in front of the first box stands above the row.

    Raises:
        ValueError: if a row has no box.
    """
    for row in rows:
        if not any(isinstance(part, Box) for part in row):
            raise ValueError(f"expected a box in each row, got {list(row)}")
    html = "".join(f'<div class="eov-sum-row">{_row(row)}</div>' for row in rows)
    return HtmlOutput(
        f'{_STYLE}<div class="eov-boxes">{html}</div>', "\n".join(map(_text, rows))
    )


def _row(row: Sequence[Box | str]) -> str:
    """Write a row; a sign stays beside the box that follows it."""
    parts, sign = [], ""
    for number, part in enumerate(row):
        if isinstance(part, Box):
            parts.append(f'<div class="eov-step">{sign}{part.html()}</div>')
            sign = ""
        elif number:
            sign = f'<span class="eov-sign">{escape(part)}</span>'
        else:
            parts.append(f'<span class="eov-note">{escape(part)}</span>')
    return "".join(parts)


def _text(row: Sequence[Box | str]) -> str:
    return " ".join(
        f"{part.title} {'; '.join(map(' '.join, part.lines()))}"
        if isinstance(part, Box)
        else part
        for part in row
    )


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "\u2212")
