"""How a block joins what it reads, and what it splits and concatenates, in words."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from edulib.anatomy.choice import slices_words
from edulib.anatomy.describe import describe_op
from edulib.anatomy.graph import Call, Graph, Node, Op
from edulib.anatomy.op_types import OpType

SPLITS = ("split", "chunk", "unbind", "tensor_split")
NAMES = {"add": "sum", "sub": "difference", "mul": "product", "cat": "concat"}
_VERBS = {
    OpType.ADD: "adds",
    OpType.SUBTRACT: "subtracts",
    OpType.MULTIPLY: "multiplies by",
    OpType.CONCAT: "concats",
    OpType.ATTENTION: "attends to",
}
_PASSES = (OpType.RESHAPE, OpType.DROPOUT)
_PAIR = 2
_MOST = 4  # parts of a concatenation that are named
LAYERS = (OpType.CONVOLUTION, OpType.DENSE)


def manner(graph: Graph, node: Node, read: Iterable[int]) -> str:
    """Say how a step joins what comes from elsewhere with all else: "adds".

    Args:
        graph: the traced network.
        node: the step.
        read: the ops elsewhere.
    """
    alone = set(read)
    kinds: dict[OpType, None] = {}
    for op in graph.ops[min(alone) : node.ops[-1].index + 1]:
        inputs = {i for i in op.inputs if i in alone or not _is_learned(graph, i)}
        if inputs and inputs <= alone:
            alone.add(op.index)
        elif inputs & alone and node.ops[0].index <= op.index:
            kinds[op.op_type] = None
    verbs = [_VERBS.get(kind, "") for kind in kinds]
    return " and ".join(verbs) if verbs and all(verbs) else "reads"


def _is_learned(graph: Graph, index: int) -> bool:
    return graph.ops[index].op_type is OpType.CONSTANT


def listed(names: Sequence[str]) -> str:
    """Write names in a row: "a, b and c"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def paths_of(graph: Graph, call: Call) -> tuple[str, str]:
    """Say into how many parts a block splits what it has, and which it joins.

    Returns:
        What it does so before its first layer, and behind that.
    """
    own = [op for op in graph.ops[call.first : call.last] if op.path == call.path]
    splits = [1 + len(op.others) for op in own if op.name in SPLITS and op.others]
    before = f"split in\xa0{splits[0]}" if len(splits) == 1 else ""
    joins = [op for op in own if op.op_type is OpType.CONCAT and op.joined > 1]
    if len(joins) != 1 or joins[0].index == call.output:
        return "", ""  # the split may be that of queries, keys and values
    (join,) = joins
    words = f"concat of\xa0{_joined(graph, call, join)}"
    if any(op.op_type in LAYERS for op in graph.ops[call.first : join.index]):
        return before, words
    return ", ".join(part for part in (before, words) if part), ""


def _joined(graph: Graph, call: Call, join: Op) -> str:
    """Name what a concatenation joins, by slices or by names, or count it."""
    slices = [graph.ops[i].chosen for i in join.inputs]
    if len(slices) == join.joined and all(slices):
        told = slices_words(slices)
        if told:
            return f"{join.joined} slices: {told}"
    names = _parts(graph, call, join)
    told = listed(names) if len(names) <= _MOST and names and all(names) else ""
    return told or f"{join.joined} parts"


def _parts(graph: Graph, call: Call, join: Op) -> list[str]:
    """Name what a concatenation joins, in order; blocks of a kind by their class."""
    sources = [_passed(graph, call, graph.ops[i]) for i in join.inputs]
    splits = [op for op in sources if op.name in SPLITS and op.others]
    halves = join.joined - len(sources) + 1
    if halves != 1 and (len(splits) != 1 or halves > 1 + len(splits[0].others)):
        return []
    inside = [_child(call, op) for op in sources]
    used = [child.type for child in inside if child is not None and not child.is_leaf]
    own = {call.inner(child.path) for child in inside if child is not None}
    counts = Counter(
        _half_words(op, halves)
        if op in splits
        else _part(call, op, child, used.count(child.type) if child else 0)
        for op, child in zip(sources, inside, strict=True)
    )
    return [
        f"{count} × {name}" if count > 1 and name in own else name
        for name, count in counts.items()
    ]


def _passed(graph: Graph, call: Call, op: Op) -> Op:
    """Return what a change of shape passes on, inside of a block."""
    is_split = op.name in SPLITS or bool(op.chosen)
    passes = op.op_type in _PASSES and op.path == call.path and len(op.inputs) == 1
    if op.index < call.first or is_split or not passes:
        return op
    return _passed(graph, call, graph.ops[op.inputs[0]])


def _child(call: Call, op: Op) -> Call | None:
    """Return the module of a block that did an operation."""
    found = (child for child in call.children if child.first <= op.index < child.last)
    return next(found, None)


def _half_words(op: Op, count: int) -> str:
    """Say which of the parts of a split are joined."""
    size = 1 + len(op.others)
    if size == _PAIR:
        return "both halves" if count == size else "one half"
    return f"all {size} parts" if count == size else f"{count} of {size} parts"


def place_words(op: Op, places: Collection[int]) -> str:
    """Name the part of a split into parts alike: "1st half"."""
    count = 1 + len(op.others)
    is_alike = {op.shape, *op.others} == {op.shape}
    if op.name not in SPLITS or count == 1 or not is_alike or len(places) != 1:
        return ""
    (place,) = places
    if place < 0:
        return ""
    if count == _PAIR:
        return f"{('1st', '2nd')[place]} half"
    return f"part {place + 1} of {count}"


def half_read(graph: Graph, call: Call, inner: Call) -> str:
    """Name the part of its own split that a block hands to a block inside."""
    for op in graph.ops[inner.first : inner.last]:
        for index, place in zip(op.inputs, op.taken, strict=True):
            source = graph.ops[index]
            if source.path == call.path and source.name in SPLITS:
                return place_words(source, [place])
    return ""


def _part(call: Call, op: Op, child: Call | None, used: int) -> str:
    """Name one thing that is joined; "" where it has no name."""
    if op.index < call.first:
        names = {index: name for name, index in reversed(call.given)}
        return op.name if op.op_type is OpType.INPUT else names.get(op.index, "")
    if child is not None:
        kind = child.type.lstrip("_")
        alike = [other for other in call.children if other.type == child.type]
        if child.is_leaf or not child.path.rpartition(".")[2].isdigit():
            return call.inner(child.path)
        if len(alike) == used:
            return f"each {kind}" if used > 1 else kind
        return call.inner(child.path)
    if op.op_type is OpType.CONSTANT:
        return op.name
    return op.chosen or NAMES.get(op.name, describe_op(op))
