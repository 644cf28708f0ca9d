"""What a table and a diagram need not tell one by one: turns of a loop, free steps."""

from bisect import bisect_right
from itertools import groupby, pairwise
from typing import NamedTuple

from edulib.anatomy.graph import Call, Graph, Node
from edulib.anatomy.op_types import OpType

_LEAST = 3
_MANY = 3  # so many modules besides the first are not named one by one
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
    """Replace the turns of each loop by one step, as in a recurrent network.

    A loop is a run of steps that repeats, one of them a module that is called in each
    turn. It ends before a turn that begins anew.

    Args:
        graph: the traced network.
        nodes: its steps, folded.
    """
    while (loop := _find_loop(nodes)) is not None:
        pieces = [_piece(node) for node in nodes]
        pieces[loop.start : loop.stop] = [_fold(graph, loop, nodes)]
        nodes = graph.group(pieces)
    return nodes


def loops_in(graph: Graph, call: Call) -> list[Call]:
    """Return the loops of layers in a call whose turns read what turns before gave.

    Args:
        graph: the traced network.
        call: of a module that is not opened.

    Returns:
        A call for all turns of each, not those inside of a turn.
    """
    if not call.again:
        return []
    found: list[Call] = []
    for node in fold_turns(graph, graph.fold(lambda _: False, call)):
        if node.call is not None and node.call.turns == 1:
            found += loops_in(graph, node.call)
        elif node.call is not None and node.call.carried and node.call.has_weights:
            found.append(node.call)
    return found


def _fold(graph: Graph, loop: "Loop", nodes: list[Node]) -> Call:
    """Return one call for all turns of a loop, named by the modules of a turn."""
    parts = [nodes[a:b] for a, b in pairwise(loop.bounds)]
    turns = [_call(graph.root, part) for part in parts]
    calls = [call for turn in turns for call in turn.children]
    main = max(calls, key=lambda call: graph_params(graph, call))
    path = _joint_path(graph, turns)
    for turn in turns:
        turn.path, turn.module = path, main.module
    first, last = turns[0].first, turns[-1].last
    output, taken = _read_behind(graph, first, last)
    found = Call(path, main.module, first, last, output, turns, len(turns))
    found.taken = taken
    if _hands_on(nodes, loop):
        read = {i for op in graph.ops[turns[-1].first : last] for i in op.inputs}
        found.carried = tuple(sorted(i for i in read if first <= i < turns[-1].first))
    return found


def _read_behind(graph: Graph, first: int, last: int) -> tuple[int, int]:
    """Return the last of some ops that is read behind them, and which of its tensors.

    That is 0, for the first, where it is more than one.
    """
    behind = graph.ops[last:]
    reads = [pair for op in behind for pair in zip(op.inputs, op.taken, strict=True)]
    reads += [(output.op, output.taken) for output in graph.outputs]
    end = max((op for op, _ in reads if first <= op < last), default=last - 1)
    taken = {which for op, which in reads if op == end}
    return end, max(0, *taken) if len(taken) == 1 else 0


def _call(root: Call, nodes: list[Node]) -> Call:
    """Return a call that stands for a turn; what it holds whole is closed again."""
    first, last = nodes[0].ops[0].index, nodes[-1].ops[-1].index + 1
    calls = [node.call for node in nodes if node.call is not None]
    around = _around(root, calls[0].first, calls[-1].last)
    if len(calls) > 1 and first <= around.first and around.last <= last:
        calls = [around]
    return Call("", root.module, first, last, last - 1, calls)


def _around(call: Call, first: int, last: int) -> Call:
    """Return the innermost call that holds some ops."""
    inside = (c for c in call.children if c.first <= first and last <= c.last)
    inner = next(inside, None)
    return call if inner is None else _around(inner, first, last)


def _joint_path(graph: Graph, turns: list[Call]) -> str:
    """Name the modules of turns: by what holds no others, or "lstm, head", or ends."""
    paths = [call.path for call in turns[-1].modules]
    around = _around(
        graph.root, turns[0].children[0].first, turns[-1].children[-1].last
    )
    if around.path and {call.path for call in around.modules} == {*paths}:
        return around.path if len({*paths}) > 1 else paths[0]
    first, *others = dict.fromkeys(paths)
    holder = first.rpartition(".")[0]
    if all(path.rpartition(".")[0] == holder for path in others):
        others = [path.rpartition(".")[2] for path in others]
    if len(others) < _MANY:
        return ", ".join((first, *others))
    return f"{first}–{others[-1]}"


def graph_params(graph: Graph, call: Call) -> int:
    """Count the parameters that a call is the first to use."""
    return sum(op.params for op in graph.ops[call.first : call.last])


def _piece(node: Node) -> Call | range:
    if node.call is not None:
        return node.call
    return range(node.ops[0].index, node.ops[-1].index + 1)


class Loop(NamedTuple):
    """The steps at which each turn of a loop begins, and the one behind the last."""

    bounds: tuple[int, ...]

    @property
    def start(self) -> int:
        """The first step."""
        return self.bounds[0]

    @property
    def stop(self) -> int:
        """The step behind the last one."""
        return self.bounds[-1]


def _find_loop(nodes: list[Node]) -> Loop | None:
    """Return the longest loop, the first of those."""
    places: dict[str, list[int]] = {}
    for k, node in enumerate(nodes):
        if node.call is not None and node.call.turns == 1 and node.ops:
            places.setdefault(node.path, []).append(k)
    names = [_name(node) for node in nodes]
    runs = [run for at in places.values() for run in _regular(at)]
    loops = [
        loop
        for run in runs
        for regular in (run, run[1:], run[:-1])  # an end may have less to do
        if (whole := _loop(nodes, names, run, regular)) is not None
        for loop in _chains(nodes, whole)
        if len(loop.bounds) - 1 == len(places[nodes[run[0]].path])
        or _hands_on(nodes, loop)
    ]
    return max(
        loops, key=lambda loop: (loop.stop - loop.start, -loop.start), default=None
    )


def _chains(nodes: list[Node], loop: Loop) -> list[Loop]:
    """Cut a loop before each turn that reads no other, as where a state is reset.

    Turns of which none reads another, and chains that are all short, stay together.
    """
    read: list[set[int]] = []
    for k, (begin, end) in enumerate(pairwise(loop.bounds)):
        sources = {i for node in nodes[begin:end] for i in node.inputs}
        before = (i for i in sources if loop.start <= i < begin)
        read.append({k - bisect_right(loop.bounds, i) + 1 for i in before})
    nearest = min((min(lags) for lags in read if lags), default=len(read))
    cuts = [k for k, lags in enumerate(read) if k >= nearest and not lags]
    ends = pairwise([0, *cuts, len(read)])
    chains = [Loop(loop.bounds[a : b + 1]) for a, b in ends if b - a >= _LEAST]
    return chains or [loop]


def _hands_on(nodes: list[Node], loop: Loop) -> bool:
    """Whether a step of the last turn depends on what it gave itself in another."""
    begin = loop.bounds[-2]
    for k in range(begin, loop.stop):
        behind: set[int] = set()
        todo = list(nodes[k].inputs)
        while todo:
            source = todo.pop()
            if source >= loop.start and source not in behind:
                behind.add(source)
                todo += nodes[source].inputs
        if any(i < begin and (k - i) % (loop.stop - begin) == 0 for i in behind):
            return True
    return False


def _regular(at: list[int]) -> list[list[int]]:
    """Cut places into runs of those that are equally far apart."""
    runs = [at[:2]]
    for before, place in pairwise(at[1:]):
        run = runs[-1]
        if place - before == run[1] - run[0]:
            run.append(place)
        else:
            runs.append([before, place])
    return runs


def _loop(
    nodes: list[Node], names: list[str], run: list[int], regular: list[int]
) -> Loop | None:
    """Return the loop of a module called at these places, if its turns are alike."""
    if len(regular) < _LEAST:
        return None
    period = regular[1] - regular[0]
    start = _begin(nodes, names, regular)
    stop = start + period * len(regular)
    turn = names[start : start + period]
    if start < 0 or any(
        names[k : k + period] != turn for k in range(start, stop, period)
    ):
        return None
    bounds = [*range(start, stop, period), stop]
    before = _before(names, run[0], regular[0], start) if run[0] < regular[0] else start
    if _modules(names[before:start]) == _modules(turn):
        bounds.insert(0, before)
    return Loop(tuple(bounds))


def _modules(names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith("()")]


def _before(names: list[str], here: int, there: int, start: int) -> int:
    """Return where the turn before a regular one begins, which leaves steps out."""
    while there > start and here > 0:
        there -= 1
        if names[here - 1] == names[there]:
            here -= 1
    return here


def _begin(nodes: list[Node], names: list[str], at: list[int]) -> int:
    """Return where the first turn begins, if each ends as late as all are alike.

    What ends a turn depends on its module; else it is made for the next one.
    """
    period = at[1] - at[0]
    behind = 0
    while behind < period - 1 and at[-1] + behind + 1 < len(names):
        if len({names[k + behind + 1] for k in at}) > 1:
            break
        behind += 1
    while behind and not all(_depends(nodes, k + behind, k) for k in at):
        behind -= 1
    return at[0] - (period - 1 - behind)


def _depends(nodes: list[Node], step: int, source: int) -> bool:
    """Whether a step depends on one before it."""
    behind = {source}
    for k in range(source + 1, step + 1):
        if behind.intersection(nodes[k].inputs):
            behind.add(k)
    return step in behind


def _name(node: Node) -> str:
    """Return what is alike in all turns: the module's path, or the function's."""
    if node.call is not None:
        return node.path if node.call.turns == 1 else f"{node.call.turns} × {node.path}"
    op = node.ops[0]
    return f"{op.path}.{op.name}()"
