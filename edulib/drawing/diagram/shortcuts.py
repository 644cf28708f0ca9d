"""Which modules add their own input to what they make of it."""

from edulib.anatomy.graph import Call, Graph, Node, Op
from edulib.anatomy.op_types import COUNTED, OpType

_LAST = (OpType.ACTIVATION, OpType.NORMALISATION, OpType.DROPOUT, OpType.RESHAPE)
_SILENT = (OpType.DROPOUT, OpType.RESHAPE)


def find_shortcuts(graph: Graph, node: Node, is_row: bool) -> tuple[bool, ...]:
    """Tell for each block of a node whether it adds its input at its end.

    Args:
        graph: the traced network.
        node: a call of a module that holds others.
        is_row: whether the node is a row of blocks alike.
    """
    if not is_row:
        return (has_shortcut(graph, node.call),)
    children = [child for child in node.call.children if child.last > child.first]
    return tuple(has_shortcut(graph, child) for child in children)


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
