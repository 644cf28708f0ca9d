"""Networks in levels that are too wide for it: each block below what it reads."""

from edulib.anatomy.op_types import OpType
from edulib.drawing.diagram.items import Levels
from edulib.drawing.diagram.levels import Cell, Lane, all_before, columns_of


def place_in_one(levels: Levels) -> list[Cell]:
    """Put all blocks below each other, in order: what fits any page."""
    return [Cell(k, 0, False, 0) for k in range(len(levels.blocks))]


def place_in_three(levels: Levels) -> list[Cell]:
    """Place by rank in three columns."""
    return place_in_columns(levels, 3)


def place_in_two(levels: Levels) -> list[Cell]:
    """Place by rank in two columns: a tower for each of two inputs."""
    return place_in_columns(levels, 2)


def place_by_rank(levels: Levels) -> list[Cell]:
    """Put each block below what it reads, and branches beside each other."""
    lanes, lane_of, ranks = _ranked(levels)
    columns = columns_of(lanes, ranks, set())
    return [Cell(ranks[k], columns[n], False, n) for k, n in sorted(lane_of.items())]


def place_in_columns(levels: Levels, most: int = 4) -> list[Cell]:
    """Place by rank in a few columns; branches that find none free stand lower.

    Args:
        levels: its blocks, and what leads where.
        most: how many columns there may be.
    """
    lanes, lane_of, _ = _ranked(levels)
    columns: dict[int, int] = {}
    ranks: dict[int, int] = {}
    taken: set[tuple[int, int]] = set()
    while len(columns) < len(lanes):
        number = next(
            n
            for n, lane in enumerate(lanes)
            if n not in columns and lane.before <= set(columns)
        )
        first = max((columns[n] for n in lanes[number].before), default=0)
        wanted = dict(ranks)
        for k in lanes[number].blocks:
            wanted[k] = 1 + max(
                (wanted[s] for s in _joined_with(levels, k)), default=-1
            )
        used = [wanted[k] for k in lanes[number].blocks]
        is_end = levels.blocks[lanes[number].blocks[0]].op_type is OpType.OUTPUT
        rows = min(used), max(used)
        column, down = _free_place(taken, rows, (first, most), is_end)
        columns[number] = column
        ranks.update({k: wanted[k] + down for k in lanes[number].blocks})
        taken.update((r + down, column) for r in range(min(used), max(used) + 1))
    return [Cell(ranks[k], columns[n], False, n) for k, n in sorted(lane_of.items())]


def _free_place(
    taken: set[tuple[int, int]],
    rows: tuple[int, int],
    columns: tuple[int, int],
    is_end: bool,
) -> tuple[int, int]:
    """Return a column where these rows are free, and how far they must move down.

    An output moves down on the right of what gives it, below its other outputs.
    """
    first = columns[0]
    choices = [first, *range(first + 1, columns[1])]
    down = 0
    while True:
        span = range(rows[0] + down, rows[1] + down + 1)
        for column in choices:
            if not any((row, column) in taken for row in span):
                return column, down
        down += 1
        if is_end:
            choices = [*range(first + 1, columns[1]), first]


def _ranked(levels: Levels) -> tuple[list[Lane], dict[int, int], list[int]]:
    """Cut a network into runs that lead down; a block is one lower than it reads."""
    ranks: list[int] = []
    lanes: list[Lane] = []
    lane_of: dict[int, int] = {}
    for k in range(len(levels.blocks)):
        sources = _joined_with(levels, k)
        read = {lane_of[s] for s in sources}
        known = set().union(*(all_before(lanes, number) for number in read))
        ends = [n for n in read - known if lanes[n].blocks[-1] in sources]
        found = max(ends, default=len(lanes))
        if found == len(lanes):
            lanes.append(Lane([], 1))
        lane_of[k] = found
        lanes[found].blocks.append(k)
        lanes[found].before |= read - {found}
        ranks.append(1 + max((ranks[s] for s in sources), default=-1))
    return lanes, lane_of, ranks


def _joined_with(levels: Levels, k: int) -> list[int]:
    """Return what a block reads; of learned numbers what they are joined with."""
    if not _is_beside(levels, k):
        reads = levels.blocks[k].reads
        return [s for s in levels.sources(k) if levels.blocks[s].name not in reads]
    (reader,) = levels.readers(k)
    return [source for source in levels.sources(reader) if source < k]


def _is_beside(levels: Levels, k: int) -> bool:
    """Tell learned numbers that one block joins with what it reads."""
    readers = levels.readers(k)
    is_learned = levels.blocks[k].op_type is OpType.CONSTANT and not levels.sources(k)
    return is_learned and len(readers) == 1 and len(levels.sources(readers[0])) > 1
