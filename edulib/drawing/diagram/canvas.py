"""Shapes and text of a diagram, as SVG, with the place that each takes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

Point = tuple[float, float]

SMALL = 11
LARGE = 15
LINE = 14
HEAD = 3.5  # half the width of an arrow's head

# Widths in ems, of DejaVu Sans: the widest of the fonts that browsers fall back to.
_WIDTHS = {
    **dict.fromkeys(" .,:;'|/·ijlIJ", 0.35),
    **dict.fromkeys("!()[]-ftr", 0.45),
    **dict.fromkeys("CDGHNOQU", 0.78),
    **dict.fromkeys("ABEFKLPRSTVXYZ", 0.69),
    **dict.fromkeys("mwMW×+%@", 0.98),
}
_BOLD = 1.12


def text_width(text: str, size: float = SMALL, bold: bool = False) -> float:
    """Estimate the width of a text in pixels, for the widest of the usual fonts."""
    width = sum(_WIDTHS.get(letter, 0.64) for letter in text)
    return width * size * (_BOLD if bold else 1.0)


def mix(color: str, other: str, share: float) -> str:
    """Mix two colours "#rrggbb"; `share` is that of the second."""
    pairs = [(int(color[k : k + 2], 16), int(other[k : k + 2], 16)) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


@dataclass(frozen=True)
class TextBox:
    """Where a text stands: its corners, in pixels."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass
class Canvas:
    """Collects shapes; grows with them."""

    elements: list[str] = field(default_factory=list)
    texts: list[TextBox] = field(default_factory=list)
    solids: list[tuple[float, float, float, float]] = field(default_factory=list)
    bounds: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0, 0.0])

    def text(
        self,
        at: Point,
        text: str,
        *,
        anchor: str = "start",
        size: float = SMALL,
        bold: bool = False,
    ) -> None:
        """Write a line; `at` is on its baseline, at its start, middle or end."""
        x, y = at
        width = text_width(text, size, bold)
        left = x - {"start": 0, "middle": width / 2, "end": width}[anchor]
        box = TextBox(text, left, y - 0.8 * size, left + width, y + 0.25 * size)
        self.texts.append(box)
        self._grow(box.left, box.top)
        self._grow(box.right, box.bottom)
        style = "" if anchor == "start" else f' text-anchor="{anchor}"'
        style += "" if size == SMALL else f' font-size="{size}"'
        style += ' class="b"' if bold else ""
        self.elements.append(
            f'<text x="{_n(x)}" y="{_n(y)}"{style}>{escape(text)}</text>'
        )

    def write(
        self, lines: Sequence[tuple[str, float, bool]], at: Point, anchor: str
    ) -> None:
        """Write lines (text, size, bold) below each other, the first one at `at`."""
        for k, (text, size, bold) in enumerate(lines):
            where = (at[0], at[1] + k * LINE)
            self.text(where, text, anchor=anchor, size=size, bold=bold)

    def cuboid(
        self,
        at: Point,
        front: tuple[float, float],
        depth: tuple[float, float],
        color: str,
    ) -> None:
        """Draw a block: its front at `at` (left, top), its depth up and right."""
        (x, y), (a, b), (dx, dy) = at, front, depth
        top = [(x, y), (x + dx, y - dy), (x + a + dx, y - dy), (x + a, y)]
        right, back = x + a, y + b
        side = [(right, y), (right + dx, y - dy), (right + dx, back - dy)]
        side.append((right, back))
        face = [(x, y), (right, y), (right, back), (x, back)]
        self.polygon(top, mix(color, "#ffffff", 0.4))
        self.polygon(side, mix(color, "#000000", 0.22))
        self.polygon(face, color)
        self.solids.append((x, y - dy, right + dx, back))

    def stripe(
        self,
        at: Point,
        front: tuple[float, float],
        depth: tuple[float, float],
        color: str,
    ) -> None:
        """Paint a stripe on the front and the top of a block."""
        (x, y), (a, b), (dx, dy) = at, front, depth
        top = [(x, y), (x + dx, y - dy), (x + a + dx, y - dy), (x + a, y)]
        self.polygon(top, mix(color, "#ffffff", 0.4))
        self.polygon([(x, y), (x + a, y), (x + a, y + b), (x, y + b)], color)

    def chip(
        self, at: Point, side: float, color: str, height: float | None = None
    ) -> None:
        """Draw a small square of a colour, its left top corner at `at`.

        Args:
            at: its left top corner.
            side: its width, and its height unless that is given.
            color: of its face.
            height: of one that many lines enter.
        """
        (x, y), height = at, side if height is None else height
        self._grow(x + side, y + height)
        self.elements.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{side}" height="{_n(height)}" '
            f'rx="2" fill="{color}"/>'
        )

    def polygon(self, points: Sequence[Point], fill: str) -> None:
        """Draw a filled face; its edge has the colour of the text, on any ground."""
        for point in points:
            self._grow(*point)
        where = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self.elements.append(f'<polygon points="{where}" fill="{fill}"/>')

    def line(
        self,
        points: Sequence[Point],
        *,
        arrow: bool = False,
        kind: str = "e",
        radius: float = 8,
        head: float = HEAD,
    ) -> None:
        """Draw a line with rounded corners, an arrow's head at its end if asked.

        Args:
            points: its corners.
            arrow: whether it ends in an arrow's head.
            kind: its class in the rules of style.
            radius: of its corners.
            head: half the width of the arrow's head.
        """
        points = [p for k, p in enumerate(points) if k == 0 or p != points[k - 1]]
        if len(points) < 2:
            return
        for x, y in points:
            self._grow(x - 1, y - 1)
            self._grow(x + 1, y + 1)
        path = [f"M{_n(points[0][0])} {_n(points[0][1])}"]
        for before, corner, after in zip(points, points[1:], points[2:], strict=False):
            start, end = _toward(corner, before, radius), _toward(corner, after, radius)
            path.append(f"L{_pair(start)}Q{_pair(corner)} {_pair(end)}")
        path.append(f"L{_pair(points[-1])}")
        self.elements.append(f'<path class="{kind}" d="{"".join(path)}"/>')
        if arrow:
            self._head(points[-2], points[-1], head)

    def circle(self, at: Point, radius: float, sign: str = "") -> None:
        """Draw a ring with a sign in it, or a dot without one.

        Signs are a plus, a minus, a cross, and a diamond for cross-attention.
        """
        x, y = at
        self._grow(x - radius, y - radius)
        self._grow(x + radius, y + radius)
        kind = "o" if sign else "d"
        self.elements.append(
            f'<circle class="{kind}" cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"/>'
        )
        r = radius * (0.42 if sign == "×" else 0.55)
        if sign == "+":
            ends = [((x - r, y), (x + r, y)), ((x, y - r), (x, y + r))]
        elif sign == "\N{WHITE DIAMOND}":
            corners = [(x - r, y), (x, y - r), (x + r, y), (x, y + r), (x - r, y)]
            ends = [*pairwise(corners)]
        elif sign == "\N{MINUS SIGN}":
            ends = [((x - r, y), (x + r, y))]
        elif sign:
            ends = [((x - r, y - r), (x + r, y + r)), ((x - r, y + r), (x + r, y - r))]
        else:
            ends = []
        for start, end in ends:
            self.line([start, end], kind="s")

    def bar(self, start: Point, end: Point, thick: float = 5) -> None:
        """Draw the thick line in which branches are joined side by side.

        Args:
            start: where it begins.
            end: where it ends, at the same height if it is thicker than usual.
            thick: its thickness.
        """
        if thick <= 5:
            self.line([start, end], kind="c")
            return
        (left, y), (right, _) = start, end
        rows = (y - thick / 2, y + thick / 2)
        corners = [(left, rows[0]), (right, rows[0]), (right, rows[1]), (left, rows[1])]
        for point in corners:
            self._grow(*point)
        where = " ".join(f"{_n(px)},{_n(py)}" for px, py in corners)
        self.elements.append(f'<polygon class="h" points="{where}"/>')

    def group(self, hint: str) -> None:
        """Open a group whose tooltip is `hint`; close it with `close`."""
        self.elements.append(f"<g><title>{escape(hint)}</title>")

    def close(self) -> None:
        """Close the group that was opened last."""
        self.elements.append("</g>")

    def _head(self, before: Point, tip: Point, half: float) -> None:
        (x0, y0), (x, y) = before, tip
        if abs(x - x0) >= abs(y - y0):
            back = x - 6 if x > x0 else x + 6
            points = [(x, y), (back, y - half), (back, y + half)]
        else:
            back = y - 6 if y > y0 else y + 6
            points = [(x, y), (x - half, back), (x + half, back)]
        where = " ".join(f"{_n(px)},{_n(py)}" for px, py in points)
        self.elements.append(f'<polygon class="h" points="{where}"/>')

    def _grow(self, x: float, y: float) -> None:
        left, top, right, bottom = self.bounds
        self.bounds = [min(left, x), min(top, y), max(right, x), max(bottom, y)]


def _toward(start: Point, end: Point, distance: float) -> Point:
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])
    share = min(distance, length / 2) / length if length else 0
    return (
        start[0] + (end[0] - start[0]) * share,
        start[1] + (end[1] - start[1]) * share,
    )


def _pair(point: Point) -> str:
    return f"{_n(point[0])} {_n(point[1])}"


def _n(number: float) -> str:
    """Write a coordinate with one digit."""
    return f"{number:.1f}".removesuffix(".0").replace("-0.0", "0")
