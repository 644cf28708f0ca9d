"""What stands in a diagram, and what leads where: the steps without the silent ones."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import reduce

from edulib.anatomy.graph import Graph, Node, Op, Output
from edulib.anatomy.op_types import MERGES, REDUCTIONS, OpType
from edulib.drawing.diagram.items import numbered, span
from edulib.drawing.diagram.reshapes import changes_layout, join_steps

START = -1
_SILENT = (OpType.RESHAPE, OpType.DROPOUT)
_MANY = 3
_PRODUCTS = ("matmul", "bmm")


@dataclass(frozen=True)
class Part:
    """Something to draw.

    Attributes:
        content: a step, an input beside the first one, or an output.
        sources: numbers of the parts that lead to it; `START` is the first input. A
            part stands twice where two of its tensors are multiplied as matrices.
        reads: parts whose arrows are left out, as they lead to many others.
    """

    content: Node | Op | Output
    sources: tuple[int, ...]
    reads: tuple[int, ...] = ()


@dataclass(frozen=True)
class Network:
    """The parts of a diagram, in order.

    Attributes:
        graph: the traced network.
        parts: what is drawn; numbers in `sources` are places here.
        start: the op of the first input, None if nothing that is drawn reads it.
    """

    graph: Graph
    parts: tuple[Part, ...]
    start: Op | None


def connect(
    graph: Graph, nodes: list[Node], ends: Iterable[Output], alone: bool = False
) -> Network:
    """Keep the nodes that lead to the ends, without the silent ones.

    Args:
        graph: the traced network.
        nodes: its steps, folded.
        ends: what to draw as outputs.
        alone: whether to draw an output that is the only one; it is where all ends.
    """
    ends = list(ends)
    linker = _Linker(graph, nodes)
    linker.link()
    is_drawn = alone or len({end.op for end in ends}) > 1
    linker.finish(ends if is_drawn else [], ends)
    return linker.network()


@dataclass
class _Linker:
    """Numbers parts anew, each beside what it belongs to.

    Attributes:
        sources: what leads to a node or to an op outside; ops outside are negative.
        stands_for: the node that a silent one passes on.
        passes: the tensor that a silent op passes on, by its op and its place there.
        runs: steps that change a shape in silence, by the place of the last one.
        outputs: outputs by the node that they come from.
    """

    graph: Graph
    nodes: list[Node]
    sources: dict[int, tuple[int, ...]] = field(default_factory=dict)
    stands_for: dict[int, int] = field(default_factory=dict)
    passes: dict[int, tuple[int, int]] = field(default_factory=dict)
    runs: dict[int, Node] = field(default_factory=dict)
    outputs: dict[int, list[Output]] = field(default_factory=dict)
    alive: set[int] = field(default_factory=set)

    def link(self) -> None:
        """Find what leads to each node that is not silent."""
        for k, node in enumerate(self.nodes):
            for source in node.inputs:
                if source < 0:
                    self.stands_for[source] = source
                    self.sources.setdefault(source, ())
            passed = [self.stands_for[i] for i in node.inputs]
            pairs = zip(node.inputs, passed, strict=True)
            shaped = [self._reshaped(i) if at != i else i for i, at in pairs]
            tensors = self._tensors(node)
            is_one = len(set(passed)) == len(set(shaped)) == len(tensors) == 1
            if is_one and self._is_silent(node):
                self.stands_for[k] = passed[0]
                (self.passes[node.output.index],) = tensors
                continue
            self.stands_for[k] = k
            # what reorders stands for the views before it
            read = passed if node.ops[-1].reordered else shaped
            inputs = read if _is_product(node) else dict.fromkeys(read)
            self.sources[k] = tuple(inputs)

    def _tensors(self, node: Node) -> set[tuple[int, int]]:
        """Return the tensors that a step reads, each by its op and its place there.

        Parts of one split are several.
        """
        read = {
            (i, place)
            for op in node.ops
            for i, place in zip(op.inputs, op.taken, strict=True)
            if i < node.ops[0].index
        }
        return {
            (i, place) if self.graph.ops[i].others else self.passes.get(i, (i, place))
            for i, place in read
        }

    def _reshaped(self, k: int) -> int:
        """Return the place of what a silent step passes on, or of its new shape."""
        steps = [k]
        while steps[0] >= 0 and self.stands_for[steps[0]] != steps[0]:
            steps.insert(0, self.nodes[steps[0]].inputs[0])
        source, *places = steps
        run = [self.nodes[place] for place in places]
        if not changes_layout(self.graph, run):
            return source
        self.runs[k] = join_steps(run)
        self.sources[k] = (source,)
        return k

    def _is_silent(self, node: Node) -> bool:
        """Tell steps that only pass on what they get, perhaps in another shape."""
        if any(op.moves or op.hook for op in node.ops):
            return False
        if node.call is None and len(node.ops) > 1:  # a long run
            return False
        if len(node.ops) == 1 and (node.main.joined > 1 or node.main.paired):
            return False
        if len(node.ops) == 1 and (node.main.is_strange or self._selects(node.main)):
            return False
        if node.op_type is OpType.RESHAPE and node.output.axes is not None:
            before = self.graph.ops[node.ops[0].inputs[0]]
            return math.prod(node.shape) == math.prod(before.shape)
        if node.op_type in _SILENT or (node.call is None and node.op_type in MERGES):
            return True
        learns = any(op.is_learned for op in node.ops)
        is_free = not (learns or node.macs or node.main.name in REDUCTIONS)
        return node.call is None and node.op_type is OpType.OTHER and is_free

    def _selects(self, op: Op) -> bool:
        """Whether an index takes as much as there was, in another order."""
        is_whole = op.inputs and op.shape == self.graph.ops[op.inputs[0]].shape
        return bool(is_whole and op.name == "getitem" and op.chosen)

    def finish(self, drawn: list[Output], ends: list[Output]) -> None:
        """Attach the outputs, and forget what leads to none, unless there are none."""
        maker = {op.index: k for k, node in enumerate(self.nodes) for op in node.ops}
        for end in ends:
            place = maker.get(end.op, -1 - end.op)
            place = self.stands_for.get(place, place)
            self.alive.add(place)
            self.sources.setdefault(place, ())
            if end in drawn:
                self.outputs.setdefault(place, []).append(end)
        if not ends:
            self.alive.update(self.sources)
        for k in sorted(self.sources, reverse=True):
            if k in self.alive:
                self.alive.update(self.sources[k])

    def network(self) -> Network:
        """Put the parts in order: what is beside the main flow before it is joined."""
        start = self._start()
        main = self._behind(start)
        order: dict[int, None] = {}
        for k in [*main, *sorted(self.sources)]:
            self._place(k, order, main)
        order.pop(start, None)
        return self._number(list(order), start, main)

    def _ends(self, k: int) -> list[Output]:
        """Return the outputs of a step."""
        outputs = _joined(self.outputs.get(k, []))
        call = self.nodes[k].call if k >= 0 else None
        if call is None or call.turns == 1:
            return outputs
        return _families(outputs)

    def _node(self, k: int) -> Node:
        return self.runs.get(k, self.nodes[k])

    def _start(self) -> int | None:
        """Return the first thing outside that is read."""
        reads = (i for node in self.nodes for i in node.inputs if i < 0)
        found = dict.fromkeys(reads)
        own = {-1 - op.index: op.index for op in self.graph.inputs}
        first = sorted((i for i in found if i in own), reverse=True) or list(found)
        return next((i for i in first if i in self.alive), None)

    def _behind(self, start: int | None) -> list[int]:
        """List what depends on the start, in order."""
        found: dict[int, None] = {}
        for k in sorted(k for k in self.sources if k >= 0):
            if any(source == start or source in found for source in self.sources[k]):
                found[k] = None
        return list(found)

    def _place(self, k: int, order: dict[int, None], main: list[int]) -> None:
        if k in order or k not in self.alive:
            return
        for source in self.sources[k]:
            if source not in main:
                self._place(source, order, main)
        order[k] = None

    def _number(self, order: list[int], start: int | None, main: list[int]) -> Network:
        readers = {
            k: [n for n in order if k in self.sources[n] and n in main] for k in order
        }
        many = {k for k in order if k not in main and len(readers[k]) >= _MANY}
        numbers: dict[int | None, int] = {start: START}
        parts = [
            Part(output, (START,)) for output in _joined(self.outputs.get(start, []))
        ]
        for k in order:
            left_out = [s for s in self.sources[k] if s in many and readers[s][0] != k]
            shown = [s for s in self.sources[k] if s not in left_out]
            content = self.graph.ops[-1 - k] if k < 0 else self._node(k)
            numbers[k] = len(parts)
            parts.append(
                Part(
                    content,
                    tuple(numbers[s] for s in shown),
                    tuple(numbers[s] for s in self.sources[k] if s in many),
                )
            )
            for output in self._ends(k):
                parts.append(Part(output, (numbers[k],)))
        op = None if start is None else self.graph.ops[-1 - start]
        return Network(self.graph, tuple(parts), op)


def _is_product(node: Node) -> bool:
    """Tell a product of two tensors, which may come out of one step, as of a split."""
    return node.call is None and node.ops[0].name in _PRODUCTS


def _families(outputs: list[Output]) -> list[Output]:
    """Join what the runs of a module return, by name: "logits.0–2"."""
    heads = dict.fromkeys(numbered(output.name)[0] for output in outputs)
    found: list[Output] = []
    for head in heads:
        own = [output for output in outputs if numbered(output.name)[0] == head]
        first, *others = own
        name = reduce(span, (output.name for output in own))
        whole = replace(first, name=name, others=tuple(others))
        found += own if len(own) < _MANY else [whole]
    return found


def _joined(outputs: list[Output]) -> list[Output]:
    """Join the names under which one tensor is returned more than once."""
    names: dict[tuple[int, int], list[str]] = {}
    for output in outputs:
        names.setdefault((output.op, output.taken), []).append(output.name)
    return [Output(", ".join(name), *which) for which, name in names.items()]
