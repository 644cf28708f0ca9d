"""Which products of two activations are attention: those around a softmax."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from edulib.anatomy.graph import Call, Graph, Op
from edulib.anatomy.numbers import shape_words
from edulib.anatomy.op_types import ATTENTIONS, COUNTED, OpType

_SOFT = ("softmax", "log_softmax")
_WHOLE = "multi_head_attention_forward"
_LAYERS = (OpType.DENSE, OpType.CONVOLUTION)
_BEHIND = (OpType.RESHAPE, OpType.DROPOUT)
_TO = (*_BEHIND, OpType.NORMALISATION, OpType.OTHER, OpType.ADD, OpType.MULTIPLY)
_PASSES = (OpType.RESHAPE, OpType.DROPOUT, OpType.OTHER, OpType.ADD, OpType.MULTIPLY)


class Step(NamedTuple):
    """A function that was called: its key, its name, its type, keys of its inputs."""

    key: Hashable
    name: str
    op_type: OpType
    inputs: Sequence[Hashable]


def with_attention(ops: tuple[Op, ...]) -> tuple[Op, ...]:
    """Call a product of activations attention where it makes or uses weights.

    Scores lead to a softmax and weights come from one, with nothing between them but
    scaling, masks, dropout and changes of shape. Any other product is one of matrices.
    """
    products = {
        op.index
        for op in ops
        if op.op_type is OpType.ATTENTION and op.name not in ATTENTIONS
    }
    if not products:
        return ops
    weights = _from_softmax(ops)
    scores = _to_softmax([Step(op.index, op.name, op.op_type, op.inputs) for op in ops])
    attend = {k for k in products if k in scores or weights & set(ops[k].inputs)}
    return tuple(
        replace(op, op_type=OpType.OTHER) if op.index in products - attend else op
        for op in ops
    )


def _from_softmax(ops: tuple[Op, ...]) -> set[int]:
    """Find what a softmax gives, and what only reshapes or scales that."""
    found: set[int] = set()
    for op in ops:
        passes = op.op_type in _PASSES and bool(found & set(op.inputs))
        if op.name in _SOFT or passes:
            found.add(op.index)
    return found


def scores_of(steps: Iterable[Step]) -> set:
    """Find scores: what leads to a softmax, or from one product to another.

    Attention may be written with a sigmoid, or its softmax in parts.

    Args:
        steps: in order.
    """
    steps = list(steps)
    behind: set[Hashable] = set()
    for step in steps:
        passes = step.op_type not in COUNTED and behind.intersection(step.inputs)
        if _multiplies(step) or passes:
            behind.add(step.key)
    before: set[Hashable] = set()
    for step in reversed(steps):
        passes = step.op_type not in COUNTED and step.key in before
        if _multiplies(step) or passes:
            before.update(step.inputs)
    return _to_softmax(steps) | (behind & before)


def _multiplies(step: Step) -> bool:
    """Whether it is a product of activations that somebody wrote."""
    return step.op_type is OpType.ATTENTION and step.name not in ATTENTIONS


def _to_softmax(steps: Sequence[Step]) -> set:
    """Find what leads to a softmax, with nothing computed on the way."""
    found: set[Hashable] = set()
    for step in reversed(steps):
        if step.name in _SOFT or (step.key in found and step.op_type in _PASSES):
            found.update(step.inputs)
    return found


def projections(ops: tuple[Op, ...]) -> set[int]:
    """Find the layers that are a part of attention, however it is written.

    They make its queries, keys, values and biases, or mix its heads: between them and
    a product there is nothing but norms, scaling, sums with biases and changes of
    shape. One function of torch has them inside.

    Args:
        ops: of a block, in order.
    """
    found: set[int] = set()
    leads: set[int] = set()
    for op in reversed(ops):
        is_written = op.op_type is OpType.ATTENTION and op.name != _WHOLE
        passes = op.op_type in _TO or op.name in _SOFT
        if op.index in leads and op.op_type in _LAYERS:
            found.add(op.index)
        elif is_written or (op.index in leads and passes):
            leads.update(op.inputs)
    behind: set[int] = set()
    for op in ops:
        reads = bool(behind.intersection(op.inputs))
        if reads and op.op_type in _LAYERS:
            found.add(op.index)
            continue
        is_written = op.op_type is OpType.ATTENTION and op.name != _WHOLE
        if is_written or (reads and op.op_type in _BEHIND):
            behind.add(op.index)
    return found


def crosses(graph: Graph, call: Call) -> set[int]:
    """Find the ops outside of a call that its attention only looks at.

    In cross-attention the keys and values come from elsewhere than the queries.

    Args:
        graph: the traced network.
        call: of a block.
    """
    looked_at: set[int] = set()
    asking: set[int] = set()
    reach: dict[int, set[int]] = {}
    for op in graph.ops[call.first : call.last]:
        reach[op.index] = _outside(op.inputs, call, reach)
        if op.op_type is OpType.ATTENTION and len(op.inputs) > 1:
            queries = _outside(op.inputs[:1], call, reach)
            keys = _outside(op.inputs[1:2], call, reach)
            asking |= queries
            looked_at |= keys - queries
            reach[op.index] = queries  # what it gives is about what asked
    return looked_at - asking


def asked_of(graph: Graph, call: Call) -> list[tuple[str, str, str]]:
    """Tell what each attention of a block takes queries and keys from.

    Args:
        graph: the traced network.
        call: of a block.

    Returns:
        For each attention, in order, its path inside of the block, and the arguments
        from which queries and keys come, by name and shape; nothing where some have no
        name.
    """
    names = {
        index: f"{name} {shape_words(graph.ops[index].shape)}"
        for name, index in reversed(call.given)
    }
    reach: dict[int, set[int]] = {}
    found: list[tuple[str, str, str]] = []
    for op in graph.ops[call.first : call.last]:
        reach[op.index] = _outside(op.inputs, call, reach)
        if op.op_type is not OpType.ATTENTION:
            continue
        queries = _outside(op.inputs[:1], call, reach)
        keys = _outside(op.inputs[1:2] or op.inputs, call, reach)
        if not any(_is_weight(graph, call, i) for i in op.inputs[:1]):
            path = call.inner(op.path) or "attention"
            asked = [[names.get(i, "") for i in sorted(s)] for s in (queries, keys)]
            found.append((path, *(" and ".join(n) * all(n) for n in asked)))
        reach[op.index] = queries  # what it gives is about what asked
    return found if all(all(asked) for asked in found) else []


def _is_weight(graph: Graph, call: Call, index: int) -> bool:
    """Whether an operand comes from a softmax: the second product of attention."""
    op = graph.ops[index]
    while op.index >= call.first and op.op_type in _PASSES and op.inputs:
        op = graph.ops[op.inputs[0]]
    return op.name in _SOFT


def _outside(inputs: Iterable[int], call: Call, reach: dict[int, set[int]]) -> set[int]:
    """Return the ops outside of a call on which some inside depend."""
    found: set[int] = set()
    for index in inputs:
        found |= reach[index] if index >= call.first else {index}
    return found
