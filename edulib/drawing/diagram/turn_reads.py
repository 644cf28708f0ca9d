"""What a part of a turn reads, and how that meets."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from edulib.anatomy.describe import describe_op
from edulib.anatomy.graph import Call, Graph, Op
from edulib.anatomy.op_types import MERGES, OpType
from edulib.drawing.diagram.joins import LAYERS
from edulib.drawing.diagram.turn_parts import (
    carry_name,
    is_memory,
    parts_of,
    place_in,
)

BEFORE = " of the turn before"
_SAMPLE = "grid_sample"  # takes numbers of a map at places that are computed


@dataclass
class Meetings:
    """How the things that a part of a turn reads meet.

    Attributes:
        reach: for each op the numbers of the things that it depends on.
        ends: the ops that are read, or constants.
        rows: for each op what it has side by side, in order.
        names: how often each operation joins some of them.
        order: the things in the order in which the last one concatenates them; none if
            it does otherwise.
        samples: the things of which samples are taken and concatenated, in order.
        places: the things that tell where samples are taken.
        direct: the things that are read other than for places.
        layered: ops behind a layer.
        is_behind: whether all that is joined last has passed layers of its own.
        again: the thing that is concatenated once more behind that; none if there is no
            such.
    """

    reach: dict[int, set[int]]
    ends: frozenset[int] = frozenset()
    rows: dict[int, list[int]] = field(default_factory=dict)
    names: Counter[str] = field(default_factory=Counter)
    order: list[int] = field(default_factory=list)
    samples: list[int] = field(default_factory=list)
    places: set[int] = field(default_factory=set)
    direct: set[int] = field(default_factory=set)
    layered: set[int] = field(default_factory=set)
    is_behind: bool = False
    again: list[int] = field(default_factory=list)

    @property
    def told(self) -> list[str]:
        """The operations in words, each with its count."""
        return [f"{n} × {name}" if n > 1 else name for name, n in self.names.items()]


@dataclass
class Reads:
    """What a part of a turn reads.

    Attributes:
        names: of other parts, of what was handed on, of blocks, by an op of each.
        lags: by how many turns before what is handed on was made.
        meetings: how they meet.
    """

    names: dict[int, str] = field(default_factory=dict)
    lags: dict[int, int] = field(default_factory=dict)
    meetings: Meetings = field(default_factory=lambda: Meetings({}))

    def steps(self, apart: set[int]) -> int:
        """Count the ops that depend on more than some of what is read."""
        reach = self.meetings.reach.items()
        return sum(
            bool(read - apart) for i, read in reach if i not in self.meetings.ends
        )


@dataclass(frozen=True)
class Reader:
    """Finds what parts of turns read.

    Attributes:
        graph: the traced network.
        loop: a call that stands for several turns.
        name_of: names an op outside of the loop as it is drawn, "" if it is not.
    """

    graph: Graph
    loop: Call
    name_of: Callable[[Op], str]

    def reads(self, number: int, part: range) -> Reads:
        """Name what some ops of a turn read, in the order in which they read it.

        Args:
            number: of the turn.
            part: the ops.
        """
        ops = self.graph.ops[part.start : part.stop]
        ends, seen = self._ends(number, part)
        found, reach = Reads(), {}
        for index in ends:
            stands_for, name, lag = self._named(number, part, index, ends)
            reach[index] = {stands_for} if name else set()
            found.names |= {stands_for: name} if name else {}
            found.lags |= {stands_for: lag} if lag else {}
        between = sorted(seen.union(op.index for op in ops) - set(ends))
        found.meetings = _meetings(self.graph, between, reach)
        found.meetings.direct = set().union(*(reach[op.index] for op in ops))
        return found

    def _ends(self, number: int, part: range) -> tuple[list[int], set[int]]:
        """Return what is read in the end, in order, and all that is passed."""
        first = self.loop.children[number].first
        ops = self.graph.ops[part.start : part.stop]
        todo = [i for op in ops for i in op.inputs if i < part.start]
        ends: dict[int, None] = {}
        seen: set[int] = set()
        while todo:
            index = todo.pop(0)
            op = self.graph.ops[index]
            is_end = (
                self.loop.first <= index < first
                or op.op_type is OpType.CONSTANT
                or self._owner(number, part, index) is not None
                or (index < self.loop.first and bool(self.name_of(op)))
            )
            ends |= {index: None} if is_end else {}
            todo += [] if is_end or index in seen else op.inputs
            seen.add(index)
        return list(ends), seen

    def _owner(self, number: int, part: range, index: int) -> tuple[int, str] | None:
        """Return the first op and the name of the part before that holds an op."""
        for name, other in parts_of(self.loop.children[number]).items():
            if other.last <= part.start and other.first <= index < other.last:
                return other.first, name
        return None

    def _named(
        self, number: int, part: range, index: int, ends: list[int]
    ) -> tuple[int, str, int]:
        """Return what an op that is read stands for, its name and its lag, if any."""
        owner = self._owner(number, part, index)
        if owner is not None:
            return *owner, 0
        if index < self.loop.first:
            return index, self.name_of(self.graph.ops[index]), 0
        if index >= self.loop.children[number].first:
            return index, "", 0  # a constant
        before, place = place_in(self.loop, index)
        name, lag = carry_name(self.graph, self.loop, index), number - before
        first = self.loop.children[0].last - place
        if first in ends and is_memory(self.graph, self.loop, place):
            return first, f"{name} of all turns before", 0
        return index, name + (BEFORE if lag == 1 else f" of {lag} turns before"), lag


def _meetings(graph: Graph, between: list[int], reach: dict[int, set[int]]) -> Meetings:
    """Follow how what is read meets for the first time.

    Args:
        graph: the traced network.
        between: ops behind what is read, in order.
        reach: for what is read the number that it goes by.
    """
    found = Meetings(reach, frozenset(reach))
    sampled: set[int] = set()
    for index in between:
        op = graph.ops[index]
        sides = [reach.get(i, set()) for i in op.inputs]
        if op.name == _SAMPLE:
            found.places |= set().union(*sides[1:])
            sampled |= sides[0]
            sides = sides[:1]
        reach[index] = set().union(*sides)
        if op.op_type in LAYERS or found.layered.intersection(op.inputs):
            found.layered.add(index)
        found.rows[index] = _row(op, sides, found.rows)
        if len(reach[index]) <= max(map(len, sides), default=0):
            found.again = found.again or _added_bare(op, sides, found)
            continue
        if sampled and set(found.rows[index]) == sampled:
            found.samples = found.rows[index]
            continue
        is_merge = op.op_type in MERGES
        told = str(op.op_type) if is_merge else describe_op(op)
        found.names[told] = 1 if is_merge else found.names[told] + 1
        found.order = found.rows[index]
        joined = [i for i in op.inputs if reach.get(i)]
        found.is_behind = found.layered.issuperset(joined)
    return found


def _added_bare(op: Op, sides: list[set[int]], found: Meetings) -> list[int]:
    """Return the thing that is concatenated, as it is, to what it was joined to."""
    if op.op_type is not OpType.CONCAT or not found.names:
        return []
    pairs = zip(op.inputs, sides, strict=True)
    bare = [side for i, side in pairs if len(side) == 1 and i not in found.layered]
    return list(bare[0]) if bare and max(map(len, sides)) > 1 else []


def _row(op: Op, sides: list[set[int]], rows: dict[int, list[int]]) -> list[int]:
    """Return what a concatenation, also one of concatenations, has side by side."""
    if op.op_type is OpType.RESHAPE and len(op.inputs) == 1:
        return rows.get(op.inputs[0], [])
    if op.op_type is not OpType.CONCAT:
        return []
    parts = [
        rows.get(i) or (list(side) if len(side) == 1 else [])
        for i, side in zip(op.inputs, sides, strict=True)
    ]
    return [number for part in parts for number in part] if all(parts) else []
