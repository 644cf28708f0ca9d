"""What a step reads of those that are drawn: which of several tensors, and how."""

from collections.abc import Mapping

from edulib.anatomy.graph import Graph, Node, Op
from edulib.anatomy.numbers import shape_words
from edulib.drawing.diagram.joins import place_words


def read_by(
    graph: Graph, node: Node, owners: Mapping[int, Node]
) -> dict[int, set[int]]:
    """Find the ops outside, in steps that are drawn, that a step reads.

    Args:
        graph: the traced network.
        node: the step.
        owners: the steps that are drawn, by the ops inside of them.

    Returns:
        For each op which of its tensors are read, as in `Op.taken`.
    """
    own = {op.index for op in node.ops}
    todo = [pair for op in node.ops for pair in _pairs(op) if pair[0] not in own]
    found: dict[int, set[int]] = {}
    seen: set[tuple[int, int]] = set()
    while todo:
        index, place = todo.pop()
        if (index, place) in seen:
            continue
        seen.add((index, place))
        op = graph.ops[index]
        if index in owners or not op.inputs:
            found.setdefault(index, set()).add(place)
        else:
            todo.extend(_pairs(op))
    return found


def _pairs(op: Op) -> zip:
    """Pair the ops that one reads with which of their tensors it reads."""
    return zip(op.inputs, op.taken, strict=True)


def taken_words(graph: Graph, node: Node, owners: Mapping[int, Node]) -> str:
    """Tell which of the tensors of one step another reads, if that is only one.

    They are told apart by their shapes, or by their places where these are alike.
    """
    sources = read_by(graph, node, owners)
    for index, places in sources.items():
        owner = owners.get(index)
        if owner is None or owner is node:
            continue
        if owner.call is None:
            words = place_words(graph.ops[index], places)
        else:
            words = _shape_read(graph, owner, sources)
        if words:
            return words
    return ""


def _shape_read(graph: Graph, owner: Node, sources: Mapping[int, set[int]]) -> str:
    """Write the shape of the only tensor of a block that is read."""
    call = owner.call
    if -1 in call.more or not call.more:
        return ""
    made = [(call.output, owner.shape), *zip(call.more, call.others, strict=True)]
    read = [shape for index, shape in made if index in sources]
    are_told = len({shape for _, shape in made}) == len(made)
    return shape_words(*read) if are_told and len(read) == 1 else ""


def order_words(graph: Graph, node: Node, owners: Mapping[int, Node]) -> str:
    """Tell where the channels of a map come to stand behind its axes, or before."""
    ops = (graph.ops[index] for index in read_by(graph, node, owners))
    read = next((op for op in ops if op.axes), None)
    axes = node.output.axes
    if read is None or axes is None or len(axes) != len(read.axes):
        return ""
    is_last = [max(sides) < -1 for sides in (read.axes, axes)]
    if len(node.shape) != len(axes) + 1 or is_last[0] == is_last[1]:
        return ""
    return "channels last" if is_last[1] else "channels first"
