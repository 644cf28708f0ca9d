"""Networks whose paths cross: in rows by resolution, in columns by the way they go.

An encoder runs down its column, a decoder up the next one, and a skip stays in its
row. So U-Nets, feature pyramids and necks of detectors are drawn as they are told.
"""

from dataclasses import dataclass, field, replace

from edulib.anatomy.numbers import all_shapes
from edulib.anatomy.op_types import MERGES, OpType
from edulib.drawing.diagram.items import (
    Block,
    Levels,
    absorb,
    fold_repeats,
    is_slim,
    name_as_drawn,
)

_MOST_CELLS = 80
MANY = 3  # lines into one block, so many that each is named
START = -1


@dataclass(frozen=True)
class Cell:
    """Where a block stands.

    Attributes:
        row: 0 is the highest resolution.
        column: 0 is on the left.
        upward: whether the flow runs up in its column.
        lane: number of the run of blocks that it belongs to.
    """

    row: int
    column: int
    upward: bool
    lane: int


def make_levels(blocks: list[Block], sources: list[tuple[int, ...]]) -> Levels | None:
    """Make the item of a network, or None where it would be too large to read.

    Args:
        blocks: of the network, in order.
        sources: for each block the places of those that it reads; `START` is the
            network's input.
    """
    region = _Region(list(blocks), list(sources))
    region.join(absorb)
    region.join(lambda items: fold_repeats(absorb(items), loosely=True))
    levels = _with_readers(region.levels())
    (levels,) = name_as_drawn([levels])
    return levels if len(levels.blocks) <= _MOST_CELLS else None


def _with_readers(levels: Levels) -> Levels:
    """Tell blocks which others read them without an arrow, and what they gather."""
    blocks = tuple(
        replace(
            block,
            feeds=tuple(b.name for b in levels.blocks if block.name in b.reads),
            gathers=_gathered(levels, k),
        )
        for k, block in enumerate(levels.blocks)
    )
    return replace(levels, blocks=blocks)


def _gathered(levels: Levels, k: int) -> tuple[str, ...]:
    """Name what a block reads, where more than two lines come to it."""
    block = levels.blocks[k]
    read = [s for s in levels.sources(k) if s != START]
    read = [s for s in read if levels.blocks[s].name not in block.reads]
    if len(read) < MANY or block.op_type in MERGES:
        return ()
    shaped = [", reshaped" * (_shaped(levels, s) is not levels.blocks[s]) for s in read]
    names = [levels.blocks[source].name for source in read]
    is_attention = block.op_type is OpType.ATTENTION
    roles = _roles(block.arguments if is_attention else (), names)
    titles = (title_of(levels, source) for source in read)
    parts = zip(titles, shaped, roles, strict=True)
    return tuple("".join(part) for part in parts)


def _roles(arguments: tuple[tuple[str, str], ...], names: list[str]) -> list[str]:
    """Say as what each is read, "as key", where each is one argument and another."""
    given = [name for name, _ in arguments]
    roles = dict(arguments)
    is_plain = all(given.count(name) == 1 for name in names)
    if not is_plain or len({roles[name] for name in names}) < len(names):
        return [""] * len(names)
    return [f" as {roles[name]}" for name in names]


def title_of(levels: Levels, k: int) -> str:
    """Name a block as its label does; the only sum or concatenation by its kind."""
    block = _shaped(levels, k)
    alike = [other for other in levels.blocks if other.op_type is block.op_type]
    is_known = block.op_type in MERGES and len(alike) == 1
    return str(block.op_type) if is_known else _title(block)


def joined_title(levels: Levels, k: int) -> str:
    """Name what is joined: a map that was made larger by what made it so."""
    words, *growth = levels.blocks[k].words.split(" up ×")
    grows = growth and is_slim(levels.blocks[k])
    return words if grows else title_of(levels, k)


def _shaped(levels: Levels, k: int) -> Block:
    """Go up from a reshape to what it shapes, which has the better name."""
    block, above = levels.blocks[k], levels.sources(k)
    reshapes = block.op_type is OpType.RESHAPE and is_slim(block)
    if not reshapes or len(above) != 1 or above[0] == START:
        return block
    return _shaped(levels, above[0])


def _title(block: Block) -> str:
    """Name a block as its label does: marks without a name by what they give."""
    if not is_slim(block) or block.op_type is OpType.OTHER:
        return block.name
    kind = block.op_type if block.op_type in MERGES else block.words.split(",")[0]
    return f"{kind} {all_shapes(block.shape, block.others)}"


@dataclass
class _Region:
    """Blocks with what they read; those in a row that look alike become one."""

    blocks: list[Block | None]
    sources: list[tuple[int, ...]]

    def join(self, fold) -> None:
        """Join each block with the one before it, where `fold` makes one of them."""
        for k, block in enumerate(self.blocks):
            if block is None or len(self.sources[k]) != 1:
                continue
            (before,) = self.sources[k]
            if before == START or self._readers(before) != 1:
                continue
            made = fold([self.blocks[before], block])
            if len(made) == 1:
                self.blocks[before], self.blocks[k] = None, made[0]
                self.sources[k] = self.sources[before]

    def _readers(self, place: int) -> int:
        return sum(
            place in reads
            for reads, block in zip(self.sources, self.blocks, strict=True)
            if block is not None
        )

    def levels(self) -> Levels:
        """Number what is left anew."""
        left = [k for k, block in enumerate(self.blocks) if block is not None]
        places = {k: n for n, k in enumerate(left)} | {START: START}
        links = [(places[s], places[k]) for k in left for s in self.sources[k]]
        return Levels(tuple(self.blocks[k] for k in left), tuple(links))


@dataclass
class Lane:
    """A run of blocks down, up, or along a row.

    Attributes:
        blocks: their numbers.
        way: 1 down, -1 up, 0 along a row.
        before: numbers of the lanes that must stand to the left.
    """

    blocks: list[int]
    way: int
    before: set[int] = field(default_factory=set)


def place(levels: Levels) -> list[Cell]:
    """Find the cell of each block."""
    rows = _rows(levels)
    lanes = _lanes(levels, rows)
    columns = columns_of(lanes, rows, _constants(levels))
    cells: dict[int, Cell] = {}
    for number, lane in enumerate(lanes):
        for k in lane.blocks:
            cells[k] = Cell(rows[k], columns[number], lane.way < 0, number)
    return [cells[k] for k in range(len(levels.blocks))]


def _rows(levels: Levels) -> list[int]:
    """Give each resolution a row; what has none stays in that of what it reads."""
    sides: list[int] = []
    constants = _constants(levels)
    for k, block in enumerate(levels.blocks):
        side = block.size[1] * block.size[2]
        before = levels.sources(k)
        before.sort(key=lambda s: s in constants)  # what comes of an input first
        if (side <= 1 or _is_tokens(block)) and before:
            side = sides[before[0]]
        sides.append(side)
    for k in reversed(range(len(sides))):  # a source stands where it is read first
        readers = levels.readers(k)
        alone = sides[k] <= 1 or k in constants
        if readers and alone:
            sides[k] = sides[readers[0]]
    order = sorted(set(sides), reverse=True)
    return [order.index(side) for side in sides]


def _is_tokens(block: Block) -> bool:
    return block.size[1] > 1 == block.size[2]


def _constants(levels: Levels) -> set[int]:
    """Find what depends on no input: learned numbers, and what is made of them."""
    found: set[int] = set()
    for k, block in enumerate(levels.blocks):
        sources = levels.sources(k)
        made = bool(sources) and all(source in found for source in sources)
        if block.op_type is OpType.CONSTANT or made:
            found.add(k)
    return found


def _lanes(levels: Levels, rows: list[int]) -> list[Lane]:
    """Cut the region into runs that never turn around."""
    lanes: list[Lane] = []
    lane_of: dict[int, int] = {}
    for k in range(len(levels.blocks)):
        sources = levels.sources(k)
        found = _goes_on(levels, k, sources, (rows, lanes, lane_of))
        if found is None:
            way = _sign(rows[k] - rows[sources[0]]) if len(sources) == 1 else 0
            found = len(lanes)
            lanes.append(Lane([], way))
        elif lanes[found].way == 0:
            lanes[found].way = _sign(rows[k] - rows[lanes[found].blocks[-1]])
        lanes[found].blocks.append(k)
        lane_of[k] = found
        lanes[found].before |= {lane_of[s] for s in sources} - {found}
    return lanes


def _goes_on(
    levels: Levels,
    k: int,
    sources: list[int],
    known: tuple[list[int], list[Lane], dict[int, int]],
) -> int | None:
    """Return the lane that a block continues, if there is one."""
    rows, lanes, lane_of = known
    constants = _constants(levels)
    fits = []
    for source in sources:
        number = lane_of[source]
        lane, step = lanes[number], _sign(rows[k] - rows[source])
        others = {lane_of[s] for s in sources} - {number}
        if lane.blocks[-1] != source or (step and lane.way == -step):
            continue
        if any(number in all_before(lanes, other) for other in others):
            continue
        if levels.blocks[source].name in levels.blocks[k].attends_to:
            continue
        turns_flat = _is_flat(levels.blocks[source]) != _is_flat(levels.blocks[k])
        if turns_flat and k not in constants:
            continue
        if step == 0 and len(sources) == 1 and len(levels.readers(source)) > 1:
            continue
        fits.append((source not in constants, abs(lane.way), number))
    return max(fits)[-1] if fits else None


def _is_flat(block: Block) -> bool:
    """Whether a block has no positions: it stands beside the flow, not in it."""
    return block.size[1] * block.size[2] <= 1


def all_before(lanes: list[Lane], number: int) -> set[int]:
    """Return the lanes that a lane reads, and those that these read."""
    found: set[int] = set()
    todo = [number]
    while todo:
        for other in lanes[todo.pop()].before - found:
            found.add(other)
            todo.append(other)
    return found


def columns_of(lanes: list[Lane], rows: list[int], constants: set[int]) -> list[int]:
    """Put each lane right of those it reads, where its rows are free.

    Learned numbers stand below each other in the first column, and so do heads beside
    what they read.
    """
    columns: dict[int, int] = {}
    taken: dict[tuple[int, int], str] = {}
    waiting = list(range(len(lanes)))
    while waiting:
        number = next(n for n in waiting if lanes[n].before <= set(columns))
        waiting.remove(number)
        used = [rows[k] for k in lanes[number].blocks]
        span = range(min(used), max(used) + 1)
        kind = _kind(lanes, number, constants, len(span))
        column = max((columns[n] + 1 for n in lanes[number].before), default=0)
        column = 0 if kind == "learned" else column
        while any(taken.get((row, column), kind) != kind for row in span) or (
            kind == "way" and any((row, column) in taken for row in span)
        ):
            column += 1
        columns[number] = column
        taken.update(((row, column), kind) for row in span)
    return [columns[n] for n in range(len(lanes))]


def _kind(lanes: list[Lane], number: int, constants: set[int], height: int) -> str:
    """Tell lanes that may stand below each other in one cell from others."""
    if set(lanes[number].blocks) <= constants:
        return "learned"
    is_read = any(number in lane.before for lane in lanes)
    return "way" if is_read or height > 1 or not lanes[number].before else "head"


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def has_towers(levels: Levels) -> bool:
    """Whether several inputs have paths of their own before they meet."""
    kinds = [block.op_type for block in levels.blocks]
    return kinds.count(OpType.INPUT) > 1
