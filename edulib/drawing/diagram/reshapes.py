"""Steps that only change a shape: which of them a diagram must show."""

import math
from dataclasses import replace

from edulib.anatomy.graph import Node

_TOKENS = 2  # dimensions of a row of tokens


def changes_layout(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Whether a shape cannot be told from the one before, nor from what reads it.

    So it is where positions are selected or repeated, and where a map becomes a row of
    tokens, or the other way round. That a vector is what a dense layer reads of a map
    goes without saying, and so does the order of the dimensions.

    Args:
        before: shape of what is read, without the batch.
        after: shape of what it becomes.
    """
    old, new = ([side for side in shape if side > 1] for shape in (before, after))
    if math.prod(old) != math.prod(new):
        return True
    return len(new) >= _TOKENS and len(old) != len(new)


def join_steps(steps: list[Node]) -> Node:
    """Make one step of several that follow each other, each fed by the one before."""
    ops = tuple(op for step in steps for op in step.ops)
    return replace(steps[-1], ops=ops)
