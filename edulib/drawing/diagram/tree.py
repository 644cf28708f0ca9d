"""What to draw of a network: how far it is opened, and where it forks."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from torch import nn

from edulib.anatomy.describe import describe, repeated_block
from edulib.anatomy.graph import Call, Graph, Node
from edulib.drawing.diagram.items import (
    BANDS,
    MERGES,
    Block,
    Fork,
    Item,
    absorb,
    count_blocks,
    fold_repeats,
    size_of,
)

_SILENT = ("reshape", "dropout")
_MAIN = ("convolution", "pooling", "dense", "attention", "embedding")
_BUDGET = 18
_LONG = 13


def build_items(graph: Graph, depth: int | None, labels: dict[str, str]) -> list[Item]:
    """Turn a graph into the steps to draw, folded to a readable number.

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
    return _Builder(graph, nodes, labels).items()


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
        items = _Builder(graph, graph.fold(is_open), {}).items()
        if not candidates:
            return is_open
        if count_blocks(items) > _BUDGET:
            opened -= candidates
            return is_open


def _is_row(graph: Graph, node: Node) -> bool:
    """Tell a row of blocks alike, all of which put out the same shape."""
    if repeated_block(node) is None:
        return False
    blocks = [child for child in node.call.children if child.last > child.first]
    return len({graph.ops[block.output].shape for block in blocks}) == 1


def _is_unique(call: Call, types: Counter) -> bool:
    """Tell a module of its own kind from one of a row of blocks."""
    return isinstance(call.module, nn.Sequential) or types[call.type] == 1


def _may_open(graph: Graph, node: Node) -> bool:
    """Tell whether a module is a chain of several different steps."""
    if node.call is None or node.call.is_leaf or _is_row(graph, node):
        return False
    if sum(op.kind in _MAIN for op in node.ops) < 2:
        return False
    inner = graph.fold(lambda _: False, node.call)
    items = _Builder(graph, inner, {}).items()
    return all(isinstance(item, Block) for item in items)


@dataclass
class _Builder:
    """Decomposes a graph of nodes into chains and forks."""

    graph: Graph
    nodes: list[Node]
    labels: dict[str, str]
    sources: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def items(self) -> list[Item]:
        self._connect()
        return self._chain(sorted(self.sources), -1, None)

    def _connect(self) -> None:
        """Keep the nodes that lead to the output, without the silent ones."""
        stands_for: dict[int, int] = {-1: -1}
        for k, node in enumerate(self.nodes):
            inputs = tuple(dict.fromkeys(stands_for[i] for i in node.inputs))
            if len(inputs) == 1 and self._is_silent(node):
                stands_for[k] = inputs[0]
            else:
                stands_for[k] = k
                self.sources[k] = inputs
        last = stands_for[len(self.nodes) - 1]
        alive = {last}
        for k in sorted(self.sources, reverse=True):
            if k in alive:
                alive.update(self.sources[k])
        self.sources = {k: v for k, v in self.sources.items() if k in alive}

    def _is_silent(self, node: Node) -> bool:
        """Tell steps that only pass on what they get, perhaps in another shape."""
        if node.kind == "reshape" and node.output.axes is not None:
            before = self.graph.ops[node.ops[0].inputs[0]]
            return math.prod(node.shape) == math.prod(before.shape)
        if node.kind in _SILENT:
            return True
        return node.call is None and node.kind == "other" and not node.params

    def _chain(self, region: list[int], start: int, end: int | None) -> list[Item]:
        """Cut a region at the nodes that all paths pass.

        Args:
            region: nodes in order.
            start: the node before them.
            end: the node where all their paths go, None for the output.
        """
        items: list[Item] = []
        inner: list[int] = []
        previous = start
        for k in region:
            if not self._is_cut(k, region, start, end):
                inner.append(k)
                continue
            items += self._step(previous, inner, k)
            previous, inner = k, []
        if inner:
            whole = len(inner) == len(region)
            items += self._branches(previous, inner, end, whole)
        return fold_repeats(absorb(items))

    def _is_cut(
        self, node: int, region: list[int], start: int, end: int | None
    ) -> bool:
        inside = set(region)
        later = [k for k in region if k > node]
        jumps = any(
            source < node and (source in inside or source == start)
            for k in later
            for source in self.sources[k]
        )
        if end is None or jumps:
            return not jumps
        ends = [source for source in self.sources[end] if source in inside]
        return not any(source < node for source in ends)

    def _step(self, previous: int, inner: list[int], node: int) -> list[Item]:
        """Make the items between two cuts and of the second one."""
        block = self._block(self.nodes[node])
        if not inner and (previous in self.sources[node] or previous == -1):
            return [block]
        forks = self._branches(previous, inner, node, whole=False)
        fork = forks[-1] if forks else None
        if isinstance(fork, Fork) and block.kind in MERGES:
            return [*forks[:-1], replace(fork, merge=block)]
        return [*forks, block]

    def _branches(
        self, start: int, inner: list[int], end: int | None, whole: bool
    ) -> list[Item]:
        """Make a fork of the nodes between two cuts."""
        groups = self._components(inner)
        if len(groups) == 1 and whole:
            return [self._tangle(inner)]
        branches = []
        for group in groups:
            if len(groups) == 1 and not self._can_cut(group, start, end):
                branches.append((self._tangle(group),))
            else:
                branches.append(tuple(self._chain(group, start, end)))
        if end is not None and start in self.sources[end]:
            branches.append(())
        if len(branches) == 1:
            return list(branches[0])
        return [Fork(tuple(branches), None)]

    def _can_cut(self, group: list[int], start: int, end: int | None) -> bool:
        return any(self._is_cut(k, group, start, end) for k in group)

    def _components(self, inner: list[int]) -> list[list[int]]:
        """Split nodes into groups that exchange nothing."""
        group = {k: k for k in inner}
        for k in inner:
            for source in self.sources[k]:
                if source in group and group[source] != group[k]:
                    old, new = group[k], group[source]
                    group = {n: new if g == old else g for n, g in group.items()}
        roots = dict.fromkeys(group[k] for k in inner)
        return [[k for k in inner if group[k] == root] for root in roots]

    def _tangle(self, inner: list[int]) -> Block:
        """Stand for nodes whose paths cross: one block with the last one's output."""
        last = self.nodes[inner[-1]]
        params = sum(self.nodes[k].params for k in inner)
        return replace(
            self._block(last), words=f"{len(inner)} steps, interlaced", params=params
        )

    def _block(self, node: Node) -> Block:
        repeated = repeated_block(node) if _is_row(self.graph, node) else None
        words = repeated[1] if repeated else describe(node)
        is_blocks = node.call is not None and not node.call.is_leaf
        main = max(node.ops.index(node.main), 0)
        single = sum(op.kind in _MAIN for op in node.ops) == 1
        behind = [op.kind for op in node.ops[main + 1 :] if op.kind in BANDS]
        merges = [op for op in node.ops if len(op.inputs) > 1]
        return Block(
            name=self.labels.get(node.path) or self._short_name(node.path),
            words=words,
            kind=node.kind,
            shape=node.shape,
            size=size_of(node.output),
            params=node.params,
            repeat=repeated[0] if repeated else 1,
            bands=tuple(behind) if single and is_blocks else (),
            composite=is_blocks and not single,
            residual=is_blocks and any(op.kind == "add" for op in merges),
            parts=self._parts(node) if is_blocks else (),
        )

    def _short_name(self, path: str) -> str:
        """Drop the front of a long path, as long as it stays the only one."""
        paths = [node.path for node in self.nodes]
        while len(path) > _LONG and "." in path:
            shorter = path.split(".", 1)[1]
            if shorter[0].isdigit() or sum(p.endswith(shorter) for p in paths) > 1:
                break
            path = shorter
        return path

    def _parts(self, node: Node) -> tuple[int, ...]:
        """Give the channels of what is concatenated at the end of a block."""
        if node.output.kind != "concat" or node.output.axes is None:
            return ()
        inputs = [self.graph.ops[i] for i in node.output.inputs]
        return tuple(size_of(op)[0] for op in inputs)
