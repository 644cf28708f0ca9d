"""Blocks of a diagram: slabs that stand on a wide page, plates that lie on a phone.

The flow runs along u and branches spread along v: u is x on a wide page and y on a
phone. A part is measured first, and drawn once its place is known.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from edulib.drawing.diagram_canvas import (
    LINE,
    Canvas,
    Point,
    kind_color,
    text_width,
)
from edulib.drawing.diagram_tree import Block
from edulib.drawing.diagram_words import hint, label_lines

_BAND = 5
_SLICE_GAP = 5
_SHOWN = 3
_LOOP = 14
_SMALL_RING = 6


@dataclass(frozen=True)
class Style:
    """How blocks are turned and scaled.

    Attributes:
        wide: whether the flow runs from left to right.
        side: pixels of the highest resolution.
        top: the highest resolution, in positions.
        joined: whether shape and parameters share a line of a label.
    """

    wide: bool
    side: float
    top: int
    joined: bool = False

    def place(self, u: float, v: float) -> Point:
        """Turn flow coordinates into those of the page."""
        return (u, v) if self.wide else (v, u)

    @property
    def lane(self) -> float:
        """Pixels between branches."""
        return 18 if self.wide else 10

    @property
    def label_column(self) -> float:
        """Pixels from the flow to labels beside it."""
        return self.side * 0.62 + 14

    def form(self, beside: bool) -> str:
        """Give the form of labels on a phone."""
        if not beside:
            return "narrow"
        return "joined" if self.joined else "tall"

    def extent(self, positions: int) -> float:
        """Give the pixels of a resolution, on a logarithmic scale."""
        share = math.log2(1 + positions) / math.log2(1 + self.top)
        return max(7.0, self.side * share)

    def thickness(self, channels: int) -> float:
        """Give the pixels of a number of channels, on a logarithmic scale."""
        steps = math.log2(1 + channels)
        return 4 + 2.3 * steps if self.wide else 3 + 1.5 * steps


@dataclass(frozen=True)
class Part:
    """A measured part of a diagram.

    Attributes:
        length: pixels along the flow.
        before: pixels that it needs above the flow (to its left, on a phone).
        under: pixels below the flow down to its labels.
        after: pixels that it needs below the flow, labels included.
        inlet: where the flow enters, from its start; an arrow points there.
        outlet: where the flow leaves, from its start.
        draw: draws it at (u, v), labels `base` pixels below the flow.
        arrow: whether the line into it ends in an arrow's head.
    """

    length: float
    before: float
    under: float
    after: float
    inlet: float
    outlet: float
    draw: Callable[[Canvas, float, float, float], None]
    arrow: bool = True


def measure_slab(block: Block, style: Style) -> Part:
    """Measure an upright block with its labels below."""
    channels, height, width = block.size
    a, b = style.thickness(channels), style.extent(height)
    depth = (0.28 * style.extent(width), 0.2 * style.extent(width))
    shown = min(block.repeat, _SHOWN)
    slice_length = a + _BAND * len(block.bands)
    solid = shown * slice_length + (shown - 1) * _SLICE_GAP + depth[0]
    loop = _LOOP if block.residual else 0
    body = solid + 2 * loop + (_SMALL_RING if loop else 0)
    lines = label_lines(block, "full")
    length = max(body, *(text_width(*line) for line in lines))
    left = (length - body) / 2 + loop
    roof = b / 2 + depth[1] + loop + (18 if block.repeat > 1 else 0)

    def draw(canvas: Canvas, u: float, v: float, base: float) -> None:
        x, y = u + left, v - b / 2
        canvas.group(hint(block))
        for k in range(shown):
            at = x + k * (slice_length + _SLICE_GAP)
            _slab(canvas, block, (at, y), (a, b), depth)
        canvas.close()
        peak = y - depth[1]
        if loop:
            _loop(canvas, (x - loop, v), (x + solid + loop, v), peak - loop, style)
        if block.repeat > 1:
            canvas.text(
                (x + solid / 2, peak - loop - 6),
                f"×{block.repeat}",
                anchor="middle",
                size=13,
                bold=True,
            )
        canvas.write(lines, (u + length / 2, v + base + 18), "middle")

    after = b / 2 + 18 + LINE * len(lines) - 6
    right = length - (length - body) / 2
    return Part(length, roof, b / 2, after, left, right, draw)


def _slab(
    canvas: Canvas,
    block: Block,
    at: Point,
    front: tuple[float, float],
    depth: tuple[float, float],
) -> None:
    """Draw a standing block; its bands are stripes at the end of front and top."""
    (x, y), (a, b), (dx, dy) = at, front, depth
    length = a + _BAND * len(block.bands)
    canvas.cuboid(at, (length, b), depth, kind_color(block.kind))
    for share in _shares(block.parts):
        edge = x + a * share
        points = [(edge, y + b), (edge, y), (edge + dx, y - dy)]
        canvas.line(points, kind="p", radius=0)
    for k, band in enumerate(block.bands):
        edge = x + a + k * _BAND
        canvas.stripe((edge, y), (_BAND, b), depth, kind_color(band))


def measure_plate(block: Block, style: Style, beside: bool) -> Part:
    """Measure a lying block, with its labels beside or below it."""
    channels, height, width = block.size
    a, b = style.extent(width), style.thickness(channels)
    depth = (0.24 * style.extent(height), 0.2 * style.extent(height))
    shown = min(block.repeat, _SHOWN)
    band = _BAND - 1
    slice_length = b + band * len(block.bands)
    step = slice_length + _SLICE_GAP
    solid = depth[1] + (shown - 1) * step + slice_length
    loop = _LOOP if block.residual else 0
    body = solid + 2 * loop + (_SMALL_RING if loop else 0)
    lines = label_lines(block, style.form(beside))
    text = LINE * len(lines)
    widest = max(text_width(*line) for line in lines)
    length = max(body, text) if beside else body + text + 4
    top = (length - body) / 2 if beside else 0
    half = (a + depth[0]) / 2
    reach = style.label_column

    def draw(canvas: Canvas, u: float, v: float, _: float) -> None:
        x, y = v - half, u + top + loop + depth[1]
        canvas.group(hint(block))
        for k in range(shown - 1, -1, -1):
            _plate(canvas, block, (x, y + k * step), (a, b), depth)
        canvas.close()
        if loop:
            start, end = (u + top, v), (u + top + loop + solid + loop, v)
            _loop(canvas, start, end, v - half - loop, style)
        if beside:
            at = (v + reach, u + (length - text) / 2 + LINE - 3)
            canvas.write(lines, at, "start")
        else:
            canvas.write(lines, (v, u + body + LINE + 1), "middle")

    side = reach + widest if beside else max(half, widest / 2)
    before = max(half + loop, 0 if beside else widest / 2)
    return Part(length, before, 0, side, top + loop, top + body, draw)


def _plate(
    canvas: Canvas,
    block: Block,
    at: Point,
    front: tuple[float, float],
    depth: tuple[float, float],
) -> None:
    (x, y), (a, b) = at, front
    band = _BAND - 1
    for k in reversed(range(len(block.bands))):
        color = kind_color(block.bands[k])
        canvas.cuboid((x, y + b + k * band), (a, band), depth, color)
    canvas.cuboid(at, front, depth, kind_color(block.kind))
    for share in _shares(block.parts):
        edge = y + b * share
        points = [(x, edge), (x + a, edge), (x + a + depth[0], edge - depth[1])]
        canvas.line(points, kind="p", radius=0)


def _shares(parts: tuple[int, ...]) -> list[float]:
    """Give the places where a block is cut into the branches that it joins."""
    total, at, shares = sum(parts), 0, []
    for part in parts[:-1]:
        at += part
        shares.append(at / total)
    return shares


def _loop(canvas: Canvas, start: Point, end: Point, v: float, style: Style) -> None:
    """Draw the shortcut around a block, and the sum behind it."""
    (u0, flow), (u1, _) = start, end
    path = [(u0, flow), (u0, v), (u1, v), (u1, flow - _SMALL_RING)]
    canvas.line([style.place(*point) for point in path], arrow=True)
    canvas.line([style.place(u1 - _LOOP, flow), style.place(u1, flow)])
    canvas.circle(style.place(u1, flow), _SMALL_RING, "+")
