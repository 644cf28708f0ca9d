"""What a legend tells of a loop: what each part of a turn reads and gives."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from edulib.anatomy.describe import describe_op
from edulib.anatomy.graph import Call, Graph, Op
from edulib.anatomy.numbers import shape_words
from edulib.anatomy.op_types import MERGES, OpType
from edulib.drawing.diagram.contents import carry_words
from edulib.drawing.diagram.joins import LAYERS, listed

_SEVERAL = 2
_BEFORE = " of the turn before"
_SAMPLE = "grid_sample"  # takes numbers of a map at places that are computed


@dataclass
class _Meetings:
    """How the things that a part of a turn reads meet.

    Attributes:
        reach: for each op the numbers of the things that it depends on.
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


def turn_notes(
    graph: Graph, loop: Call, name_of: Callable[[Op], str]
) -> tuple[str, ...]:
    """Say what each part of a turn reads and gives.

    Args:
        graph: the traced network.
        loop: a call that stands for several turns.
        name_of: names an op outside of the loop as it is drawn, "" if it is not.
    """
    turns = [child for child in loop.children if child.path == loop.path]
    parts, begins = _parts(turns[-1]), _parts(turns[0])
    names = {i: carry_words(graph, loop, i)[0] for i in loop.carried}
    told = []
    for k, part in enumerate(parts):
        reads, meetings = _reads(graph, (loop, parts[:k]), part, names, name_of)
        alike = [p for p in begins if p.path == part.path]
        first = [p for p in begins if p not in alike]
        if alike:
            at_first, _ = _reads(graph, (loop, first), alike[0], {}, name_of)
            same = part.last - part.first == alike[0].last - alike[0].first
            reads = _with_begins(graph, reads, at_first, same)
        gives = shape_words(graph.ops[part.output].shape)
        name = loop.inner(part.path) or loop.path.rpartition(".")[2]
        told.append(f"{name}: reads {_words(reads, meetings)}; gives {gives}")
    return tuple(told)


def _parts(turn: Call) -> list[Call]:
    """Return the parts of a turn, which is a part itself where it has not several."""
    parts = [part for part in turn.children if part.last > part.first]
    return parts if len(parts) >= _SEVERAL else [turn]


def _words(reads: dict[int, str], meetings: _Meetings) -> str:
    """Tell what a part reads, and how that is joined."""
    joins = _joins(reads, meetings)
    order, samples, places = meetings.order, meetings.samples, meetings.places
    if not samples or len(places) != 1:
        is_one = list(meetings.names) == ["concat"] and not meetings.again
        in_order = is_one and {*order} == {*reads}
        names = [reads[i] for i in (order if in_order else reads)]
        return f"{_listed(names)}{joins}{' in this order' * in_order}"
    (place,) = places
    others = [name for i, name in reads.items() if i not in (*samples, place)]
    of = _listed([reads[i] for i in samples])
    taken = f"samples of {of}, concatenated in this order and taken"
    if place not in meetings.direct:
        return listed([f"{taken} at places from {reads[place]}", *others]) + joins
    where = f"{taken} where the {_bare(reads[place])} points"
    return listed([reads[place], *others, where]) + joins


def _joins(reads: dict[int, str], meetings: _Meetings) -> str:
    """Tell how what a part reads is joined."""
    if not meetings.names:
        return ""
    steps = list(meetings.told)
    steps += [f"concat with the {_bare(reads[i])}" for i in meetings.again]
    told = ", then ".join(steps)
    if meetings.is_behind:
        return f"; each passes layers of its own, then {told}"
    return f", joined by {told}"


def _bare(name: str) -> str:
    """Shorten the name of something that was told before."""
    return name.partition(" of ")[0]


def _with_begins(
    graph: Graph, reads: dict[int, str], begins: dict[int, str], same: bool
) -> dict[int, str]:
    """Tell beside what a part reads what stands for it in the first turn.

    Args:
        graph: the traced network.
        reads: names of what it reads.
        begins: those of the first turn.
        same: whether it has as many steps in the first turn.
    """
    begins = {i: name for i, name in begins.items() if name not in reads.values()}
    told = {}
    for index, name in reads.items():
        shape = graph.ops[index].shape
        first = [i for i in begins if graph.ops[i].shape == shape]
        if name.endswith(_BEFORE) and first:
            name += f" (in the first turn {begins.pop(first[0])})"
        elif name.endswith(_BEFORE) and same and not begins:
            name += " (in the first turn a constant)"
        told[index] = name
    return told | {i: f"{name} in the first turn" for i, name in begins.items()}


def _reads(
    graph: Graph,
    around: tuple[Call, list[Call]],
    part: Call,
    carried: dict[int, str],
    name_of: Callable[[Op], str],
) -> tuple[dict[int, str], _Meetings]:
    """Name what a part of a turn reads: other parts, what was handed on, blocks.

    Returns:
        Names by the first op of each, and how they meet.
    """
    loop, others = around
    owners = {i: other for other in others for i in range(other.first, other.last)}
    found: dict[int, str] = {}
    ends: dict[int, set[int]] = {}
    seen: set[int] = set()
    ops = graph.ops[part.first : part.last]
    todo = [i for op in ops for i in op.inputs if i < part.first]
    while todo:
        index = todo.pop(0)
        if index in seen:
            continue
        seen.add(index)
        op = graph.ops[index]
        if index in owners:
            name = loop.inner(owners[index].path)
            found[owners[index].first] = name
            ends[index] = {owners[index].first}
            continue
        if index in carried:
            found[index] = carried[index] + _BEFORE
        elif index < loop.first and name_of(op):
            found[index] = name_of(op)
        elif op.op_type is not OpType.CONSTANT:
            todo.extend(op.inputs)
            continue
        ends[index] = {index} if index in found else set()
    between = sorted(seen.union(op.index for op in ops) - set(ends))
    meetings = _meetings(graph, between, ends)
    meetings.direct = set().union(*(meetings.reach[op.index] for op in ops))
    return dict(sorted(found.items())), meetings


def _meetings(
    graph: Graph, between: list[int], reach: dict[int, set[int]]
) -> _Meetings:
    """Follow how what is read meets for the first time.

    Args:
        graph: the traced network.
        between: ops behind what is read, in order.
        reach: for what is read the number that it goes by.
    """
    found = _Meetings(reach)
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


def _added_bare(op: Op, sides: list[set[int]], found: _Meetings) -> list[int]:
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


def _listed(names: list[str]) -> str:
    """Write names, each once, with its count where it is more than one."""
    counts = Counter(names)
    return listed(
        [f"{n} ({count} of them)" * (count > 1) or n for n, count in counts.items()]
    )
