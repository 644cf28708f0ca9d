"""Following the tokens of an image through a traced model."""

import math
from dataclasses import dataclass

from edulib.anatomy import Graph, Op

_JOINS = ("cat", "concat", "concatenate")
_SHUFFLES = frozenset(
    """flip roll sort argsort gather index_select getitem scatter take_along_dim rot90
    repeat_interleave""".split()
)
_MOVES = frozenset("permute transpose mT T movedim reshape view unfold".split())


@dataclass(frozen=True)
class Tokens:
    """Where the positions of an image are in a row of tokens.

    Attributes:
        dim: the dimension of the tokens, from the end.
        grid: rows and columns that they make, row after row.
        prefix: tokens before them that belong to no position.
        count: all tokens.
    """

    dim: int
    grid: tuple[int, int]
    prefix: int
    count: int


def follow_tokens(graph: Graph) -> dict[int, Tokens]:
    """Find the operations whose output is a row of tokens, by index.

    A row is known where its positions were followed from the image to it, one
    operation after the other, and not where it merely has as many tokens. Tokens that
    are put before it (or behind) are counted.

    Args:
        graph: a traced model.
    """
    followed: set[int] = set()
    found: dict[int, Tokens] = {}
    for op in graph.ops:
        if _is_map(op):
            followed.add(op.index)
            continue
        tokens = _kept(graph, op, found) or _row(op, followed)
        if tokens is not None:
            found[op.index] = tokens
            followed.add(op.index)
    return found


def _is_map(op: Op) -> bool:
    return op.place.axes is not None and len(op.place.grid) == 2


def _row(op: Op, followed: set[int]) -> Tokens | None:
    """Return the tokens of a row that a map, or another row, was turned into."""
    grid = op.place.grid or ()
    if op.place.tokens is None or len(grid) != 2 or followed.isdisjoint(op.inputs):
        return None
    if op.name in _JOINS or op.name in _SHUFFLES:
        return None
    return Tokens(op.place.tokens, grid, 0, math.prod(grid))


def _kept(graph: Graph, op: Op, found: dict[int, Tokens]) -> Tokens | None:
    """Return the tokens that an op leaves in their places, or joins with others."""
    if op.name in _JOINS:
        return _joined([graph.ops[k] for k in op.inputs], op, found)
    if op.name in _SHUFFLES or op.name in _MOVES:
        return None
    return next((found[k] for k in op.inputs if _has(op, found.get(k))), None)


def _has(op: Op, tokens: Tokens | None) -> bool:
    """Whether the output of an op still has a token at each place of its input."""
    if tokens is None:
        return False
    return len(op.shape) == 2 and tokens.dim == -2 and op.shape[0] == tokens.count


def _joined(sources: list[Op], op: Op, found: dict[int, Tokens]) -> Tokens | None:
    """Return the tokens of a joined row: what is put before them is a prefix."""
    rows = [source for source in sources if source.index in found]
    if len(rows) != 1 or found[rows[0].index].dim != -2 or len(op.shape) != 2:
        return None
    lengths = [source.shape[-2] for source in sources if len(source.shape) == 2]
    if len(lengths) != len(sources) or sum(lengths) != op.shape[0]:
        return None
    tokens = found[rows[0].index]
    before = sum(lengths[: sources.index(rows[0])])
    return Tokens(-2, tokens.grid, before + tokens.prefix, op.shape[0])


def tokens_in(graph: Graph, path: str, count: int) -> Tokens | None:
    """Return the tokens that a module reads or makes, if there are as many in a row.

    Args:
        graph: a traced model.
        path: dotted path of the module.
        count: how many tokens it has.
    """
    if path not in graph.calls:
        return None
    call, found = graph.calls[path], follow_tokens(graph)
    for op in graph.ops[call.first : call.last]:
        for index in (*op.inputs, op.index):
            if index in found and found[index].count == count:
                return found[index]
    return None
