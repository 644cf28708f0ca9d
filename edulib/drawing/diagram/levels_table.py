"""The cells of a network in levels: what each needs, and where it stands."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from edulib.anatomy.op_types import MERGES, OpType
from edulib.drawing.diagram.blocks import BAND, Style
from edulib.drawing.diagram.canvas import LINE, SMALL, text_width
from edulib.drawing.diagram.items import SUMS, Block, Levels, is_slim
from edulib.drawing.diagram.levels import (
    MANY,
    START,
    Cell,
    joined_title,
)
from edulib.drawing.diagram.words import Line, join_lines, label_lines, shape_lines

LANE = 7
GAP = 10
_ROW_GAP = 16
_APART = 10  # more between rows of which none leads to the other
_CLEAR = 6  # between arrows' heads and lines that pass above them
PORT = 18.0  # from the top of a cell to where lines enter and leave at the sides
REACH = 8.0
LOOP = 10
ARC = 7
_MARKS = {**dict.fromkeys(SUMS, (16.0, 16.0)), OpType.CONCAT: (22.0, 5.0)}
_CHIP = 12.0, 12.0
_UPRIGHT = 5.0  # width of a bar that many lines enter


@dataclass(frozen=True)
class Box:
    """What a cell needs.

    Attributes:
        block: what stands in it.
        lines: its label.
        front: width and height of the front of its block, or of its mark.
        depth: of its block, to the right and up.
        text: from the top to the first baseline.
        arc: the side on which a shortcut is drawn, "left" or "right"; "" for none.
    """

    block: Block
    lines: list[Line]
    front: tuple[float, float]
    depth: tuple[float, float] = (0, 0)
    text: float = 0.0
    arc: str = ""

    @property
    def roof(self) -> float:
        """From the top to the upper edge of the block."""
        return PORT - self.depth[1] - min(self.front[1] / 2, REACH)

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
        arc = ARC + 2 if self.arc == "right" else 0
        return 6 + (LOOP + 2) * self.block.is_loop + arc

    @property
    def width(self) -> float:
        """Width with the label."""
        return self.solid + self.margin + max(text_width(*line) for line in self.lines)

    @property
    def height(self) -> float:
        """Height with the label."""
        return max(self.bottom, self.text + LINE * (len(self.lines) - 1) + 4)


def box_of(
    block: Block,
    style: Style,
    form: str,
    arrivals: int = 1,
    joins: Sequence[str] = (),
) -> Box:
    """Measure a block with its label.

    Args:
        block: what stands in the cell.
        style: how it is drawn.
        form: of its label.
        arrivals: how many lines come to its side; a mark has room for each.
        joins: names of what meets in it, as far as they are to be told.
    """
    if is_slim(block):
        front = _mark_size(block, arrivals)
        return Box(block, _mark_lines(block, form, joins), front)
    width = max(style.thickness(block.size[0]), 4 + BAND * len(block.bands))
    front = width, style.extent(block.size[1])
    depth = 0.28 * style.extent(block.size[2]), 0.2 * style.extent(block.size[2])
    lines = label_lines(block, form)
    arcs = sum(block.shortcuts)
    if 0 < arcs < block.repeat:
        but_first = block.shortcuts == (False, *(True,) * (block.repeat - 1))
        which = "not the first" if but_first else f"{arcs} of {block.repeat}"
        lines.append((f"arc: {which}", SMALL, False))
    return Box(block, lines, front, depth)


def _mark_size(block: Block, arrivals: int) -> tuple[float, float]:
    """Return the width and height of a mark, high enough for its lines."""
    width, height = _MARKS.get(block.op_type, _CHIP)
    if arrivals > 1:
        height = max(height, LANE * (arrivals - 1) + 8)
    if block.op_type is OpType.CONCAT and height > width:
        return _UPRIGHT, height
    return (height, height) if block.op_type in SUMS else (width, height)


def _mark_lines(block: Block, form: str, joins: Sequence[str]) -> list[Line]:
    """Return the label of a mark: what it does, without a name that says the same."""
    shape = shape_lines(block, form)
    if block.op_type in MERGES:
        lines = [*join_lines(block, joins, form), *shape]
        return [(block.op_type, SMALL, True), *((t, SMALL, False) for t in lines)]
    if block.op_type is OpType.RESHAPE and block.name == block.words:
        words = textwrap.wrap(block.words, 17)
        takes = [f"takes {block.takes}"] if block.takes else []
        return [(line, SMALL, False) for line in (*words, *takes, *shape)]
    label = label_lines(block, form)
    name = [line for line in label if line[2]]
    lines = label[len(name) :]
    is_named = block.op_type is OpType.OUTPUT or (
        block.op_type is OpType.OTHER and block.name != block.words
    )
    return label if is_named or len(lines) < 2 else lines


@dataclass
class Table:
    """The cells of a network with their sizes, and the lines between them."""

    levels: Levels
    style: Style
    form: str
    cells: list[Cell]

    @cached_property
    def boxes(self) -> list[Box]:
        """What stands in the cells; labels are below lines that leave beside them."""
        found = []
        for k, block in enumerate(self.levels.blocks):
            arrivals, joins = self.arrivals(k), self._joins(k)
            box = box_of(block, self.style, self.form, arrivals, joins)
            readers = [self.cells[r].column for r in self.levels.readers(k)]
            is_clear = is_slim(block) and max(readers, default=0) <= self._column(k)
            text = PORT + (4 if is_clear else LINE + 5)
            found.append(replace(box, text=text, arc=self._arc(k)))
        return found

    def _joins(self, k: int) -> tuple[str, ...]:
        """Name what meets in a mark, where the eye cannot follow the lines.

        So it is where many meet, and where all blocks stand below each other; there
        what stands right above goes without saying, but for the order in which a
        concatenation joins.
        """
        sources = [s for s in self.levels.sources(k) if s != START]
        op_type = self.levels.blocks[k].op_type
        is_stack = not any(cell.column for cell in self.cells) or not self.style.wide
        if len(sources) < MANY and op_type is not OpType.CONCAT:
            turned = [s for s in sources if (s, k) in self.turns]
            sources = turned if is_stack else []
        names = (joined_title(self.levels, s) for s in sources)
        return tuple(names) if op_type in MERGES else ()

    def _arc(self, k: int) -> str:
        """Choose the side of a block's shortcut: where no line comes or goes."""
        block = self.levels.blocks[k]
        if not block.is_residual or block.is_loop:
            return ""
        leaves = [t for s, t in self.turns if s == k]
        ahead = [self._column(t) > self._column(k) for t in leaves]
        is_entered = bool(block.reads) or any(t == k for _, t in self.turns)
        return "left" if ahead and all(ahead) and not is_entered else "right"

    def arrivals(self, k: int) -> int:
        """Count the lines that come to the side of a block, short ones as well."""
        block = self.levels.blocks[k]
        sources = [s for s, target in self.turns if target == k]
        names = [self.levels.blocks[s].name for s in sources]
        return sum(name not in block.reads for name in names) + bool(block.reads)

    def edge(self, column: int) -> float:
        """Return how far left of a column its gutter ends: arcs have their place."""
        boxes = (box for k, box in enumerate(self.boxes) if self._column(k) == column)
        return GAP + (ARC if any(box.arc == "left" for box in boxes) else 0)

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
        y = self.tops[source] + PORT
        between = range(self._column(source) + 1, self._column(target))
        for lane in self.lanes.values():
            if self._column(lane[0]) in between:
                first = min(self.tops[k] for k in lane)
                last = max(self.tops[k] + self.boxes[k].height for k in lane)
                if first - GAP < y < last + GAP:
                    return False
        return True

    @cached_property
    def spans(self) -> list[tuple[float, float]]:
        """Where each column begins and has its line; at last, where all ends."""
        room: Counter[int] = Counter()  # for the lines in the gutter left of a column
        for source, target in self.turns:
            room[self._column(target)] += LANE
            if self.is_long(source, target):
                room[self._column(source) + 1] += LANE
        found, x = [], 0.0
        for k in sorted({cell.column for cell in self.cells}):
            boxes = [b for n, b in enumerate(self.boxes) if self._column(n) == k]
            x += self.edge(k) + 4 + room[k]
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
            y += LANE * passing[row] + (_CLEAR if passing[row] else 0)
            if row and not self._leads(row):
                y += _APART
            ends: dict[int, float] = {}
            here = [k for k, cell in enumerate(self.cells) if cell.row == row]
            for k in sorted(here, key=lambda k: -k if self.cells[k].upward else k):
                found[k] = ends.get(self._column(k), y)
                ends[self._column(k)] = found[k] + self.boxes[k].height + GAP
            y = max(ends.values(), default=y) - GAP + _ROW_GAP
        return found

    def _leads(self, row: int) -> bool:
        """Whether a row goes on with what stands in the one above it."""
        rows = ((self.cells[s].row, self.cells[t].row) for s, t in self.levels.links)
        return (row - 1, row) in rows or (row, row - 1) in rows

    @property
    def height(self) -> float:
        """From the top of the first block to the end of the last."""
        return max(t + b.height for t, b in zip(self.tops, self.boxes, strict=True)) + 4
