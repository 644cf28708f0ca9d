"""What a legend tells of the inside of blocks: who reads what, and what is added."""

from edulib.anatomy.attention import asked_of
from edulib.anatomy.describe import describe_op
from edulib.anatomy.graph import Call, Graph
from edulib.drawing.diagram.items import size_of
from edulib.drawing.diagram.shortcuts import projection_of

_SEVERAL = 2


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
