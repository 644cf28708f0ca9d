"""What a legend tells of the inside of blocks: who reads what, and what is added."""

from collections import Counter
from collections.abc import Callable

from edulib.anatomy.attention import asked_of
from edulib.anatomy.describe import describe_op
from edulib.anatomy.graph import Call, Graph, Op
from edulib.anatomy.numbers import shape_words
from edulib.anatomy.op_types import MERGES, OpType
from edulib.drawing.diagram.contents import carry_words
from edulib.drawing.diagram.items import size_of
from edulib.drawing.diagram.joins import listed
from edulib.drawing.diagram.shortcuts import projection_of

_SEVERAL = 2
_BEFORE = " of the turn before"


def attention_notes(graph: Graph, call: Call) -> tuple[str, ...]:
    """Say what each of several attentions of a block reads.

    That is left out where all read one thing.
    """
    found = asked_of(graph, call)
    if len(found) < _SEVERAL or len({n for _, *asked in found for n in asked}) == 1:
        return ()
    return tuple(
        f"{path}: queries and keys from {queries}"
        if queries == keys
        else f"{path}: queries from {queries}, keys from {keys}"
        for path, queries, keys in found
    )


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
    parts = [part for part in turns[-1].children if part.last > part.first]
    if len(parts) < _SEVERAL:
        return ()
    names = {i: carry_words(graph, loop, i).rpartition(" ")[0] for i in loop.carried}
    told = []
    for k, part in enumerate(parts):
        reads, how = _reads(graph, (loop, parts[:k]), part, names, name_of)
        alike = [p for p in turns[0].children if p.path == part.path]
        first = [p for p in turns[0].children if p.last > p.first and p not in alike]
        begins = {}
        if alike:
            begins, _ = _reads(graph, (loop, first), alike[0], {}, name_of)
        words = _listed(_with_begins(graph, reads, begins))
        gives = shape_words(graph.ops[part.output].shape)
        name = part.path.removeprefix(loop.path).strip(".")
        joins = f", joined by {', then '.join(how)}" if how else ""
        told.append(f"{name}: reads {words}{joins}; gives {gives}")
    return tuple(told)


def _with_begins(
    graph: Graph, reads: dict[int, str], begins: dict[int, str]
) -> list[str]:
    """Tell beside what a part reads what stands for it in the first turn."""
    begins = {i: name for i, name in begins.items() if name not in reads.values()}
    told = []
    for index, name in reads.items():
        shape = graph.ops[index].shape
        first = [i for i in begins if graph.ops[i].shape == shape]
        if name.endswith(_BEFORE) and first:
            name += f" (in the first turn {begins.pop(first[0])})"
        told.append(name)
    return [*told, *(f"{name} in the first turn" for name in begins.values())]


def _reads(
    graph: Graph,
    around: tuple[Call, list[Call]],
    part: Call,
    carried: dict[int, str],
    name_of: Callable[[Op], str],
) -> tuple[dict[int, str], list[str]]:
    """Name what a part of a turn reads: other parts, what was handed on, blocks.

    Returns:
        Names by the first op of each, and the operations by which they are joined.
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
            name = owners[index].path.removeprefix(loop.path).strip(".")
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
    how, order = _meetings(graph, between, ends)
    if how == ["concat"] and set(order) == set(found):
        return {first: found[first] for first in order}, ["concat in this order"]
    return dict(sorted(found.items())), how


def _meetings(
    graph: Graph, between: list[int], reach: dict[int, set[int]]
) -> tuple[list[str], list[int]]:
    """Name the operations in which what is read meets for the first time.

    Args:
        graph: the traced network.
        between: ops behind what is read, in order.
        reach: for what is read the number that it goes by.

    Returns:
        Their names, and the numbers in the order in which the last one concatenates
        them; none if it does otherwise.
    """
    names: Counter[str] = Counter()
    rows: dict[int, list[int]] = {}
    order: list[int] = []
    for index in between:
        op = graph.ops[index]
        sides = [reach.get(i, set()) for i in op.inputs]
        reach[index] = set().union(*sides)
        rows[index] = _row(op, sides, rows)
        if len(reach[index]) > max(map(len, sides), default=0):
            is_merge = op.op_type in MERGES
            told = str(op.op_type) if is_merge else describe_op(op)
            names[told] = 1 if is_merge else names[told] + 1
            order = rows[index]
    return [f"{n} × {name}" if n > 1 else name for name, n in names.items()], order


def _row(op: Op, sides: list[set[int]], rows: dict[int, list[int]]) -> list[int]:
    """Return what a concatenation, also one of concatenations, has side by side."""
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


def conversion(graph: Graph, call: Call) -> tuple[str, bool]:
    """Tell what converts a block's input before it is added, if anything does.

    Returns:
        The layer in words, "" for none, and whether the block changes the channels.
    """
    layer = projection_of(graph, call)
    first = graph.ops[layer.inputs[0]] if layer is not None else None
    if first is None and call.given:
        first = graph.ops[call.given[0][1]]
    last = graph.ops[call.output]
    changes = first is not None and size_of(first)[0] != size_of(last)[0]
    words = "" if layer is None else describe_op(layer).split(",")[0]
    return words.replace("convolution", "conv"), changes
