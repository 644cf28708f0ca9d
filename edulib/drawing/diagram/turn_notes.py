"""What a legend tells of a loop: what each part of a turn reads and gives."""

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import groupby

from edulib.anatomy.graph import Call, Graph, Op
from edulib.anatomy.numbers import ends_of, shape_words
from edulib.drawing.diagram.joins import listed
from edulib.drawing.diagram.turn_hands import (
    handed_on,
    ordinals,
    place_in,
    turns_words,
)
from edulib.drawing.diagram.turn_parts import carry_name
from edulib.drawing.diagram.turn_reads import Meetings, Reader, Source
from edulib.drawing.diagram.turn_slots import Slots

_MOST = 4  # things, or turns, that are named one by one


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
    told = []
    for name in reader.parts[-1]:
        calls = [turn.get(name) for turn in reader.parts]
        words = _told(reader, [None if call is None else _span(call) for call in calls])
        made = [call for call in calls if call is not None]
        shapes = [graph.ops[call.output].shapes[call.taken] for call in made]
        gives = f"gives {ends_of(map(shape_words, shapes))}"
        told.append(f"{name}: {'; '.join(filter(None, (words, gives)))}")
    for name, same in _made_between(graph, loop):
        words = _told(reader, same)
        if words and len(reader.reads(loop.turns - 1, same[-1]).sources) > 1:
            told.append(f"{name}: {words}")
    return (*told, *_read_behind(graph, loop))


def _span(part: Call) -> range:
    return range(part.first, part.last)


def _made_between(graph: Graph, loop: Call) -> list[tuple[str, list[range]]]:
    """Name the ops outside of modules whose results turns hand on, in all turns."""
    found = []
    for place in handed_on(graph, loop):
        ops = [turn.last - place for turn in loop.children]
        name, last = carry_name(graph, loop, ops[-1]), loop.children[-1]
        held = any(module.first <= ops[-1] < module.last for module in last.modules)
        inside = all(
            i >= turn.first for i, turn in zip(ops, loop.children, strict=True)
        )
        alike = inside and len({graph.ops[i].name for i in ops}) == 1
        if alike and not held and not name.startswith("running"):
            found.append((name, [range(i, i + 1) for i in ops]))
    return found


def _read_behind(graph: Graph, loop: Call) -> list[str]:
    """Tell of which turns the results are read behind the loop, if not of the last."""
    read = {i for op in graph.ops[loop.last :] for i in op.inputs}
    turns = {place_in(loop, i)[0] for i in read if loop.first <= i < loop.last}
    if turns <= {loop.turns - 1}:
        return []
    results = "result is" if len(turns) == 1 else "results are"
    what, verb = results.split()
    return [f"the {what} of {turns_words(turns, loop)} {verb} read"]


def _told(reader: Reader, same: list[range | None]) -> str:
    """Tell what a part reads, in the last turn and where others differ.

    Args:
        reader: finds what is read.
        same: the ops of the part in each turn; None where it is not.

    Returns:
        The words; "" where turns read too many different things.
    """
    last = len(same) - 1
    read = reader.reads(last, same[-1])
    apart: dict[int, str] = {}
    turns: dict[int, dict[int, Source]] = {index: {} for index in read.sources}
    for number, own in enumerate(same[:-1]):
        filled = None
        if own is not None:
            filled = Slots(reader, number, own, same[-1]).filled(read.sources)
        if filled is None:
            apart[number] = (
                "it does not run" if own is None else _only(reader, number, own)
            )
        for index, source in (filled or {}).items():
            turns[index][number] = source
    told = {
        index: _over_turns(turns[index], source, last)
        for index, source in sorted(read.sources.items())
    }
    if len(_runs(apart)) > _MOST or not all(told.values()):
        return ""
    others = f"; {_in_turns(apart)}" if apart else ""
    return f"reads {_words(told, read.meetings)}{others}"


def _only(reader: Reader, number: int, own: range) -> str:
    """Name what a part reads in one turn alone."""
    sources = reader.reads(number, own).sources.values()
    return f"it reads only {_listed(source.told(number) for source in sources)}"


def _over_turns(turns: dict[int, Source], source: Source, last: int) -> str:
    """Name what is read in one place, in the last turn and where others differ.

    Args:
        turns: what other turns read there.
        source: what the last one reads there.
        last: the number of the last turn.

    Returns:
        The words; "" where turns read too many different things.
    """
    differ = {k: s.told(k) for k, s in turns.items() if s != source}
    name = source.told(last)
    if source.turn is not None:
        shifted = last - source.turn
        later = {
            k: s.told(k)
            for k, s in turns.items()
            if s != Source(source.name, k - shifted)
        }
        if len(later) <= len(differ):
            differ = later
        else:
            name = f"{source.name} of {ordinals([source.turn])}"
    names = list(dict.fromkeys([*differ.values(), name]))
    is_outside = all(s.is_outside for s in (*turns.values(), source))
    if is_outside and 1 < len(names) <= _MOST and len(differ) > 1:
        return f"one of {listed(names)}"
    if len(_runs(differ)) > _MOST:
        return ""
    return name + (f" ({_in_turns(differ)})" if differ else "")


def _runs(names: dict[int, str]) -> list[list[int]]:
    """Cut numbers of turns into runs of one name."""
    items = sorted(names.items())
    keys = enumerate(items)
    runs = groupby(keys, lambda item: (item[1][0] - item[0], item[1][1]))
    return [[number for _, (number, _) in run] for _, run in runs]


def _in_turns(names: dict[int, str]) -> str:
    """Tell what is so in some turns: "in the first 2 turns a, in the third b"."""
    told = []
    for numbers in _runs(names):
        name = names[numbers[0]]
        if len(numbers) == 1:
            told.append(f"in {ordinals(numbers)} {name}")
        elif not numbers[0]:
            told.append(f"in the first {len(numbers)} turns {name}")
        else:
            join = "and" if len(numbers) == 2 else "to"
            ends = f"{numbers[0] + 1} {join} {numbers[-1] + 1}"
            told.append(f"in turns {ends} {name}")
    return ", ".join(told)


def _words(reads: dict[int, str], meetings: Meetings) -> str:
    """Tell what a part reads, and how that is joined."""
    joins = _joins(reads, meetings)
    order, samples, places = meetings.order, meetings.samples, meetings.places
    if not samples or len(places) != 1:
        is_one = meetings.told == ["concat"] and not meetings.again
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
    if not meetings.joins:
        return ""
    steps = meetings.told
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
