"""What other turns of a loop read in the place of what the last one reads."""

from dataclasses import dataclass, field
from operator import eq

from edulib.anatomy.graph import Op
from edulib.anatomy.op_types import OpType
from edulib.drawing.diagram.turn_reads import Reader, Source

CONSTANT = Source("a constant")
_IN_ANY_ORDER = (OpType.ADD, OpType.MULTIPLY)


@dataclass
class Slots:
    """Follows a part of two turns, the last one and another, side by side.

    Attributes:
        reader: finds what is read.
        number: of the other turn.
        own: the ops of the part in it.
        part: the ops of the part in the last turn.
        found: what the other turn reads, by what the last one reads in its place.
    """

    reader: Reader
    number: int
    own: range
    part: range
    found: dict[int, Source] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """The number of the last turn."""
        return self.reader.loop.turns - 1

    def filled(self, read: dict[int, Source]) -> dict[int, Source] | None:
        """Return what the other turn reads; None if it does other than the last one.

        Args:
            read: what the last one reads.
        """
        ends = [self._ends(ops) for ops in (self.part, self.own)]
        todo = list(zip(*ends, strict=False))
        seen: set[tuple[int, int]] = set()
        while todo:
            pair = todo.pop()
            if pair in seen:
                continue
            seen.add(pair)
            more = self._follow(*pair)
            if more is None:
                return None
            todo += more
        alike = len(ends[0]) == len(ends[1])
        kept = [i for i in read if not self.reader.is_memory(self.last, i)]
        return self.found if alike and {*kept} <= {*self.found} else None

    def _ends(self, ops: range) -> list[int]:
        """Return the ops of a part that no other op of it reads."""
        own = self.reader.graph.ops[ops.start : ops.stop]
        read = {i for op in own for i in op.inputs}
        return [op.index for op in own if op.index not in read]

    def _follow(self, index: int, other: int) -> list[tuple[int, int]] | None:
        """Return the pairs of ops that a pair reads; None if they do not match."""
        op, its = (self.reader.graph.ops[i] for i in (index, other))
        if not (
            self.reader.is_end(self.last, self.part, index)
            or self.reader.is_end(self.number, self.own, other)
            or op.name != its.name
        ):
            return self._pairs(op, its)
        return [] if self._match(index, other) else None

    def _pairs(self, op: Op, its: Op) -> list[tuple[int, int]] | None:
        """Pair what two ops of one kind read; what one leaves out is a constant."""
        is_memory = self.reader.is_memory
        inputs = [i for i in op.inputs if not is_memory(self.last, i)]
        others = [i for i in its.inputs if not is_memory(self.number, i)]
        left_out: list[int] = []
        if len(inputs) != len(others):
            left_out = [i for i in inputs if self._waits(i)]
            more = its.constants - op.constants
            if its.inputs and more != len(left_out):  # as in `x + x`
                return None
        for index in left_out:
            if not all(self._put(at, CONSTANT) for at, _ in self._sources(index)):
                return None
        rest = [i for i in inputs if i not in left_out]
        if op.op_type in _IN_ANY_ORDER and self._is_turned(rest, others):
            others.reverse()
        return (
            list(zip(rest, others, strict=True)) if len(rest) == len(others) else None
        )

    def _is_turned(self, inputs: list[int], others: list[int]) -> bool:
        """Whether more of what is read is alike if one of two is read backwards."""
        told = [self._told(self.last, self.part, i) for i in inputs]
        its = [self._told(self.number, self.own, i) for i in others]
        return sum(map(eq, told, reversed(its))) > sum(map(eq, told, its))

    def _told(self, number: int, part: range, index: int) -> set[str]:
        """Name what an op of a turn reads in the end."""
        ends = self.reader.behind(number, part, [index])[0]
        sources = (self.reader.source(number, part, end)[1] for end in ends)
        return {source.told(number) for source in sources}

    def _waits(self, index: int) -> bool:
        """Whether an op depends on nothing but what no turn can have made yet."""
        sources = [source for _, source in self._sources(index)]
        return bool(sources) and all(
            source.turn is not None and self.last - source.turn > self.number
            for source in sources
        )

    def _match(self, index: int, other: int) -> bool:
        """Note what an op stands for and what another one, if each is one thing."""
        sources = self._sources(index)
        own = self.reader.behind(self.number, self.own, [other])[0]
        theirs = [self.reader.source(self.number, self.own, i)[1] for i in own]
        if not sources:
            return not any(source.name for source in theirs)
        if len(sources) > 1 or len(theirs) > 1 or not all(s.name for s in theirs):
            return False
        return self._put(sources[0][0], theirs[0] if theirs else CONSTANT)

    def _sources(self, index: int) -> list[tuple[int, Source]]:
        """Return what an op of the last turn reads in the end, with its number."""
        ends = self.reader.behind(self.last, self.part, [index])[0]
        found = (self.reader.source(self.last, self.part, end) for end in ends)
        return list({at: (at, source) for at, source in found if source.name}.values())

    def _put(self, at: int, source: Source) -> bool:
        return self.found.setdefault(at, source) == source
