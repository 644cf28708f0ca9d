"""What a legend tells of a loop: what each part of a turn reads and gives."""

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import groupby

from edulib.anatomy.graph import Call, Graph, Op
from edulib.anatomy.numbers import shape_words
from edulib.drawing.diagram.joins import listed
from edulib.drawing.diagram.turn_parts import carry_name, lags_of, parts_of
from edulib.drawing.diagram.turn_reads import Meetings, Reader, Reads

_ORDINALS = ("first", "second", "third")


def turn_notes(
    graph: Graph, loop: Call, name_of: Callable[[Op], str]
) -> tuple[str, ...]:
    """Say what each part of a turn reads and gives.

    Args:
        graph: the traced network.
        loop: a call that stands for several turns.
        name_of: names an op outside of the loop as it is drawn, "" if it is not.
    """
    reader = Reader(graph, loop, name_of)
    turns = [parts_of(turn) for turn in loop.children]
    told = []
    for name, part in turns[-1].items():
        same = [_span(turn[name]) if name in turn else None for turn in turns]
        gives = shape_words(graph.ops[part.output].shape)
        told.append(f"{name}: {_told(reader, same)}; gives {gives}")
    for name, same in _made_between(graph, loop):
        if len(reader.reads(loop.turns - 1, same[-1]).names) > 1:
            told.append(f"{name}: {_told(reader, same)}")
    return (*told, *_read_behind(graph, loop))


def _span(part: Call) -> range:
    return range(part.first, part.last)


def _made_between(graph: Graph, loop: Call) -> list[tuple[str, list[range | None]]]:
    """Name the ops outside of modules whose results a turn hands on, in all turns."""
    found = []
    for place in lags_of(loop):
        ops = [turn.last - place for turn in loop.children]
        name, last = carry_name(graph, loop, ops[-1]), loop.children[-1]
        held = any(module.first <= ops[-1] < module.last for module in last.modules)
        if not held and not name.startswith("running"):
            kind = graph.ops[ops[-1]].name
            is_there = [graph.ops[i].name == kind for i in ops]
            pairs = zip(ops, is_there, strict=True)
            found.append((name, [range(i, i + 1) if ok else None for i, ok in pairs]))
    return found


def _read_behind(graph: Graph, loop: Call) -> list[str]:
    """Tell of how many turns the results are read behind the loop, if of several."""
    read = {i for op in graph.ops[loop.last :] for i in op.inputs}
    turns = [
        turn
        for turn in loop.children
        if not read.isdisjoint(range(turn.first, turn.last))
    ]
    if len(turns) < 2:
        return []
    count = f"all {len(turns)}" if len(turns) == loop.turns else f"{len(turns)} of the"
    of = f"{count} turns" if len(turns) == loop.turns else f"{count} {loop.turns} turns"
    return [f"the results of {of} are read"]


def _told(reader: Reader, same: list[range | None]) -> str:
    """Tell what a part reads, in the last turn and where the first ones differ.

    Args:
        reader: finds what is read.
        same: the ops of the part in each turn; None where it is not.
    """
    read = reader.reads(len(same) - 1, same[-1])
    first: dict[int, dict[int, str]] = {}
    apart: dict[int, str] = {}
    for number in range(max(read.lags.values(), default=0)):
        own = Reads() if same[number] is None else reader.reads(number, same[number])
        begins = _begins(reader.graph, read, own, number)
        if begins is None:
            apart[number] = _listed(own.names.values())
        for index, name in (begins or {}).items():
            first.setdefault(index, {})[number] = name
    names = {
        index: name + (f" ({_in_turns(first[index])})" if index in first else "")
        for index, name in sorted(read.names.items())
    }
    others = f"; {_in_turns(apart, 'it reads only ')}" if apart else ""
    return f"reads {_words(names, read.meetings)}{others}"


def _begins(
    graph: Graph, read: Reads, own: Reads, number: int
) -> dict[int, str] | None:
    """Return what stands in an early turn for what no turn could hand on yet.

    Returns:
        Names by the op of what is handed on later; None where it cannot be told, as
        the turn does something else.
    """
    waiting = [index for index, lag in read.lags.items() if lag > number]
    known = set(read.names.values())
    begins = [i for i, name in own.names.items() if name not in known]
    if not begins and own.steps(set()) == read.steps(set(waiting)):
        return dict.fromkeys(waiting, "a constant")
    found = {}
    for index in waiting:
        shape = graph.ops[index].shape
        alike = next((i for i in begins if graph.ops[i].shape == shape), None)
        if alike is None:
            return None
        begins.remove(alike)
        found[index] = own.names[alike]
    return None if begins else found


def _in_turns(names: dict[int, str], verb: str = "") -> str:
    """Tell what is so in the first turns: "in the first 2 turns a, in the third b"."""
    told = []
    for name, run in groupby(names.items(), lambda item: item[1]):
        numbers = [number for number, _ in run]
        first = _ORDINALS[numbers[0]] if numbers[0] < 3 else f"{numbers[0] + 1}th"
        if len(numbers) == 1:
            told.append(f"in the {first} turn {verb}{name}")
        elif not numbers[0]:
            told.append(f"in the first {len(numbers)} turns {verb}{name}")
        else:
            join = "and" if len(numbers) == 2 else "to"
            ends = f"{numbers[0] + 1} {join} {numbers[-1] + 1}"
            told.append(f"in turns {ends} {verb}{name}")
    return ", ".join(told)


def _words(reads: dict[int, str], meetings: Meetings) -> str:
    """Tell what a part reads, and how that is joined."""
    joins = _joins(reads, meetings)
    order, samples, places = meetings.order, meetings.samples, meetings.places
    if not samples or len(places) != 1:
        is_one = list(meetings.names) == ["concat"] and not meetings.again
        in_order = is_one and {*order} == {*reads}
        names = [reads[i] for i in (dict.fromkeys(order) if in_order else reads)]
        return f"{_listed(names)}{joins}{' in this order' * in_order}"
    (place,) = places
    others = [name for i, name in reads.items() if i not in (*samples, place)]
    of = _listed([reads[i] for i in samples])
    taken = f"samples of {of}, concatenated in this order and taken"
    if place not in meetings.direct:
        return listed([f"{taken} at places from {reads[place]}", *others]) + joins
    where = f"{taken} where the {_bare(reads[place])} points"
    return listed([reads[place], *others, where]) + joins


def _joins(reads: dict[int, str], meetings: Meetings) -> str:
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


def _listed(names: Iterable[str]) -> str:
    """Write names, each once, with its count where it is more than one."""
    counts = Counter(names) or Counter(["a constant"])
    return listed(
        [f"{n} ({count} of them)" * (count > 1) or n for n, count in counts.items()]
    )
