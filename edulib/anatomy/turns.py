"""What a table and a diagram need not tell one by one: turns of a loop, free steps."""

from itertools import groupby, pairwise
from typing import NamedTuple

from edulib.anatomy.graph import Call, Graph, Node
from edulib.anatomy.op_types import OpType

_LEAST = 3
LONG = 12  # so many free steps in a row are no part of what a network learns
_SILENT = (OpType.RESHAPE, OpType.DROPOUT)


def fold_runs(graph: Graph, nodes: list[Node]) -> list[Node]:
    """Replace what repeats in time, and long runs of free steps, by one step each.

    Free steps are functions without parameters and multiply-adds, such as the choice
    of boxes at the end of a detector.

    Args:
        graph: the traced network.
        nodes: its steps, folded.
    """
    nodes = fold_turns(graph, nodes)
    pieces: list[Call | range] = []
    for is_free, run in groupby(nodes, _is_free):
        steps = list(run)
        counted = [node for node in steps if node.op_type not in _SILENT]
        if is_free and len(counted) >= LONG:
            pieces.append(range(steps[0].ops[0].index, steps[-1].ops[-1].index + 1))
        else:
            pieces += map(_piece, steps)
    return nodes if len(pieces) == len(nodes) else graph.group(pieces)


def _is_free(node: Node) -> bool:
    return node.call is None and not (node.params or node.macs)


def fold_turns(graph: Graph, nodes: list[Node]) -> list[Node]:
    """Replace the turns of a loop by one step, as in a recurrent network.

    A loop is a run of steps that repeats, one of them a module that is called in each
    turn.

    Args:
        graph: the traced network.
        nodes: its steps, folded.
    """
    found = _find_loop(nodes)
    if found is None:
        return nodes
    start, stop, turns, period = found
    calls = [node.call for node in nodes[start:stop] if node.call is not None]
    main = max(calls, key=lambda call: graph_params(graph, call))
    first, last = nodes[start].ops[0].index, nodes[stop - 1].ops[-1].index + 1
    loop = Call(main.path, main.module, first, last, last - 1, calls, turns)
    loop.carried = _carried(nodes[stop - 2 * period : stop], period)
    pieces = [_piece(node) for node in nodes[:start]]
    pieces += [loop, *(_piece(node) for node in nodes[stop:])]
    return graph.group(pieces)


def graph_params(graph: Graph, call: Call) -> int:
    """Count the parameters that a call is the first to use."""
    return sum(op.params for op in graph.ops[call.first : call.last])


def _piece(node: Node) -> Call | range:
    if node.call is not None:
        return node.call
    return range(node.ops[0].index, node.ops[-1].index + 1)


def _carried(nodes: list[Node], period: int) -> tuple[int, ...]:
    """Return the ops of a turn that the next one reads."""
    before = {op.index for node in nodes[:period] for op in node.ops}
    reads = {i for node in nodes[period:] for op in node.ops for i in op.inputs}
    return tuple(sorted(before & reads))


class Loop(NamedTuple):
    """Steps `start` to `stop`, the latter excluded: `turns` turns of `period` each."""

    start: int
    stop: int
    turns: int
    period: int


def _find_loop(nodes: list[Node]) -> Loop | None:
    """Return the longest loop."""
    places: dict[str, list[int]] = {}
    for k, node in enumerate(nodes):
        if node.call is not None and node.ops:
            places.setdefault(node.path, []).append(k)
    names = [_name(node) for node in nodes]
    loops = [
        loop
        for at in places.values()
        for first in (0, 1)  # the first turn may have less to do
        if (loop := _loop(names, at, first)) is not None
    ]
    return max(loops, key=lambda loop: loop.stop - loop.start, default=None)


def _loop(names: list[str], at: list[int], first: int) -> Loop | None:
    """Return the loop of a module that is called at these places, from one of them."""
    regular = at[first:]
    if len(regular) < _LEAST:
        return None
    period = regular[1] - regular[0]
    start = _begin(names, regular, period)
    stop = start + period * len(regular)
    if start < 0 or any(b - a != period for a, b in pairwise(regular)):
        return None
    if any(
        names[k : k + period] != names[start : start + period]
        for k in range(start, stop, period)
    ):
        return None
    if first:
        start = _before(names, at, start)
    return Loop(start, stop, len(at), period)


def _before(names: list[str], at: list[int], start: int) -> int:
    """Return where the turn before a regular one begins, which leaves steps out."""
    here, there = at[0], at[1]
    while there > start and here > 0:
        there -= 1
        if names[here - 1] == names[there]:
            here -= 1
    return here


def _begin(names: list[str], at: list[int], period: int) -> int:
    """Return where the first turn begins, if each ends as late as all are alike."""
    behind = 0
    while behind < period - 1 and at[-1] + behind + 1 < len(names):
        if len({names[k + behind + 1] for k in at}) > 1:
            break
        behind += 1
    return at[0] - (period - 1 - behind)


def _name(node: Node) -> str:
    """Return what is alike in all turns: the module's path, or the function's."""
    if node.call is not None:
        return node.path
    op = node.ops[0]
    return f"{op.path}.{op.name}()"
