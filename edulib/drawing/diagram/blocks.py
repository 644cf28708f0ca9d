"""Blocks of a diagram: slabs that stand on a wide page, plates that lie on a phone.

The flow runs along u and branches spread along v: u is x on a wide page and y on a
phone. A part is measured first, and drawn once its place is known.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from edulib.drawing.diagram.canvas import (
    LINE,
    Canvas,
    Point,
    text_width,
)
from edulib.drawing.diagram.items import Block
from edulib.drawing.diagram.pile import LOOP, RING, Pile
from edulib.drawing.diagram.words import hint, label_lines
from edulib.drawing.style import OP_COLORS

BAND = 5
_FILM = 4
_CUTS = 6


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
        """Return the form of labels on a phone."""
        if not beside:
            return "narrow"
        return "joined" if self.joined else "tall"

    def extent(self, positions: int) -> float:
        """Return the pixels of a resolution, on a logarithmic scale."""
        share = math.log2(1 + positions) / math.log2(1 + self.top)
        return max(7.0, self.side * share)

    def thickness(self, channels: int) -> float:
        """Return the pixels of a number of channels, on a logarithmic scale."""
        steps = math.log2(1 + channels)
        return 4 + 2.2 * steps if self.wide else 3 + 1.8 * steps


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
        outlets: how far beside the flow lines leave, several where branches go on to
            the next part without a node that joins them.
    """

    length: float
    before: float
    under: float
    after: float
    inlet: float
    outlet: float
    draw: Callable[[Canvas, float, float, float], None]
    arrow: bool = True
    outlets: tuple[float, ...] = (0.0,)


def measure_slab(block: Block, style: Style) -> Part:
    """Measure an upright block with its labels below."""
    channels, height, width = block.size
    front = style.thickness(channels), style.extent(height)
    depth = (0.28 * style.extent(width), 0.2 * style.extent(width))
    pile = Pile(block, front[0] + BAND * len(block.bands), depth[0])
    lines = label_lines(block, "full")
    length = max(pile.body, *(text_width(*line) for line in lines))
    left = (length - pile.body) / 2 + pile.loop
    roof = front[1] / 2 + depth[1] + pile.loop + pile.arch

    def draw(canvas: Canvas, u: float, v: float, base: float) -> None:
        x, y = u + left, v - front[1] / 2
        canvas.group(hint(block))
        for k in range(pile.shown):
            _slab(canvas, block, (x + k * pile.step, y), front, depth)
        canvas.close()
        if pile.loop:
            ends = (x - pile.loop, x + pile.solid + pile.loop)
            _loop(canvas, ends, (v, -roof, block.is_loop), style)
        for start, step in pile.spans:
            ends = (x + depth[0] / 2 + start, step)
            _arch(canvas, ends, v - (front[1] + depth[1]) / 2, v - roof, style)
        if block.count:
            at = (x + pile.solid / 2, v - roof - 6)
            canvas.text(at, block.count, anchor="middle", size=13, bold=True)
        canvas.write(lines, (u + length / 2, v + base + 18), "middle")

    return Part(
        length=length,
        before=roof + (18 if block.count else 0),
        under=front[1] / 2,
        after=front[1] / 2 + 12 + LINE * len(lines),
        inlet=left,
        outlet=left - pile.loop + pile.body,
        draw=draw,
    )


def _slab(
    canvas: Canvas,
    block: Block,
    at: Point,
    front: tuple[float, float],
    depth: tuple[float, float],
) -> None:
    """Draw a standing block; its bands are stripes at the end of front and top."""
    (x, y), (a, b), (dx, dy) = at, front, depth
    length = a + BAND * len(block.bands)
    canvas.cuboid(at, (length, b), depth, OP_COLORS[block.op_type])
    for share in _shares(block.parts):
        edge = x + a * share
        points = [(edge, y + b), (edge, y), (edge + dx, y - dy)]
        canvas.line(points, kind="p", radius=0)
    for k, band in enumerate(block.bands):
        edge = x + a + k * BAND
        canvas.stripe((edge, y), (BAND, b), depth, OP_COLORS[band])


def draw_cuboid(
    canvas: Canvas,
    block: Block,
    at: Point,
    front: tuple[float, float],
    depth: tuple[float, float],
) -> None:
    """Draw a standing block at its left top corner, its bands within its width."""
    thin = max(4.0, front[0] - BAND * len(block.bands))
    _slab(canvas, block, at, (thin, front[1]), depth)


def measure_plate(block: Block, style: Style, beside: bool) -> Part:
    """Measure a lying block, with its labels beside or below it."""
    channels, height, width = block.size
    if width == 1:
        height, width = width, height
    front = style.extent(width), style.thickness(channels)
    depth = (0.24 * style.extent(height), 0.2 * style.extent(height))
    pile = Pile(block, front[1] + _FILM * len(block.bands), depth[1])
    lines = label_lines(block, style.form(beside))
    text = LINE * len(lines)
    widest = max(text_width(*line) for line in lines)
    length = max(pile.body, text) if beside else pile.body + text + 8
    top = pile.loop + ((length - pile.body) / 2 if beside else 0)
    half = (front[0] + depth[0]) / 2

    def draw(canvas: Canvas, u: float, v: float, _: float) -> None:
        x, y = v - half, u + top
        canvas.group(hint(block))
        for k in reversed(range(pile.shown)):
            _plate(canvas, block, (x, y + depth[1] + k * pile.step), front, depth)
        canvas.close()
        if pile.loop:
            ends = (y - pile.loop, y + pile.solid + pile.loop)
            _loop(canvas, ends, (v, -half - pile.loop, block.is_loop), style)
        for start, step in pile.spans:
            _arch(canvas, (y + depth[1] + start, step), x, x - pile.arch, style)
        if beside:
            at = (v + style.label_column, u + (length - text) / 2 + LINE - 3)
            canvas.write(lines, at, "start")
        else:
            canvas.write(lines, (v, u + pile.body + LINE + 1), "middle")

    return Part(
        length=length,
        before=max(half + pile.loop + pile.arch, 0 if beside else widest / 2),
        under=0,
        after=style.label_column + widest if beside else max(half, widest / 2),
        inlet=top,
        outlet=top - pile.loop + pile.body if beside else length,
        draw=draw,
    )


def _plate(
    canvas: Canvas,
    block: Block,
    at: Point,
    front: tuple[float, float],
    depth: tuple[float, float],
) -> None:
    """Draw a lying block; its bands are films below it."""
    (x, y), (a, b) = at, front
    for k in reversed(range(len(block.bands))):
        place, color = (x, y + b + k * _FILM), OP_COLORS[block.bands[k]]
        canvas.cuboid(place, (a, _FILM), depth, color)
    canvas.cuboid(at, front, depth, OP_COLORS[block.op_type])
    for share in _shares(block.parts):
        edge = y + b * share
        canvas.line([(x, edge), (x + a, edge)], kind="p")


def _shares(parts: tuple[int, ...]) -> list[float]:
    """Return the places where a block is cut into the branches that it joins."""
    if len(parts) > _CUTS:
        return []
    sums = list(accumulate(parts))
    return [at / sums[-1] for at in sums[:-1]]


def _loop(
    canvas: Canvas,
    ends: tuple[float, float],
    line: tuple[float, float, bool],
    style: Style,
) -> None:
    """Draw a line around a block: back to its front, or a shortcut and its sum.

    Args:
        canvas: where to draw.
        ends: where the line begins and ends along the flow.
        line: where the flow is, how far from it the line runs, whether it leads back.
        style: how the flow runs.
    """
    (first, last), (flow, far, is_back) = ends, line
    path = [(first, flow), (first, flow + far), (last, flow + far), (last, flow)]
    if is_back:
        canvas.line([style.place(*point) for point in reversed(path)], arrow=True)
        canvas.line([style.place(last - LOOP, flow), style.place(last, flow)])
        return
    path[-1] = (last, flow - RING)
    canvas.line([style.place(*point) for point in path], arrow=True)
    canvas.line([style.place(last - LOOP, flow), style.place(last - RING, flow)])
    canvas.circle(style.place(last, flow), RING, "+")


def _arch(
    canvas: Canvas,
    along: tuple[float, float],
    near: float,
    far: float,
    style: Style,
) -> None:
    """Draw the shortcut of one block in a pile: an arch from its front to its back.

    Args:
        canvas: where to draw.
        along: where it starts along the flow, and how long it is.
        near: beside the flow, where the block ends.
        far: beside the flow, where the arch is highest.
        style: how the flow runs.
    """
    start, length = along
    path = [(start, near), (start, far), (start + length, far), (start + length, near)]
    points = [style.place(*point) for point in path]
    canvas.line(points, kind="a", radius=5)
