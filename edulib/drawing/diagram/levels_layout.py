"""The drawing of a network in levels: cells, and lines in the gutters between them."""

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

from edulib.anatomy.numbers import shape_words
from edulib.anatomy.op_types import MERGES, OpType
from edulib.drawing.diagram.blocks import BAND, Part, Style, draw_cuboid
from edulib.drawing.diagram.canvas import LINE, SMALL, Canvas, text_width
from edulib.drawing.diagram.items import SUMS, Block, Levels, is_slim
from edulib.drawing.diagram.levels import (
    Cell,
    place,
    place_by_rank,
    place_in_one,
    without_count,
)
from edulib.drawing.diagram.words import Line, hint, label_lines
from edulib.drawing.style import OP_COLORS

_LANE = 7
_SIDE = {True: 46.0, False: 32.0}
_GAP = 10
_ROW_GAP = 16
_PORT = 18.0  # from the top of a cell to where lines enter and leave at the sides
_REACH = 8.0
_DOT = 2.5
_LOOP = 10
_MARKS = {**dict.fromkeys(SUMS, (16.0, 16.0)), OpType.CONCAT: (22.0, 5.0)}
_CHIP = 12.0, 12.0
_ROOM = {True: 640.0, False: 330.0}


def measure_levels(levels: Levels, style: Style) -> Part:
    """Measure a network in levels, placed as the width of the page allows.

    Args:
        levels: its blocks, and what leads where.
        style: how the page around it is drawn.
    """
    own = Style(style.wide, _SIDE[style.wide], style.top)
    ways = [(place, "cell"), (place_by_rank, "cell")] if style.wide else []
    for cells_of, form in [*ways, (place_in_one, "joined"), (place_in_one, "slim")]:
        table = _Table(levels, own, form, cells_of(levels))
        if table.spans[-1][0] <= _ROOM[style.wide]:
            break
    width, height = table.spans[-1][0], table.height

    def draw(canvas: Canvas, u: float, v: float, _: float) -> None:
        left, top = (u, v) if style.wide else (v - width / 2, u)
        _Drawing(table, canvas, left, top).draw()

    if style.wide:
        return Part(width, 0, 0, height, 0, width, draw)
    return Part(height, width / 2, 0, width / 2, 0, height, draw)


@dataclass(frozen=True)
class _Box:
    """What a cell needs.

    Attributes:
        block: what stands in it.
        lines: its label.
        front: width and height of the front of its block, or of its mark.
        depth: of its block, to the right and up.
        text: from the top to the first baseline.
    """

    block: Block
    lines: list[Line]
    front: tuple[float, float]
    depth: tuple[float, float] = (0, 0)
    text: float = 0.0

    @property
    def roof(self) -> float:
        """From the top to the upper edge of the block."""
        return _PORT - self.depth[1] - min(self.front[1] / 2, _REACH)

    @property
    def bottom(self) -> float:
        """From the top to the lower edge of the block."""
        return self.roof + self.depth[1] + self.front[1]

    @property
    def solid(self) -> float:
        """Width of the block."""
        return self.front[0] + self.depth[0]

    @property
    def margin(self) -> float:
        """From the block to its label."""
        return 6 + (_LOOP + 2) * self.block.is_loop

    @property
    def width(self) -> float:
        """Width with the label."""
        return self.solid + self.margin + max(text_width(*line) for line in self.lines)

    @property
    def height(self) -> float:
        """Height with the label."""
        return max(self.bottom, self.text + LINE * (len(self.lines) - 1) + 4)


def _box(block: Block, style: Style, form: str) -> _Box:
    if is_slim(block):
        front = _MARKS.get(block.op_type, _CHIP)
        return _Box(block, _mark_lines(block, form), front)
    width = max(style.thickness(block.size[0]), 4 + BAND * len(block.bands))
    front = width, style.extent(block.size[1])
    depth = 0.28 * style.extent(block.size[2]), 0.2 * style.extent(block.size[2])
    return _Box(block, label_lines(without_count(block), form), front, depth)


def _mark_lines(block: Block, form: str) -> list[Line]:
    """Return the label of a mark: what it does, without a name that says the same."""
    if block.op_type in MERGES:
        shape = shape_words(block.shape, block.more)
        return [(block.op_type, SMALL, True), (shape, SMALL, False)]
    name, *lines = label_lines(block, form)
    is_named = block.op_type is OpType.OUTPUT or (
        block.op_type is OpType.OTHER and block.name != block.words
    )
    return [name, *lines] if is_named or len(lines) < 2 else lines


@dataclass
class _Table:
    """The cells of a network with their sizes, and the lines between them."""

    levels: Levels
    style: Style
    form: str
    cells: list[Cell]

    @cached_property
    def boxes(self) -> list[_Box]:
        """What stands in the cells; labels are below lines that leave beside them."""
        found = []
        for k, block in enumerate(self.levels.blocks):
            box = _box(block, self.style, self.form)
            readers = [self.cells[r].column for r in self.levels.readers(k)]
            is_clear = is_slim(block) and max(readers, default=0) <= self._column(k)
            found.append(replace(box, text=_PORT + (4 if is_clear else LINE + 5)))
        return found

    def _column(self, k: int) -> int:
        return self.cells[k].column

    @cached_property
    def lanes(self) -> dict[int, list[int]]:
        """The blocks of each lane, in order."""
        found: dict[int, list[int]] = {}
        for k, cell in enumerate(self.cells):
            found.setdefault(cell.lane, []).append(k)
        return found

    @cached_property
    def turns(self) -> list[tuple[int, int]]:
        """The links that are no straight line down or up a column."""
        lanes = self.lanes.values()
        following = {pair for lane in lanes for pair in pairwise(lane)}
        return [link for link in self.levels.links if link not in following]

    def is_long(self, source: int, target: int) -> bool:
        """Whether a line passes a column."""
        return self._column(target) > self._column(source) + 1

    def is_free(self, source: int, target: int) -> bool:
        """Whether a line can pass the columns between at the height of its source."""
        y = self.tops[source] + _PORT
        between = range(self._column(source) + 1, self._column(target))
        for lane in self.lanes.values():
            if self._column(lane[0]) in between:
                first = min(self.tops[k] for k in lane)
                last = max(self.tops[k] + self.boxes[k].height for k in lane)
                if first - _GAP < y < last + _GAP:
                    return False
        return True

    @cached_property
    def spans(self) -> list[tuple[float, float]]:
        """Where each column begins and has its line; at last, where all ends."""
        room: Counter[int] = Counter()  # for the lines in the gutter left of a column
        for source, target in self.turns:
            room[self._column(target)] += _LANE
            if self.is_long(source, target):
                room[self._column(source) + 1] += _LANE
        found, x = [], 0.0
        for k in sorted({cell.column for cell in self.cells}):
            boxes = [b for n, b in enumerate(self.boxes) if self._column(n) == k]
            x += _GAP + 6 + room[k]
            middle = x + max(box.solid for box in boxes) / 2
            found.append((x, middle))
            x = middle + max(box.width - box.solid / 2 for box in boxes)
        return [*found, (x, x)]

    @cached_property
    def tops(self) -> list[float]:
        """The upper edge of each block."""
        passing = Counter(
            self.cells[link[0]].row for link in self.turns if self.is_long(*link)
        )
        found = [0.0] * len(self.boxes)
        y = 4.0
        for row in range(1 + max(cell.row for cell in self.cells)):
            y += _LANE * passing[row]
            ends: dict[int, float] = {}
            here = [k for k, cell in enumerate(self.cells) if cell.row == row]
            for k in sorted(here, key=lambda k: -k if self.cells[k].upward else k):
                found[k] = ends.get(self._column(k), y)
                ends[self._column(k)] = found[k] + self.boxes[k].height + _GAP
            y = max(ends.values(), default=y) - _GAP + _ROW_GAP
        return found

    @property
    def height(self) -> float:
        return max(t + b.height for t, b in zip(self.tops, self.boxes, strict=True)) + 4


@dataclass
class _Drawing:
    """Draws a table at its place."""

    table: _Table
    canvas: Canvas
    left: float
    top: float
    used: Counter = field(default_factory=Counter)
    stems: dict[tuple[float, float], list[float]] = field(default_factory=dict)

    def draw(self) -> None:
        """Draw lines, with a dot where they part, then blocks with their labels."""
        links = self.table.levels.links
        for k, link in enumerate(links):
            if link in self.table.turns:
                self._turn(*link)
            else:
                count, n = links.count(link), links[:k].count(link)
                self._straight(*link, _REACH * (n - (count - 1) / 2))
        for (x, y), turns in self.stems.items():
            for turn in sorted(turns, key=lambda turn: abs(turn - x))[:-1]:
                self.canvas.circle((turn - _REACH * (1 if turn > x else -1), y), _DOT)
        for k in range(len(self.table.boxes)):
            self._cell(k)

    def _middle(self, k: int) -> float:
        return self.left + self.table.spans[self.table.cells[k].column][1]

    def _sides(self, k: int) -> tuple[float, float]:
        """Return the left and the right edge of a block."""
        half = self.table.boxes[k].solid / 2
        return self._middle(k) - half, self._middle(k) + half

    def _port(self, k: int) -> float:
        return self.top + self.table.tops[k] + _PORT

    def _straight(self, source: int, target: int, off: float) -> None:
        """Lead a line down or up a column, `off` pixels from its middle."""
        boxes, tops = self.table.boxes, self.table.tops
        x = self._middle(source) + off
        upper, lower = sorted((source, target), key=lambda k: tops[k])
        above = self.top + tops[upper] + boxes[upper].bottom
        below = self.top + tops[lower] + boxes[lower].roof
        ends = (above, below) if upper == source else (below, above)
        self.canvas.line([(x, end) for end in ends], arrow=True)

    def _turn(self, source: int, target: int) -> None:
        """Lead a line through the gutters, above the cells of its row if it is long."""
        cells = self.table.cells
        first, last = cells[source].column, cells[target].column
        goal, turn = self._arrival(target), self._lane(last)
        points = self._leave(source, last > first)
        start, y = points[0], points[-1][1]
        is_long = self.table.is_long(source, target)
        if is_long and not self.table.is_free(source, target):
            row = cells[source].row
            self.used["row", row] += 1
            tops = zip(self.table.tops, cells, strict=True)
            highest = self.top + min(top for top, cell in tops if cell.row == row)
            passing = highest - _LANE * self.used["row", row] + 2
            out = self._lane(first + 1)
            points += [(out, y), (out, passing), (turn, passing)]
        else:
            points.append((turn, y))
        self.stems.setdefault(start, []).append(points[1][0])
        self.canvas.line(
            [*points, (turn, goal), (self._sides(target)[0], goal)], arrow=True
        )

    def _arrival(self, k: int) -> float:
        """Return where the next line from a gutter arrives at a block."""
        box = self.table.boxes[k]
        self.used["to", k] += 1
        room = 0 if is_slim(box.block) else box.bottom - _PORT - 4
        step = min(_LANE, room / self._count(k))
        return self._port(k) + step * (self.used["to", k] - 1)

    def _count(self, k: int) -> int:
        """Count the lines that come to a block from a gutter."""
        return sum(target == k for _, target in self.table.turns)

    def _leave(self, k: int, ahead: bool) -> list[tuple[float, float]]:
        """Return how a line leaves a block: below those that come in on its side."""
        (left, right), into = self._sides(k), self._count(k)
        box, port = self.table.boxes[k], self._port(k)
        if ahead:
            return [(right, port)]
        if into and is_slim(box.block):
            below = port + box.front[1] / 2
            return [(left + 3, below - 3), (left + 3, below + 3)]
        return [(left, port + min(_REACH * into, box.bottom - _PORT))]

    def _lane(self, column: int) -> float:
        """Return the place of the next free line in the gutter left of a column."""
        self.used[column] += 1
        edge = self.left + self.table.spans[column][0]
        return edge - _GAP - _LANE * (self.used[column] - 1) - 2

    def _cell(self, k: int) -> None:
        box, top = self.table.boxes[k], self.top + self.table.tops[k]
        left, right = self._sides(k)
        self.canvas.group(hint(box.block))
        if is_slim(box.block):
            self._mark(box, (self._middle(k), self._port(k)))
        else:
            at = (left, top + box.roof + box.depth[1])
            draw_cuboid(self.canvas, box.block, at, box.front, box.depth)
        self.canvas.close()
        if box.block.is_loop:
            far, first = right + _LOOP, top + box.roof + box.depth[1]
            last = top + box.bottom - box.depth[1] - 2
            line = [(right, last), (far, last), (far, first), (right, first)]
            self.canvas.line(line, arrow=True, radius=4)
        self.canvas.write(box.lines, (right + box.margin, top + box.text), "start")

    def _mark(self, box: _Box, at: tuple[float, float]) -> None:
        (x, y), (a, b), kind = at, box.front, box.block.op_type
        if kind in SUMS:
            self.canvas.circle(at, a / 2, SUMS[kind])
        elif kind is OpType.CONCAT:
            self.canvas.bar((x - a / 2, y), (x + a / 2, y))
        else:
            self.canvas.chip((x - a / 2, y - b / 2), a, OP_COLORS[kind])
