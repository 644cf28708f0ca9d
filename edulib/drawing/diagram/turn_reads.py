"""What a part of a turn reads, and how that meets."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from edulib.anatomy.describe import describe_op
from edulib.anatomy.graph import Call, Graph, Op
from edulib.anatomy.op_types import MERGES, OpType
from edulib.drawing.diagram.joins import LAYERS
from edulib.drawing.diagram.turn_hands import Handed, handed_on, place_in
from edulib.drawing.diagram.turn_parts import carry_name, parts_of

BEFORE = " of the turn before"
_SAMPLE = "grid_sample"  # takes numbers of a map at places that are computed


@dataclass
class Meetings:
    """How the things that a part of a turn reads meet.

    Attributes:
        reach: for each op the numbers of the things that it depends on.
        rows: for each op what it has side by side, in order.
        joins: the operations that join some of them, in order, each with how often.
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
    rows: dict[int, list[int]] = field(default_factory=dict)
    joins: list[tuple[str, int]] = field(default_factory=list)
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
        return [f"{n} × {name}" if n > 1 else name for name, n in self.joins]

    def join(self, op: Op) -> None:
        """Note an operation that joins some of them; merges in a row are one."""
        is_merge = op.op_type in MERGES
        name = str(op.op_type) if is_merge else describe_op(op)
        last, count = self.joins[-1] if self.joins else ("", 0)
        if name != last:
            self.joins.append((name, 1))
        elif not is_merge:
            self.joins[-1] = name, count + 1


class Source(NamedTuple):
    """What is read in a turn.

    Attributes:
        name: as it is drawn, or of a part of a turn.
        turn: the number of the turn before that made it; None if none did.
        is_outside: whether it is a step outside of the loop.
    """

    name: str
    turn: int | None = None
    is_outside: bool = False

    def told(self, number: int) -> str:
        """Name it as it is read in a turn of some number."""
        if self.turn is None:
            return self.name
        lag = number - self.turn
        return self.name + (BEFORE if lag == 1 else f" of {lag} turns before")


@dataclass
class Reads:
    """What a part of a turn reads.

    Attributes:
        sources: by an op of each.
        meetings: how they meet.
    """

    sources: dict[int, Source] = field(default_factory=dict)
    meetings: Meetings = field(default_factory=lambda: Meetings({}))


@dataclass(frozen=True)
class Reader:
    """Finds what parts of turns read.

    Attributes:
        graph: the traced network.
        loop: a call that stands for several turns.
        name_of: names an op outside of the loop as it is drawn, "" if it is not.
        names: of ops of turns, by place from the end and function.
    """

    graph: Graph
    loop: Call
    name_of: Callable[[Op], str]
    names: dict[tuple[int, str], str] = field(default_factory=dict)

    @cached_property
    def handed(self) -> dict[int, Handed]:
        """What turns hand on, by places from the end."""
        return handed_on(self.graph, self.loop)

    @cached_property
    def parts(self) -> list[dict[str, Call]]:
        """The parts of each turn, by name."""
        return [parts_of(turn) for turn in self.loop.children]

    def reads(self, number: int, part: range) -> Reads:
        """Name what some ops of a turn read, in the order in which they read it.

        Args:
            number: of the turn.
            part: the ops.
        """
        ops = self.graph.ops[part.start : part.stop]
        entries = [i for op in ops for i in op.inputs if i < part.start]
        ends, seen = self.behind(number, part, entries)
        found, reach = Reads(), {}
        for index in ends:
            stands_for, source = self.source(number, part, index)
            reach[index] = {stands_for} if source.name else set()
            found.sources |= {stands_for: source} if source.name else {}
        between = sorted(seen.union(op.index for op in ops) - set(ends))
        found.meetings = _meetings(self.graph, between, reach)
        found.meetings.direct = set().union(*(reach[op.index] for op in ops))
        return found

    def behind(
        self, number: int, part: range, todo: list[int]
    ) -> tuple[list[int], set[int]]:
        """Return what is read in the end by some ops, in order, and all they pass."""
        todo = list(todo)
        ends: dict[int, None] = {}
        seen: set[int] = set()
        while todo:
            index = todo.pop(0)
            is_end = self.is_end(number, part, index)
            ends |= {index: None} if is_end else {}
            inputs = self.graph.ops[index].inputs
            todo += [] if is_end or index in seen else inputs
            seen.add(index)
        return list(ends), seen

    def is_end(self, number: int, part: range, index: int) -> bool:
        """Whether an op is one of those that a part of a turn reads in the end."""
        op, first = self.graph.ops[index], self.loop.children[number].first
        return index < part.start and (
            self.loop.first <= index < first
            or op.op_type is OpType.CONSTANT
            or self._owner(number, part, index) is not None
            or (index < self.loop.first and bool(self.name_of(op)))
        )

    def _owner(self, number: int, part: range, index: int) -> tuple[int, str] | None:
        """Return the first op and the name of the part before that holds an op."""
        for name, other in self.parts[number].items():
            if other.last <= part.start and other.first <= index < other.last:
                return other.first, name
        return None

    def source(self, number: int, part: range, index: int) -> tuple[int, Source]:
        """Return what an op that is read stands for, and how that is called."""
        owner = self._owner(number, part, index)
        if owner is not None:
            return owner[0], Source(owner[1])
        if index < self.loop.first:
            return index, Source(self.name_of(self.graph.ops[index]), is_outside=True)
        if index >= self.loop.children[number].first:
            return index, Source("")  # a constant
        before, place = place_in(self.loop, index)
        name = self._name(place, index)
        if self.is_memory(number, index):
            first = self.loop.children[0].last - place
            return first, Source(f"{name} of all turns before")
        return index, Source(name, before)

    def _name(self, place: int, index: int) -> str:
        """Name an op of a turn before; alike in all turns."""
        key = place, self.graph.ops[index].name
        if key not in self.names:
            self.names[key] = carry_name(self.graph, self.loop, index)
        return self.names[key]

    def is_memory(self, number: int, index: int) -> bool:
        """Whether an op is handed on to all later turns, each of which reads more.

        Args:
            number: of the turn that reads it.
            index: of the op.
        """
        if not self.loop.first <= index < self.loop.children[number].first:
            return False
        handed = self.handed.get(place_in(self.loop, index)[1])
        return handed is not None and handed.grows


def _meetings(graph: Graph, between: list[int], reach: dict[int, set[int]]) -> Meetings:
    """Follow how what is read meets for the first time.

    Args:
        graph: the traced network.
        between: ops behind what is read, in order.
        reach: for what is read the number that it goes by.
    """
    found = Meetings(reach)
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
        found.join(op)
        found.order = found.rows[index]
        joined = [i for i in op.inputs if reach.get(i)]
        found.is_behind = found.layered.issuperset(joined)
    return found


def _added_bare(op: Op, sides: list[set[int]], found: Meetings) -> list[int]:
    """Return the thing that is concatenated, as it is, to what it was joined to."""
    if op.op_type is not OpType.CONCAT or not found.joins:
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
