"""What the turns of a loop hand on, read from all of them."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from edulib.anatomy.graph import Call, Graph, Op
from edulib.anatomy.numbers import all_shapes, ends_of, shape_words
from edulib.drawing.diagram.joins import listed

ONE_A_TURN = "one a turn"
_MOST = 4  # turns that are named one by one
_ORDINALS = ("first", "second", "third")


class Handed(NamedTuple):
    """To which turns the result of one op of a turn is handed on.

    Attributes:
        lags: how many turns later the result of each turn is read, where there are
            so many.
        fixed: numbers of turns whose results all later ones read besides, two or more.
        grows: whether each turn reads those of all turns before, more in each.
        pairs: numbers of turns, of the one that made it and the one that reads it.
    """

    lags: list[int]
    fixed: list[int]
    grows: bool
    pairs: list[tuple[int, int]]

    @property
    def latest(self) -> int:
        """The number of the last turn whose result is read."""
        return max(source for source, _ in self.pairs)


def place_in(loop: Call, index: int) -> tuple[int, int]:
    """Return the number of the turn that an op is in, and its place from the end."""
    number = bisect_right(loop.children, index, key=lambda turn: turn.last)
    return number, loop.children[number].last - index


def handed_on(graph: Graph, loop: Call) -> dict[int, Handed]:
    """Return what turns hand on, by places from the end, where all do it alike.

    What some turns hand on and others do not is left out.

    Args:
        graph: the traced network.
        loop: a call that stands for several turns.
    """
    pairs: dict[int, set[tuple[int, int]]] = {}
    for number, turn in enumerate(loop.children):
        for op in graph.ops[turn.first : turn.last]:
            for index in op.inputs:
                if loop.first <= index < turn.first:
                    source, place = place_in(loop, index)
                    pairs.setdefault(place, set()).add((source, number))
    order = sorted(pairs, key=lambda at: min((k - s, at) for s, k in pairs[at]))
    found = ((at, _handed(graph, loop, at, pairs[at])) for at in order)
    return {at: handed for at, handed in found if handed is not None}


def _handed(
    graph: Graph, loop: Call, place: int, pairs: set[tuple[int, int]]
) -> Handed | None:
    """Find a rule for what is read of one op; None where there is none."""
    turns = loop.turns
    made = {graph.ops[loop.children[source].last - place].name for source, _ in pairs}
    first = (lag for lag in range(1, turns) if (0, lag) in pairs)
    full = [lag for lag in first if _later(lag, turns) <= pairs]
    rest = pairs.difference(*(_later(lag, turns) for lag in full))
    fixed = sorted({source for source, _ in rest})
    behind = {(source, k) for source in fixed for k in range(source + 1, turns)}
    has_many = all(source + 2 < turns for source in fixed)
    if len(made) > 1 or not has_many or not behind <= pairs:
        return None
    lags = [lag for lag in full if not (fixed and _later(lag, turns) <= behind)]
    grows = lags == list(range(1, turns)) and _grows(graph, loop, place)
    return Handed(lags, fixed, grows, sorted(pairs))


def _later(lag: int, turns: int) -> set[tuple[int, int]]:
    return {(number - lag, number) for number in range(lag, turns)}


def _grows(graph: Graph, loop: Call, place: int) -> bool:
    """Whether what reads results of all turns before joins more in each turn."""
    before, turn = loop.children[-2:]
    index = before.last - place
    readers = [o for o in graph.ops[turn.first : turn.last] if index in o.inputs]
    ops = [(op, graph.ops[before.last - (turn.last - op.index)]) for op in readers]
    return any(_joined(op) > _joined(other) for op, other in ops)


def _joined(op: Op) -> int:
    return op.joined or len(op.inputs)


def shape_handed(graph: Graph, loop: Call, place: int, handed: Handed) -> str:
    """Write the shapes of what is handed on, of the first and the last that differ."""
    readers = dict(reversed(handed.pairs))
    shapes = []
    for source, number in sorted(readers.items()):
        op, turn = graph.ops[loop.children[source].last - place], loop.children[number]
        others = [o for o in graph.ops[turn.first : turn.last] if op.index in o.inputs]
        taken = {other.taken[other.inputs.index(op.index)] for other in others}
        is_one = len(taken) == 1 and -1 not in taken
        one = (shape_words(op.shapes[which]) for which in taken)
        shapes.append(next(one) if is_one else all_shapes(op.shape, op.others))
    return ends_of(shapes)


def until_words(handed: Handed, what: str) -> str:
    """Tell what is handed on, and to which turns, if not to the next one alone."""
    later = f"{ordinals(handed.fixed)}, to all later turns" if handed.fixed else ""
    if not handed.lags:
        return f"{what} of {later}"
    return f"{what}{_until(handed)}" + (f", that of {later}" if later else "")


def _until(handed: Handed) -> str:
    lags = handed.lags
    if handed.grows:
        return ", to all later turns"
    if lags == [1]:
        return ""
    if lags == list(range(1, len(lags) + 1)):
        return f", to the next {len(lags)} turns"
    return f", read {' and '.join(map(str, lags))} turns later"


def turns_of(loop: Call, indices: list[int]) -> str:
    """Tell which turns made some ops of a loop, in order; "" if it is the last one."""
    numbers = [place_in(loop, index)[0] for index in indices]
    if numbers == list(range(loop.turns)):
        return ONE_A_TURN
    found = set(numbers)
    return "" if found == {loop.turns - 1} else f"of {turns_words(found, loop)}"


def runs_words(graph: Graph, loop: Call) -> str:
    """Say that each turn has an input of its own, if so and none reads another."""
    for turn in loop.children:
        read = {i for op in graph.ops[turn.first : turn.last] for i in op.inputs}
        if any(loop.first <= i < turn.first for i in read):
            return ""
    calls = [turn.modules[0] for turn in loop.children]
    entries = {graph.ops[call.first].inputs for call in calls}
    is_each = len(entries) == loop.turns
    return f", run on each of {loop.turns} inputs" if is_each else ""


def turns_words(numbers: set[int], loop: Call) -> str:
    """Name some turns, or count them where they are many: "3 of the 6 turns"."""
    if len(numbers) == loop.turns:
        return f"all {loop.turns} turns"
    if len(numbers) <= _MOST:
        return ordinals(numbers)
    return f"{len(numbers)} of the {loop.turns} turns"


def ordinals(numbers: Iterable[int]) -> str:
    """Name turns by their numbers, from 0: "the first turn", "turns 2 and 4"."""
    several = sorted(numbers)
    if len(several) > 1:
        return f"turns {listed([str(number + 1) for number in several])}"
    (number,) = several
    is_word = number < len(_ORDINALS)
    return f"the {_ORDINALS[number] if is_word else f'{number + 1}th'} turn"
