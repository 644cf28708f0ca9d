"""Which modules add their own input to what they make of it."""

from edulib.anatomy.graph import Call, Graph, Node, Op
from edulib.anatomy.op_types import COUNTED, OpType

_LAST = (OpType.ACTIVATION, OpType.NORMALISATION, OpType.DROPOUT, OpType.RESHAPE)
_SILENT = (OpType.DROPOUT, OpType.RESHAPE)
_NORM = OpType.NORMALISATION


def blocks_in(node: Node) -> list[Call]:
    """Return the modules that a module called, those that did something."""
    return [child for child in node.call.children if child.last > child.first]


def count_sums(graph: Graph, call: Call) -> int:
    """Count the shortcuts of a module that follow each other, each around a part of it.

    A layer of a transformer has one around its attention and one around its MLP.
    """
    return _sums(graph, call, graph.ops[call.output])[0]


def sums_by_input(graph: Graph, call: Call) -> dict[str, int]:
    """Count the shortcuts of each input of a module that returns several tensors.

    Returns:
        Counts by the names of the arguments to which the sums are added.
    """
    names = {index: name for name, index in reversed(call.given)}
    ends = dict.fromkeys(i for i in (call.output, *call.more) if i >= 0)
    counted = (_sums(graph, call, graph.ops[i]) for i in ends)
    return {names[at]: count for count, at in counted if count and at in names}


def projection_of(graph: Graph, call: Call) -> Op | None:
    """Return the layer that converts a module's input before it is added, if any."""
    if not has_shortcut(graph, call):
        return None
    behind: dict[int, set[int]] = {}
    for op in graph.ops[call.first : call.last]:
        layers = set().union(*(behind.get(i, set()) for i in op.inputs))
        is_layer = op.op_type in (OpType.CONVOLUTION, OpType.DENSE)
        behind[op.index] = layers | ({op.index} if is_layer else set())
        if op.op_type is not OpType.ADD or op.path != call.path:
            continue
        for index in op.inputs:
            others = [graph.ops[i] for i in op.inputs if i != index]
            source = _passed_on(graph, call, graph.ops[index], others)
            if source is not None and len(behind.get(index, ())) == 1:
                return graph.ops[next(iter(behind[index]))]
    return None


def _sums(graph: Graph, call: Call, op: Op) -> tuple[int, int]:
    """Count the sums that lead to an op, and return the op outside that they carry."""
    if not _ends_in_sum(graph, call, op):
        return 0, -1
    count = 0
    while op.index >= call.first and op.inputs:
        if op.op_type is OpType.ADD:
            before = _carried(graph, call, op)
            count += before is not None
            op = graph.ops[op.inputs[0] if before is None else before]
        else:
            op = graph.ops[op.inputs[0]]
    return max(1, count), op.index


def _carried(graph: Graph, call: Call, op: Op) -> int | None:
    """Return what a sum adds unchanged to what is made of it, None if nothing is."""
    for index in op.inputs:
        kept = graph.ops[index]
        while kept.index >= call.first and kept.op_type in (*_SILENT, _NORM):
            kept = graph.ops[kept.inputs[0]]
        others = [graph.ops[other] for other in op.inputs if other != index]
        if any(_reads(graph, call, other, kept.index) for other in others):
            return kept.index
    return None


def has_shortcut(graph: Graph, call: Call) -> bool:
    """Whether a module adds its input, or a projection of it, at its end.

    Counted are sums that the module makes itself, those of modules inside are theirs.
    """
    return _ends_in_sum(graph, call, graph.ops[call.output])


def _ends_in_sum(graph: Graph, call: Call, op: Op) -> bool:
    """Walk back from the end through sums to one that adds the input of the call."""
    if op.index < call.first or not op.inputs:
        return False
    if op.op_type is not OpType.ADD:
        goes_on = op.op_type in _LAST or (
            op.op_type is OpType.OTHER and len(op.inputs) == 1
        )
        last = graph.ops[op.inputs[0]]
        return goes_on and _ends_in_sum(graph, call, last)
    if op.path != call.path:
        return False
    operands = [graph.ops[index] for index in op.inputs]
    for operand in operands:
        others = [other for other in operands if other is not operand]
        source = _passed_on(graph, call, operand, others)
        if source is not None and any(_reads(graph, call, o, source) for o in others):
            return True
    return any(_ends_in_sum(graph, call, operand) for operand in operands)


def _passed_on(graph: Graph, call: Call, op: Op, others: list[Op]) -> int | None:
    """Return the op outside that an operand passes on, itself or as a projection."""
    layers: list[Op] = []
    while op.index >= call.first:
        if len(op.inputs) != 1 or not _is_projection(op):
            return None
        if op.op_type in COUNTED:
            layers.append(op)
        op = graph.ops[op.inputs[0]]
    computes = [layer for layer in layers if layer.op_type is not OpType.POOLING]
    if len(computes) > 1:
        return None
    if computes and not any(_computes_more(graph, call, other) for other in others):
        return None
    return op.index


def _is_projection(op: Op) -> bool:
    if op.op_type in (*_SILENT, OpType.NORMALISATION, OpType.POOLING):
        return True
    if op.op_type is OpType.CONVOLUTION:
        return op.kernel is not None and set(op.kernel.size) == {1}
    return op.op_type is OpType.DENSE


def _computes_more(graph: Graph, call: Call, op: Op) -> bool:
    """Whether more than one projection leads to an operand."""
    layers = [graph.ops[i] for i in _inside(graph, call, op)]
    layers = [layer for layer in layers if layer.op_type in COUNTED]
    wide = any(not _is_projection(layer) for layer in layers)
    return wide or len(layers) > 1


def _reads(graph: Graph, call: Call, op: Op, source: int) -> bool:
    """Whether an operand is computed from an op outside."""
    inside = _inside(graph, call, op)
    return any(source in graph.ops[index].inputs for index in inside)


def _inside(graph: Graph, call: Call, op: Op) -> set[int]:
    """Find all ops of a call that lead to one of them, itself included."""
    found: set[int] = set()
    todo = [op.index]
    while todo:
        index = todo.pop()
        if index >= call.first and index not in found:
            found.add(index)
            todo.extend(graph.ops[index].inputs)
    return found
