"""What to draw of a network: how far it is opened, and where it forks."""

from collections import Counter
from collections.abc import Callable, Iterable

from torch import nn

from edulib.anatomy.graph import Call, Graph, Node, Output
from edulib.anatomy.op_types import COUNTED, OpType
from edulib.anatomy.turns import fold_runs
from edulib.drawing.diagram.items import Block, Item, blocks_of, count_blocks
from edulib.drawing.diagram.make_blocks import chain_of, is_row
from edulib.drawing.diagram.network import Network, connect
from edulib.drawing.diagram.regions import TANGLED, cut_network

_SILENT = (OpType.RESHAPE, OpType.DROPOUT)
_BUDGET = 18
_MOST = 30
_LARGE = 0.05  # of the parameters: so much is worth a look inside
_SHARE = 0.8  # of the parameters: so much of a network is the network


def open_network(
    graph: Graph, depth: int | None = None, labels: Iterable[str] = ()
) -> Network:
    """Find what to draw of a graph, folded to a readable number of steps.

    Args:
        graph: the traced network.
        depth: how many levels of modules to open; by default as many as fit.
        labels: paths of steps that are to be labelled.

    Raises:
        ValueError: if a label's path is not drawn.
    """
    if depth is not None:
        nodes = fold_runs(graph, graph.nodes(depth))
    else:
        nodes = fold_runs(graph, graph.fold(_choose_open(graph)))
    known = dict.fromkeys(node.path for node in nodes)
    for path in labels:
        if path not in known:
            raise ValueError(f"expected a step among {', '.join(known)}; got {path!r}")
    return connect(graph, nodes, graph.outputs, alone=True)


def _choose_open(graph: Graph) -> Callable[[Call], bool]:
    """Open modules level by level, as long as chains stay chains and short.

    Then what hides the idea is opened: large modules with branches inside.
    """
    opened: set[int] = set()
    types = Counter(call.type for call in graph.calls.values())

    def is_open(call: Call) -> bool:
        return id(call) in opened

    def fits(more: set[int], most: int) -> bool:
        opened.update(more)
        nodes = fold_runs(graph, graph.fold(is_open))
        items = cut_network(connect(graph, nodes, graph.outputs), {})
        hidden = any(block.words == TANGLED for block in blocks_of(items))
        too_many = hidden or count_blocks(items) > most
        opened.difference_update(more if too_many else ())
        return not too_many

    while True:
        nodes = fold_runs(graph, graph.fold(is_open))
        unique = [node for node in nodes if _is_unique(node, types)]
        closed = (node for node in unique if not chain_of(graph, node))
        chains = {id(node.call) for node in closed if _may_open(graph, node)}
        sole = None if chains else _sole(graph, nodes)
        if chains or sole is not None:
            if fits(chains or {id(sole.call)}, _BUDGET if chains else _MOST):
                continue
        large = (node for node in unique if _hides(graph, node))
        if not any(fits({id(node.call)}, _MOST) for node in large):
            return is_open


def _sole(graph: Graph, nodes: list[Node]) -> Node | None:
    """Return the module that holds most of a network, if it is no row of blocks."""
    for node in nodes:
        most = node.params > _SHARE * sum(other.params for other in nodes)
        if node.call is None or node.call.is_leaf or node.call.turns > 1:
            continue
        if most and not is_row(graph, node) and _counted(node) > 1:
            return node
    return None


def _counted(node: Node) -> int:
    return sum(op.op_type in COUNTED for op in node.ops)


def _is_unique(node: Node, types: Counter) -> bool:
    """Tell a module of its own kind, with steps inside, from one of a row of blocks."""
    call = node.call
    if call is None or call.is_leaf or call.turns > 1:
        return False
    return isinstance(call.module, nn.Sequential) or types[call.type] == 1


def _may_open(graph: Graph, node: Node) -> bool:
    """Tell whether a module is a chain of several different steps."""
    return all(isinstance(item, Block) for item in _inside(graph, node) or [None])


def _hides(graph: Graph, node: Node) -> bool:
    """Tell a large part of a network with branches inside; torch's own are known."""
    is_own = type(node.call.module).__module__.startswith("torch.nn")
    is_large = node.params > _LARGE * graph.params and not is_own
    return is_large and not chain_of(graph, node) and bool(_inside(graph, node))


def _inside(graph: Graph, node: Node) -> list[Item]:
    """Return what a module would be drawn as, if it is neither one step nor a row."""
    if is_row(graph, node) or _counted(node) < 2:
        return []
    inner = fold_runs(graph, graph.fold(lambda _: False, node.call))
    end = Output("", node.call.output, node.call.taken)
    return cut_network(connect(graph, inner, [end]), {})
