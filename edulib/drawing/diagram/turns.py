"""Repetition in time: a module that is called over and over with the same weights."""

from itertools import pairwise

from edulib.anatomy.graph import Call, Graph, Node

_LEAST = 3


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
    start, period, turns = found
    stop = start + period * turns
    calls = [node.call for node in nodes[start:stop] if node.call is not None]
    main = max(calls, key=lambda call: graph_params(graph, call))
    first, last = nodes[start].ops[0].index, nodes[stop - 1].ops[-1].index + 1
    loop = Call(main.path, main.module, first, last, last - 1, calls, turns)
    pieces = [_piece(node) for node in nodes[:start]]
    pieces += [loop, *(_piece(node) for node in nodes[stop:])]
    return graph.group(pieces)


def graph_params(graph: Graph, call: Call) -> int:
    """Count the parameters that a call is the first to use."""
    return sum(op.params for op in graph.ops[call.first : call.last])


def _piece(node: Node) -> Call | int:
    return node.call if node.call is not None else node.ops[0].index


def _find_loop(nodes: list[Node]) -> tuple[int, int, int] | None:
    """Return where the longest loop begins, its period, and how often it turns."""
    places: dict[str, list[int]] = {}
    for k, node in enumerate(nodes):
        if node.call is not None and node.ops:
            places.setdefault(node.path, []).append(k)
    names = [_name(node) for node in nodes]
    found = [
        (period * len(at), _begin(names, at, period), period, len(at))
        for at in places.values()
        if len(at) >= _LEAST
        for period in {at[1] - at[0]}
        if all(b - a == period for a, b in pairwise(at))
    ]
    fitting = [
        (size, -start, period, turns)
        for size, start, period, turns in found
        if _repeats(names, start, period, turns)
    ]
    if not fitting:
        return None
    _, start, period, turns = max(fitting)
    return -start, period, turns


def _begin(names: list[str], at: list[int], period: int) -> int:
    """Return where the first turn begins: as early as all turns are alike."""
    start = at[0]
    while start and start > at[0] - period + 1:
        if len({names[k - at[0] + start - 1] for k in at}) > 1:
            break
        start -= 1
    return start


def _repeats(names: list[str], start: int, period: int, turns: int) -> bool:
    turn = names[start : start + period]
    runs = range(start, start + period * turns, period)
    return all(names[k : k + period] == turn for k in runs)


def _name(node: Node) -> str:
    """Return what is alike in all turns: the module's path, or the function's."""
    if node.call is not None:
        return node.path
    op = node.ops[0]
    return f"{op.path}.{op.name}()"
