"""The drawing of a network in levels: cells, and lines in the gutters between them."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations, pairwise, product

from edulib.anatomy.op_types import OpType
from edulib.drawing.diagram.blocks import Part, Style, draw_cuboid
from edulib.drawing.diagram.canvas import HEAD, Canvas, Point
from edulib.drawing.diagram.items import SUMS, Levels, is_slim
from edulib.drawing.diagram.levels import has_towers, place
from edulib.drawing.diagram.levels_ranks import (
    place_by_rank,
    place_in_columns,
    place_in_one,
    place_in_three,
    place_in_two,
)
from edulib.drawing.diagram.levels_table import (
    ARC,
    LANE,
    LOOP,
    PORT,
    REACH,
    Box,
    Table,
)
from edulib.drawing.diagram.words import hint
from edulib.drawing.style import OP_COLORS

Link = tuple[int, int]

_SIDE = {True: 46.0, False: 32.0}
_DOT = 2.5
_HEAD = 2.0  # half the width of a head that can be seen among many
_STUB = 9
_NEAR = 3  # pixels: lines so near to each other look like one
_CLEAR = 4  # pixels: between a line and the arc below it
_LEAST = 7  # pixels along the block that an arc needs
_TRIES = 120  # orders of lines that are looked at
_SHARED = 100  # a line on another one is as bad as so many that cross
_ROOM = {True: 672.0, False: 330.0}


def measure_levels(levels: Levels, style: Style) -> Part:
    """Measure a network in levels, placed as the width of the page allows.

    Args:
        levels: its blocks, and what leads where.
        style: how the page around it is drawn.
    """
    own = Style(style.wide, _SIDE[style.wide], style.top)
    ways = [(place, "cell"), (place_by_rank, "cell")]
    ways += [(place_in_columns, "cell"), (place_in_columns, "slim")]
    ways += [(place_in_three, "cell"), (place_in_two, "cell")]
    if not style.wide:
        ways = [(place_in_two, "half")] if has_towers(levels) else []
    ways += [(place_in_one, form) for form in ("joined", "slim", "half")]
    for cells_of, form in ways:
        table = Table(levels, own, form, cells_of(levels))
        if table.spans[-1][0] <= _ROOM[style.wide]:
            break
    width, height = table.spans[-1][0], table.height

    def draw(canvas: Canvas, u: float, v: float, _: float) -> None:
        left, top = (u, v) if style.wide else (v - width / 2, u)
        _Drawing(table, canvas, left, top).draw()

    if style.wide:
        return Part(width, 0, 0, height, 0, width, draw)
    return Part(height, width / 2, 0, width / 2, 0, height, draw)


@dataclass
class _Drawing:
    """Draws a table at its place."""

    table: Table
    canvas: Canvas
    left: float
    top: float
    used: Counter = field(default_factory=Counter)
    stems: dict[Point, list[list[Point]]] = field(default_factory=dict)
    level: list[tuple[float, float, float]] = field(default_factory=list)
    ways: list[list[Point]] = field(default_factory=list)
    heads: dict[Point, float] = field(default_factory=dict)

    def draw(self) -> None:
        """Draw lines, with a dot where they part, then blocks with their labels."""
        links = self.table.levels.links
        for k, link in enumerate(links):
            if link not in self.table.turns and not self._is_told(*link):
                count, n = links.count(link), links[:k].count(link)
                self._straight(*link, REACH * (n - (count - 1) / 2))
        self._route(self._order())
        for paths in self.stems.values():
            self._fork(paths)
        for k in range(len(self.table.boxes)):
            self._cell(k)

    def _order(self) -> list[tuple[int, int]]:
        """Put the turning lines in the order in which they disturb each other least.

        The order tells which tracks they take and where they arrive.
        """
        turns = [link for link in self.table.turns if not self._is_told(*link)]
        turns.sort(key=lambda link: (link[1], self._entry(*link)))
        troubles, tries = self._troubles(turns), 0
        while troubles and tries < _TRIES:
            best = sum(troubles.values())
            pairs = sorted(troubles, key=lambda pair: -troubles[pair])
            orders = [order for pair in pairs for order in _changed(turns, *pair)]
            for order in orders[: _TRIES - tries]:
                found, tries = self._troubles(order), tries + 1
                if sum(found.values()) < best:
                    turns, troubles = order, found
                    break
            else:
                break
        return turns

    def _troubles(self, order: list[tuple[int, int]]) -> Counter[tuple[int, int]]:
        """Count for pairs of lines how often they cross, or run on one another."""
        trial = _Drawing(self.table, Canvas(), self.left, self.top)
        trial._route(order)
        found: Counter[tuple[int, int]] = Counter()
        for pair in combinations(range(len(order)), 2):
            one, two = (trial.ways[k] for k in pair)
            if one[0] != two[0]:
                pieces = product(pairwise(one), pairwise(two))
                found[pair] = sum(_conflict(*a, *b) for a, b in pieces)
        return +found

    def _route(self, order: list[tuple[int, int]]) -> None:
        """Lead the turning lines through the gutters, one after the other."""
        for link in order:
            self._turn(*link)

    def _is_told(self, source: int, target: int) -> bool:
        """Whether a link is told in words, as are the others of its source."""
        blocks = self.table.levels.blocks
        return blocks[source].name in blocks[target].reads

    def _middle(self, k: int) -> float:
        return self.left + self.table.spans[self.table.cells[k].column][1]

    def _sides(self, k: int) -> tuple[float, float]:
        """Return the left and the right edge of a block."""
        half = self.table.boxes[k].solid / 2
        return self._middle(k) - half, self._middle(k) + half

    def _port(self, k: int) -> float:
        return self.top + self.table.tops[k] + PORT

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
        is_long = self.table.is_long(source, target)
        if is_long and not self.table.is_free(source, target):
            out = self._lane(first + 1)
            points = self._leave(source, True, out)
            passing = self._passing(cells[source].row)
            points += [(out, points[-1][1]), (out, passing), (turn, passing)]
        else:
            points = self._leave(source, last > first, turn)
            points.append((turn, points[-1][1]))
        start = points[0]
        points += [(turn, goal), (self._sides(target)[0], goal)]
        half = self._between(target) / 2 - 0.5
        self.heads[points[-1]] = min(HEAD, max(_HEAD, half))
        self.stems.setdefault(start, []).append(points)
        self.ways.append(points)

    def _passing(self, row: int) -> float:
        """Return the height of the next line that passes above the cells of a row."""
        self.used["row", row] += 1
        return self._top(row) - LANE * self.used["row", row] - 4

    def _top(self, row: int) -> float:
        tops = zip(self.table.tops, self.table.cells, strict=True)
        return self.top + min(top for top, cell in tops if cell.row == row)

    def _arrival(self, k: int) -> float:
        """Return where the next line from a gutter arrives at a block."""
        box, count = self.table.boxes[k], self.table.arrivals(k)
        self.used["to", k] += 1
        n = self.used["to", k] - 1
        if is_slim(box.block):
            return self._centre(k) + LANE * (n - (count - 1) / 2)
        return self.top + self.table.tops[k] + self._first(k) + self._between(k) * n

    def _first(self, k: int) -> float:
        """Return where the first line arrives: higher where many do."""
        box = self.table.boxes[k]
        return max(
            box.bottom - box.front[1] + 3, min(PORT, self._last(k) - self._span(k))
        )

    def _last(self, k: int) -> float:
        """Return where the last line may arrive: above one that leaves on that side."""
        box, own = self.table.boxes[k], self.table.cells[k].column
        turns = [self.table.cells[t].column for s, t in self.table.turns if s == k]
        return box.bottom - (LANE + 1 if any(column <= own for column in turns) else 3)

    def _span(self, k: int) -> float:
        return LANE * (self.table.arrivals(k) - 1)

    def _between(self, k: int) -> float:
        """Return how far apart lines arrive at a block; far where only one does."""
        box, count = self.table.boxes[k], self.table.arrivals(k)
        if is_slim(box.block) or count < 2:
            return LANE if count > 1 else 2 * LANE
        return min(LANE, (self._last(k) - self._first(k)) / (count - 1))

    def _centre(self, k: int) -> float:
        """Return the height of the middle of a mark."""
        box = self.table.boxes[k]
        return self.top + self.table.tops[k] + box.roof + box.front[1] / 2

    def _leave(self, k: int, ahead: bool, turn: float) -> list[Point]:
        """Return how a line leaves a block: below those that come in on its side.

        Lines of one block share their beginning; no other runs along it.
        """
        (left, right), into = self._sides(k), self.table.arrivals(k)
        box, port = self.table.boxes[k], self._port(k)
        if into and is_slim(box.block) and not ahead:
            below = self.top + self.table.tops[k] + box.bottom + REACH
            return [(left + 5, self._under(k, left + 5)), (left + 5, below)]
        start = right if ahead else left
        room = box.bottom - PORT
        y = port if ahead else port + min(REACH * into, room)
        steps = (7,) if ahead else (7, 12)
        places = [y, *(y + step for step in steps if y + step - port < room - 2)]
        free = (at for at in places if not self._meets(start, turn, at))
        y = next((at for at in places if (start, at) in self.stems), next(free, y))
        self.level.append((*sorted((start, turn)), y))
        return [(start, y)]

    def _under(self, k: int, x: float) -> float:
        """Return where a line that leads down leaves a mark: a ring at its edge."""
        box = self.table.boxes[k]
        if box.block.op_type not in SUMS:
            return self._port(k)
        radius = box.front[0] / 2
        off = min(abs(x - self._middle(k)), radius)
        return self._centre(k) + (radius**2 - off**2) ** 0.5

    def _meets(self, start: float, turn: float, y: float) -> bool:
        """Whether a level line would run along one that is drawn."""
        low, high = sorted((start, turn))
        return any(
            low <= last and first <= high and abs(y - at) < _NEAR
            for first, last, at in self.level
        )

    def _fork(self, paths: list[list[Point]]) -> None:
        """Draw lines that begin alike: one whole, the others from where they part."""
        corner = 1 if paths[0][0][1] == paths[0][1][1] else 2
        level = [[x for x, y in path if y == path[corner][1]] for path in paths]
        reach = [max(xs) - min(xs) for xs in level]
        whole = paths[reach.index(max(reach))]
        for path in paths:
            own, head = path if path is whole else path[corner:], self.heads[path[-1]]
            self.canvas.line(own, arrow=True, head=head)
            if path is not whole:
                self.canvas.circle(path[corner], _DOT)

    def _entry(self, source: int, target: int) -> float:
        """Return the height at which a line comes to the gutter of its goal."""
        table = self.table
        if not table.is_long(source, target) or table.is_free(source, target):
            return self._port(source)
        return self._top(table.cells[source].row)

    def _lane(self, column: int) -> float:
        """Return the place of the next free line in the gutter left of a column."""
        self.used[column] += 1
        edge = self.left + self.table.spans[column][0]
        return edge - self.table.edge(column) - LANE * (self.used[column] - 1) - 2

    def _cell(self, k: int) -> None:
        box, top = self.table.boxes[k], self.top + self.table.tops[k]
        left, right = self._sides(k)
        self.canvas.group(hint(box.block))
        if is_slim(box.block):
            self._mark(box, (self._middle(k), self._centre(k)))
        else:
            at = (left, top + box.roof + box.depth[1])
            draw_cuboid(self.canvas, box.block, at, box.front, box.depth)
        self.canvas.close()
        if box.block.is_loop:
            far, first = right + LOOP, top + box.roof + box.depth[1]
            last = top + box.bottom - box.depth[1] - 2
            line = [(right, last), (far, last), (far, first), (right, first)]
            self.canvas.line(line, arrow=True, radius=4)
        if box.arc:
            self._shortcut(k, left if box.arc == "left" else right, top)
        if box.block.reads:
            y = self._arrival(k)
            self.canvas.line([(left - _STUB, y), (left, y)], arrow=True)
        if box.block.feeds:
            y = self._port(k)
            self.canvas.line([(right, y), (right + _STUB, y)], arrow=True)
        self.canvas.write(box.lines, (right + box.margin, top + box.text), "start")

    def _shortcut(self, k: int, edge: float, top: float) -> None:
        """Draw an arc for each sum of a block, beside it, below lines on this side."""
        box = self.table.boxes[k]
        far = edge + (ARC if box.arc == "right" else -ARC)
        count = box.block.arcs
        first, last = top + box.roof + 1, top + box.bottom - 1
        used = [y for x, y in self.stems if x == edge and first < y < last]
        used += [self._port(k)] if box.block.feeds and box.arc == "right" else []
        lowest = max(used, default=0) + _CLEAR
        if used and last - lowest >= _LEAST * count:
            first = lowest
        length = (last - first) / count
        for k in range(count):
            begin, end = first + k * length, first + (k + 1) * length
            line = [(edge, begin), (far, begin), (far, end), (edge, end)]
            self.canvas.line(line, kind="a", radius=4)

    def _mark(self, box: Box, at: tuple[float, float]) -> None:
        (x, y), (a, b), kind = at, box.front, box.block.op_type
        if kind in SUMS:
            self.canvas.circle(at, a / 2, SUMS[kind])
        elif kind is OpType.CONCAT:
            ends = ((x - a / 2, y), (x + a / 2, y))
            upright = ((x, y - b / 2), (x, y + b / 2))
            self.canvas.bar(*(upright if b > a else ends))
        else:
            self.canvas.chip((x - a / 2, y - b / 2), a, OP_COLORS[kind], b)


def _conflict(a: Point, b: Point, c: Point, d: Point) -> int:
    """Tell whether two pieces of lines run on one another, or cross."""
    flat = [one[1] == two[1] for one, two in ((a, b), (c, d))]
    if flat[0] == flat[1]:
        along, aside = (0, 1) if flat[0] else (1, 0)
        first, last = sorted((a[along], b[along]))
        start, end = sorted((c[along], d[along]))
        is_shared = min(last, end) - max(first, start) > 1
        return _SHARED * (is_shared and abs(a[aside] - c[aside]) < _NEAR)
    (level, other), (rise, top) = ((a, b), (c, d)) if flat[0] else ((c, d), (a, b))
    low, high = sorted((level[0], other[0]))
    bottom, roof = sorted((rise[1], top[1]))
    return int(low < rise[0] < high and bottom < level[1] < roof)


def _changed(order: list[Link], one: int, two: int) -> list[list[Link]]:
    """Return an order with two of its lines swapped, or the one moved to the other."""
    swapped = list(order)
    swapped[one], swapped[two] = order[two], order[one]
    between = order[one + 1 : two]
    ahead = [*order[:one], order[two], order[one], *between, *order[two + 1 :]]
    behind = [*order[:one], *between, order[two], order[one], *order[two + 1 :]]
    return [swapped, ahead, behind]
