"""Steps that only change a shape: which of them a diagram must show."""

import math
from dataclasses import replace
from itertools import pairwise

from edulib.anatomy.graph import Graph, Node, Op
from edulib.anatomy.op_types import OpType

_TOKENS = 2  # dimensions of a row of tokens


def changes_layout(graph: Graph, steps: list[Node]) -> bool:
    """Whether a shape cannot be told from the one before, nor from what reads it.

    So it is where positions are selected or repeated, and where a map becomes a row of
    tokens, or the other way round. That a vector is what a dense layer reads of a map
    goes without saying, and so does the order of the dimensions.

    Args:
        graph: the traced network.
        steps: that follow each other in silence, each fed by the one before.
    """
    ops = [graph.ops[steps[0].ops[0].inputs[0]]]
    ops += [op for step in steps for op in step.ops]
    old, new = _sides(ops[0]), _sides(ops[-1])
    if any(
        a.shape != b.shape and b.op_type is not OpType.RESHAPE for a, b in pairwise(ops)
    ):
        return False
    if math.prod(old) != math.prod(new):
        return True
    return len(new) >= _TOKENS and len(old) != len(new)


def join_steps(steps: list[Node]) -> Node:
    """Make one step of several that follow each other, each fed by the one before."""
    ops = tuple(op for step in steps for op in step.ops)
    return replace(steps[-1], ops=ops)


def _sides(op: Op) -> list[int]:
    """Return the sides of one example, which is one of many boxes where these are."""
    boxes = not (op.has_batch or op.is_constant)
    return [side for side in op.shape[boxes:] if side > 1]
