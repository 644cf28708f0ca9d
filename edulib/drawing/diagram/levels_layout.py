"""The drawing of a network in levels: cells, and lines in the gutters between them."""

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from edulib.anatomy.numbers import shape_words
from edulib.anatomy.op_types import OpType
from edulib.drawing.diagram.blocks import BAND, Part, Style, draw_cuboid
from edulib.drawing.diagram.canvas import LINE, SMALL, Canvas, text_width
from edulib.drawing.diagram.items import SUMS, Block, Levels, is_slim
from edulib.drawing.diagram.levels import (
    START,
    Cell,
    place,
    place_in_one,
    without_count,
)
from edulib.drawing.diagram.words import Line, hint, label_lines
from edulib.drawing.style import OP_COLORS

_LANE = 7
_SIDE = {True: 46.0, False: 32.0}
_GAP = 10
_ROW_GAP = 16
_MARK = 8
_BAR = 11
_ROOM = 620.0
_PHONE = 330.0


def measure_levels(levels: Levels, style: Style) -> Part:
    """Measure a region that is drawn in levels.

    Args:
        levels: its blocks, and what leads where.
        style: how the page around it is drawn.
    """
    own = Style(style.wide, _SIDE[style.wide], style.top)
    forms = ["cell", "slim"] if style.wide else []
    tables = [_Table(levels, own, form, place(levels)) for form in forms]
    fitting = [table for table in tables if table.width <= _ROOM]
    table = next(iter(fitting), None) or _in_one(levels, own)
    entry = table.entry if style.wide else 0.0
    half = table.width / 2

    def draw(canvas: Canvas, u: float, v: float, _: float) -> None:
        left, top = (u, v - entry) if style.wide else (v - half, u)
        _Drawing(table, canvas, left, top).draw(style.place(u, v))

    if style.wide:
        rest = table.height - entry
        return Part(table.width, entry, 0, rest, 0, table.width, draw, arrow=False)
    end = table.height + (_ROW_GAP if table.goes_on else 0)
    return Part(end, half, 0, half, 0, end, draw, arrow=False)


def _in_one(levels: Levels, style: Style) -> "_Table":
    """Put all blocks below each other, with shorter lines if a phone needs them."""
    cells = place_in_one(levels)
    table = _Table(levels, style, "joined", cells)
    if style.wide or table.width <= _PHONE:
        return table
    return _Table(levels, style, "slim", cells)


@dataclass(frozen=True)
class _Box:
    """What a cell needs.

    Attributes:
        block: what stands in it.
        lines: its label.
        front: width and height of the front of its block.
        depth: of its block, to the right and up.
    """

    block: Block
    lines: list[Line]
    front: tuple[float, float]
    depth: tuple[float, float]

    @property
    def port(self) -> float:
        """From the top to where lines enter and leave at the sides."""
        return self.depth[1] + min(self.front[1] / 2, _MARK)

    @property
    def bottom(self) -> float:
        """From the top to the lower edge of the block."""
        return self.depth[1] + self.front[1]

    @property
    def text(self) -> float:
        """From the top to the first baseline."""
        return self.port + LINE

    @property
    def solid(self) -> float:
        """Width of the block."""
        return self.front[0] + self.depth[0]

    @property
    def width(self) -> float:
        """Width with the label."""
        return self.solid + 6 + max(text_width(*line) for line in self.lines)

    @property
    def height(self) -> float:
        """Height with the label."""
        return max(self.bottom, self.text + LINE * (len(self.lines) - 1) + 4)


def _box(block: Block, style: Style, form: str) -> _Box:
    if is_slim(block):
        words = block.op_type if block.op_type in SUMS else block.words
        if block.op_type is OpType.CONCAT:
            words = "concat"
        lines = label_lines(block, form)
        short = [line for line in lines if not line[2]][:-1] or [(words, SMALL, True)]
        if block.op_type not in (OpType.POOLING, OpType.RESHAPE, OpType.OTHER):
            short = [(words, SMALL, True)]
        elif block.op_type is OpType.OTHER and block.name != block.words:
            short = lines[:-1]
        if block.op_type is OpType.OUTPUT:
            short = lines[:-1]
        shape = (shape_words(block.shape, block.more), SMALL, False)
        return _Box(block, [*short, shape], (2.0 * _MARK, 2.0 * _MARK), (0, 0))
    width = max(style.thickness(block.size[0]), 4 + BAND * len(block.bands))
    front = width, style.extent(block.size[1])
    depth = 0.28 * style.extent(block.size[2]), 0.2 * style.extent(block.size[2])
    return _Box(block, label_lines(without_count(block), form), front, depth)


@dataclass
class _Table:
    """The cells of a region with their sizes, and the lines between them."""

    levels: Levels
    style: Style
    form: str
    cells: list[Cell]
    boxes: list[_Box] = field(init=False)

    def __post_init__(self) -> None:
        self.boxes = [_box(b, self.style, self.form) for b in self.levels.blocks]

    @cached_property
    def goes_on(self) -> bool:
        """Whether something is behind the region."""
        return any(target == len(self.boxes) for _, target in self.levels.links)

    @cached_property
    def columns(self) -> int:
        return 1 + max(cell.column for cell in self.cells)

    @cached_property
    def stacks(self) -> dict[tuple[int, int], list[int]]:
        """The blocks of each row and column, from top to bottom."""
        found: dict[tuple[int, int], list[int]] = {}
        for k, cell in enumerate(self.cells):
            found.setdefault((cell.row, cell.column), []).append(k)
        for blocks in found.values():
            if self.cells[blocks[0]].upward:
                blocks.reverse()
        return found

    @cached_property
    def turns(self) -> list[tuple[int, int]]:
        """The links that are no straight line down or up a column."""
        return [link for link in self.levels.links if not self._is_straight(*link)]

    def _is_straight(self, source: int, target: int) -> bool:
        """Whether nothing stands between two blocks of a column."""
        if source == START or target == len(self.boxes):
            return False
        one, two = self.cells[source], self.cells[target]
        lane = [k for k, cell in enumerate(self.cells) if cell.lane == one.lane]
        if one.lane != two.lane:
            return False
        return lane.index(target) == lane.index(source) + 1

    def column_of(self, place: int) -> int:
        """Return the column of a block, of the start or of the end."""
        if place == START:
            return -1
        return self.columns if place == len(self.boxes) else self.cells[place].column

    @cached_property
    def gutters(self) -> list[float]:
        """Width of the room left of each column, and right of the last."""
        count: Counter[int] = Counter()
        for source, target in self.turns:
            count[self.column_of(target)] += 1
            if self.column_of(target) > self.column_of(source) + 1:
                count[self.column_of(source) + 1] += 1
        ends = [k for k in range(self.columns + 1) if k < self.columns or count[k]]
        return [_GAP + 6 + _LANE * count[k] for k in ends]

    @cached_property
    def solids(self) -> list[float]:
        """Width of the widest block of each column, on whose middle its line runs."""
        return [
            max(box.solid for box in self._of_column(n)) for n in range(self.columns)
        ]

    def _of_column(self, column: int) -> list[_Box]:
        cells = zip(self.boxes, self.cells, strict=True)
        return [box for box, cell in cells if cell.column == column]

    @cached_property
    def lefts(self) -> list[float]:
        """Where each column begins, and where the last gutter does."""
        found, x = [], 0.0
        for k in range(self.columns):
            x += self.gutters[k]
            found.append(x)
            boxes = self._of_column(k)
            x += max(self.solids[k] / 2 + box.width - box.solid / 2 for box in boxes)
        return [*found, x]

    @property
    def width(self) -> float:
        last = self.gutters[self.columns :]
        return self.lefts[-1] + sum(last)

    @cached_property
    def passing(self) -> Counter[int]:
        """How many lines run above the cells of each row."""
        return Counter(
            self.row_of(source)
            for source, target in self.turns
            if self.column_of(target) > self.column_of(source) + 1
        )

    def row_of(self, place: int) -> int:
        """Return the row of a block; that of the start is its first reader's."""
        if place == START:
            readers = self.levels.readers(START) or [0]
            return min(self.cells[k].row for k in readers)
        return self.cells[place].row

    @cached_property
    def tops(self) -> list[float]:
        """The upper edge of each block."""
        found = [0.0] * len(self.boxes)
        y = 4.0
        for row in range(1 + max(cell.row for cell in self.cells)):
            y += _LANE * self.passing[row]
            ends = [y]
            for (at, _), blocks in self.stacks.items():
                if at != row:
                    continue
                top = y
                for k in blocks:
                    found[k] = top
                    top += self.boxes[k].height + _GAP
                ends.append(top - _GAP)
            y = max(ends) + _ROW_GAP
        return found

    @property
    def height(self) -> float:
        ends = zip(self.tops, self.boxes, strict=True)
        return max(top + box.height for top, box in ends) + 4

    @property
    def entry(self) -> float:
        """The height at which the flow enters."""
        first = min(self.levels.readers(START), default=0)
        return self.tops[first] + self.boxes[first].port


@dataclass
class _Drawing:
    """Draws a table at its place."""

    table: _Table
    canvas: Canvas
    left: float
    top: float
    used: Counter = field(default_factory=Counter)

    def draw(self, entry: tuple[float, float]) -> None:
        """Draw lines, then blocks with their labels.

        Args:
            entry: where the flow enters.
        """
        self.entry = entry
        links = self.table.levels.links
        for k, (source, target) in enumerate(links):
            if (source, target) in self.table.turns:
                self._turn(source, target)
            else:
                count, n = links.count(links[k]), links[:k].count(links[k])
                self._straight(source, target, _MARK * (n - (count - 1) / 2))
        for k in range(len(self.table.boxes)):
            self._cell(k)

    def _middle(self, k: int) -> float:
        column = self.table.cells[k].column
        return self.left + self.table.lefts[column] + self.table.solids[column] / 2

    def _sides(self, k: int) -> tuple[float, float]:
        """Return the left and the right edge of a block at its port."""
        box, middle = self.table.boxes[k], self._middle(k)
        start = middle - box.solid / 2
        if is_slim(box.block):
            reach = _BAR if box.block.op_type is OpType.CONCAT else _MARK
            return middle - reach, middle + reach
        return start, start + box.solid

    def _port(self, k: int) -> float:
        return self.top + self.table.tops[k] + self.table.boxes[k].port

    def _straight(self, source: int, target: int, off: float) -> None:
        """Lead a line down or up a column, `off` pixels from its middle."""
        boxes, tops = self.table.boxes, self.table.tops
        x = self._middle(source) + off
        upper, lower = sorted((source, target), key=lambda k: tops[k])
        above = self.top + tops[upper] + boxes[upper].bottom
        below = self.top + tops[lower]
        if is_slim(boxes[upper].block):
            above = self._port(upper) + self._reach(upper)
        if is_slim(boxes[lower].block):
            below = self._port(lower) - self._reach(lower)
        ends = (above, below) if upper == source else (below, above)
        self.canvas.line([(x, end) for end in ends], arrow=True)

    def _reach(self, k: int) -> float:
        kind = self.table.boxes[k].block.op_type
        return 2.5 if kind is OpType.CONCAT else _MARK

    def _turn(self, source: int, target: int) -> None:
        """Lead a line through the gutters, above the cells of its row if it is long."""
        table = self.table
        first, last = table.column_of(source), table.column_of(target)
        ends_here = target == len(table.boxes)
        goal = self._exit() if ends_here else self._port(target)
        turn = self._lane(last)
        points = self._leave(source, goal, last > first)
        if last > first + 1:
            row = table.row_of(source)
            self.used["row", row] += 1
            blocks = [k for k, cell in enumerate(table.cells) if cell.row == row]
            highest = self.top + min(table.tops[k] for k in blocks)
            passing = highest - _LANE * self.used["row", row] + 2
            out = self._lane(first + 1)
            y = points[-1][1]
            points += [(out, y), (out, passing), (turn, passing)]
        else:
            points.append((turn, points[-1][1]))
        points.append((turn, goal))
        if ends_here:
            self.canvas.line([*points, (self.left + table.width, goal)])
            return
        self.canvas.line([*points, (self._sides(target)[0], goal)], arrow=True)

    def _leave(
        self, source: int, goal: float, ahead: bool
    ) -> list[tuple[float, float]]:
        """Return how a line leaves a block: without a step, if that can be."""
        if source == START:
            return [self.entry]
        if not ahead and any(target == source for _, target in self.table.turns):
            return self._leave_below(source)
        left, right = self._sides(source)
        box, port = self.table.boxes[source], self._port(source)
        low, high = port - box.port + box.depth[1], port - box.port + box.bottom
        level = ahead and not is_slim(box.block) and low < goal < min(high, port + 6)
        return [(right if ahead else left, goal if level else port)]

    def _leave_below(self, k: int) -> list[tuple[float, float]]:
        """Return how a line leaves a block below the head of an arrow into it."""
        box, port, middle = self.table.boxes[k], self._port(k), self._middle(k)
        if box.block.op_type is OpType.CONCAT:
            return [(middle - _MARK, port + 2), (middle - _MARK, port + _MARK)]
        if is_slim(box.block):
            return [(middle - 6, port + 6)]
        return [(self._sides(k)[0], port + min(_MARK, box.bottom - box.port))]

    def _exit(self) -> float:
        return self.entry[1]

    def _lane(self, column: int) -> float:
        """Return the place of the next free line in the gutter left of a column."""
        self.used[column] += 1
        edge = self.left + self.table.lefts[min(column, self.table.columns)]
        if column == self.table.columns:
            edge += self.table.gutters[column]
        return edge - _GAP - _LANE * (self.used[column] - 1) - 2

    def _cell(self, k: int) -> None:
        box, top = self.table.boxes[k], self.top + self.table.tops[k]
        middle = self._middle(k)
        left, right = self._sides(k)
        self.canvas.group(hint(box.block))
        if is_slim(box.block):
            self._mark(k, middle)
        else:
            at = (left, top + box.depth[1])
            draw_cuboid(self.canvas, box.block, at, box.front, box.depth)
        self.canvas.close()
        self.canvas.write(box.lines, (right + 6, top + box.text), "start")

    def _mark(self, k: int, x: float) -> None:
        block, y = self.table.boxes[k].block, self._port(k)
        if block.op_type in SUMS:
            self.canvas.circle((x, y), _MARK, SUMS[block.op_type])
        elif block.op_type is OpType.CONCAT:
            self.canvas.bar((x - _BAR, y), (x + _BAR, y))
        else:
            side = 2 * _MARK - 4
            color = OP_COLORS[block.op_type]
            self.canvas.chip((x - side / 2, y - side / 2), side, color)
