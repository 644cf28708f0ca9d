"""What to draw of a network: how far it is opened, and where it forks."""

from collections import Counter
from collections.abc import Callable

from torch import nn

from edulib.anatomy.graph import Call, Graph, Node, Op, Output
from edulib.anatomy.op_types import COUNTED, OpType
from edulib.drawing.diagram.items import Block, Item, count_blocks
from edulib.drawing.diagram.make_blocks import is_row
from edulib.drawing.diagram.network import connect
from edulib.drawing.diagram.regions import cut_network

_SILENT = (OpType.RESHAPE, OpType.DROPOUT)
_BUDGET = 18
_LONG = 13


def build_items(graph: Graph, depth: int | None, labels: dict[str, str]) -> list[Item]:
    """Turn a graph into the steps to draw, folded to a readable number.

    The first input is not among them, unless nothing reads it.

    Args:
        graph: the traced network.
        depth: how many levels of modules to open; by default as many as fit.
        labels: names to print, by path.

    Raises:
        ValueError: if a label's path is not drawn.
    """
    if depth is not None:
        nodes = graph.nodes(depth)
    else:
        nodes = graph.fold(_choose_open(graph))
    known = dict.fromkeys(node.path for node in nodes)
    for path in labels:
        if path not in known:
            raise ValueError(f"expected a step among {', '.join(known)}; got {path!r}")
    return cut_network(connect(graph, nodes, graph.outputs), labels)


def start_of(graph: Graph) -> Op | None:
    """Return the input with which a diagram begins."""
    return connect(graph, graph.nodes(), graph.outputs).start


def _choose_open(graph: Graph) -> Callable[[Call], bool]:
    """Open modules level by level, as long as chains stay chains and short."""
    opened: set[int] = set()
    types = Counter(call.type for call in graph.calls.values())

    def is_open(call: Call) -> bool:
        return id(call) in opened

    while True:
        nodes = graph.fold(is_open)
        candidates = {
            id(node.call)
            for node in nodes
            if _may_open(graph, node) and _is_unique(node.call, types)
        }
        opened |= candidates
        items = cut_network(connect(graph, graph.fold(is_open), graph.outputs), {})
        if not candidates:
            return is_open
        if count_blocks(items) > _BUDGET:
            opened -= candidates
            return is_open


def _is_unique(call: Call, types: Counter) -> bool:
    """Tell a module of its own kind from one of a row of blocks."""
    return isinstance(call.module, nn.Sequential) or types[call.type] == 1


def _may_open(graph: Graph, node: Node) -> bool:
    """Tell whether a module is a chain of several different steps."""
    if node.call is None or node.call.is_leaf or is_row(graph, node):
        return False
    if sum(op.op_type in COUNTED for op in node.ops) < 2:
        return False
    inner = graph.fold(lambda _: False, node.call)
    ends = [Output("", node.call.output)]
    items = cut_network(connect(graph, inner, ends), {})
    return all(isinstance(item, Block) for item in items)
