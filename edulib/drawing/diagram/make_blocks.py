"""The blocks of a diagram: a step of a network in pixels' terms, with its words."""

import re
from dataclasses import dataclass, field, replace
from functools import cached_property

from torch import nn

from edulib.anatomy.attention import crosses
from edulib.anatomy.describe import (
    by_hook,
    describe,
    describe_op,
    joins_own,
    repeated_block,
)
from edulib.anatomy.graph import Call, Graph, Node, Op, Output
from edulib.anatomy.op_types import COUNTED, OpType
from edulib.anatomy.place import Place
from edulib.anatomy.turns import LONG
from edulib.drawing.diagram.contents import (
    choice_words,
    heads_of,
    inside_of,
    kinds_of,
    layout_of,
    pair_words,
)
from edulib.drawing.diagram.items import BANDS, Block, size_of
from edulib.drawing.diagram.joins import manner
from edulib.drawing.diagram.network import START, Network
from edulib.drawing.diagram.notes import attention_notes, conversion
from edulib.drawing.diagram.shortcuts import (
    blocks_in,
    count_sums,
    has_shortcut,
    sums_by_input,
)
from edulib.drawing.diagram.sources import order_words, taken_words
from edulib.drawing.diagram.turn_hands import ONE_A_TURN, runs_words, turns_of
from edulib.drawing.diagram.turn_notes import turn_notes
from edulib.drawing.diagram.turn_parts import carries_of, carry_name

_LONG = 13
_PASSES = (OpType.RESHAPE, OpType.OTHER)
_BESIDE = (OpType.NORMALISATION, OpType.RESHAPE, OpType.DROPOUT)


def is_row(graph: Graph, node: Node) -> bool:
    """Tell a row of blocks alike, all of which put out the same shape."""
    if repeated_block(node) is None:
        return False
    blocks = [child for child in node.call.children if child.last > child.first]
    return len({graph.ops[block.output].shape for block in blocks}) == 1


def chain_of(graph: Graph, node: Node) -> list[Call]:
    """Return the blocks of a module that is nothing else, each fed by the one before.

    Such is a decoder, whose blocks all look at the encoder as well. There may be a
    normalisation or a change of shape beside them.
    """
    if node.call is None or node.call.turns > 1:
        return []
    inside = [child for child in node.call.children if child.last > child.first]
    blocks = [child for child in inside if not child.is_leaf]
    ops = [graph.ops[child.first : child.last] for child in blocks]
    within = {op.index for block in ops for op in block}
    alike = {(child.type, graph.ops[child.output].shape) for child in blocks}
    counts = [sum(op.op_type in COUNTED for op in block) for block in ops]
    if len(blocks) < 2 or len(alike) > 1 or min(counts) < 2:
        return []
    if len({child.path for child in blocks}) < len(blocks):  # a loop in time
        return []
    if any(op.op_type not in _BESIDE for op in node.ops if op.index not in within):
        return []
    for k, child in enumerate(blocks[:-1]):
        reads = [any(child.output in op.inputs for op in block) for block in ops]
        if [n for n, is_reader in enumerate(reads) if is_reader] != [k + 1]:
            return []
    return blocks


@dataclass(frozen=True)
class BlockMaker:
    """Makes the blocks of a network's parts.

    Attributes:
        network: the parts.
        labels: names to print, by path.
        made: the blocks that were made, by part.
    """

    network: Network
    labels: dict[str, str]
    made: dict[int, Block] = field(default_factory=dict)

    def block(self, part: int) -> Block:
        """Return the block of a part."""
        if part not in self.made:
            self.made[part] = self._block(part)
        return self.made[part]

    def title(self, part: int) -> str:
        """Name a part; a change of shape by what it shapes."""
        if part == START:
            return self.network.start.name
        content, sources = self.network.parts[part].content, ()
        if isinstance(content, Node) and _type(content) is OpType.RESHAPE:
            sources = self.network.parts[part].sources
        return self.title(sources[0]) if len(sources) == 1 else self._name_of(part)

    def _block(self, part: int) -> Block:
        content = self.network.parts[part].content
        if isinstance(content, Op):
            return input_block(content)
        if isinstance(content, Output):
            return self._output(content)
        return self._step(part, content)

    def _output(self, content: Output) -> Block:
        graph = self.network.graph
        op, name, words = _end(graph, content), content.name, "output"
        if all(output.name.startswith("0.") for output in graph.outputs):
            name = name.removeprefix("0.")  # of the only image in a list
        if name[:1].isdigit():
            name, words = f"output{'s' * ('–' in name)} {name}", ""
        if graph.from_values and 0 in op.shape:
            words = f"{words}, as many as it finds".removeprefix(", ")
        words = "" if words == name else words
        pair = pair_words(graph, op)
        words = f"{words}: {pair}".removeprefix(": ") if pair else words
        stride = "" if content.others else self._stride(op)
        words = f"{words}, {stride}".removeprefix(", ").removesuffix(", ")
        turns = self._turns(content)
        words = turns if words in ("", "output") and turns else words
        shape = (1, *op.shape) if pair and op.has_batch else op.shape
        others = tuple(graph.ops[end.op].shapes[end.taken] for end in content.others)
        others = () if turns == ONE_A_TURN and {*others} == {op.shape} else others
        return Block(name, words, OpType.OUTPUT, shape, size_of(op), 0, others=others)

    def _turns(self, content: Output) -> str:
        """Tell which turns of a loop give an output, if not the last one alone."""
        node = self._owners.get(content.op)
        if node is None or node.call is None or not node.call.carried:
            return ""
        return turns_of(node.call, [end.op for end in (content, *content.others)])

    def _stride(self, op: Op) -> str:
        """Tell the scale of an output, where outputs are maps of several."""
        graph = self.network.graph
        ends = [graph.ops[output.op] for output in graph.outputs]
        sides = {end.side(-1) for end in ends if end.axes and end.side(-1) > 1}
        start = next((first for first in graph.inputs if first.axes), None)
        if len(sides) < 2 or start is None or op.side(-1) not in sides:
            return ""
        stride = start.side(-1) / op.side(-1)
        return f"stride {stride:.0f}" if stride.is_integer() else ""

    def _step(self, part: int, node: Node) -> Block:
        graph = self.network.graph
        repeated = repeated_block(node) if is_row(graph, node) else None
        words = repeated[1] if repeated else self._words(node)
        pair = pair_words(graph, node.output) if node.call is None else ""
        words = f"{words}: {pair}" if pair else words
        chain = [] if repeated else chain_of(graph, node)
        if chain:
            words = chain[0].type.lstrip("_")
            repeated = len(chain), words
        if repeated and any(op.hook and not by_hook(node, op) for op in node.ops):
            words += "; hooks inside"
        turns = 1 if node.call is None else node.call.turns
        if turns > 1:
            repeated, words = (turns, words), node.call.type
            words += ", shared weights" * node.call.has_weights
            words += runs_words(graph, node.call)
        has_memory = turns > 1 and bool(node.call.carried)
        carries = carries_of(graph, node.call) if has_memory else ()
        is_blocks = node.call is not None and not node.call.is_leaf and turns == 1
        main = max(node.ops.index(node.main), 0)
        single = sum(op.op_type in COUNTED for op in node.ops) == 1
        behind = [op.op_type for op in node.ops[main + 1 :] if op.op_type in BANDS]
        hooked = any(by_hook(node, op) for op in node.ops)
        bands = tuple(behind) if single and is_blocks and not hooked else ()
        place = self.network.parts[part]
        calls = chain or (blocks_in(node) if repeated else [node.call])
        calls = calls if is_blocks else []
        return Block(
            name=self._name(node),
            words=words,
            op_type=_type(node),
            shape=(1, *node.shape) if pair and node.output.has_batch else node.shape,
            size=self._size(node.output),
            params=node.params,
            repeat=repeated[0] if repeated else 1,
            bands=bands,
            composite=is_blocks and not single,
            hides=_hides(node) and not bands,
            shortcuts=tuple(has_shortcut(graph, call) for call in calls),
            sums=max((count_sums(graph, call) for call in calls), default=0),
            parts=self._joined(node) if is_blocks else (),
            is_source=not place.sources,
            reads=tuple(self._name_of(k) for k in place.reads),
            manners=tuple(self._manner(node, k) for k in place.reads),
            attends_to=self._attends_to(node) if node.call is not None else (),
            others=node.others,
            is_loop=bool(carries),
            carries=carries,
            heads=heads_of(graph, node.call) if is_blocks else (),
            inside=inside_of(graph, node, calls, turns) + self._end(node),
            arguments=self._arguments(node.call) if turns == 1 else (),
            takes=taken_words(graph, node, self._owners),
            order=order_words(graph, node, self._owners),
            notes=self._notes(node, calls),
            sums_of=tuple(sums_by_input(graph, calls[-1]).items() if calls else ()),
            converts=tuple(conversion(graph, call) for call in calls),
            stands=joins_own(node) or any(op.moves for op in node.ops),
            hooked=hooked,
        )

    def _notes(self, node: Node, calls: list[Call]) -> tuple[str, ...]:
        """Tell what parts inside of a block read."""
        graph = self.network.graph
        if node.call is not None and node.call.turns > 1:
            has_memory = bool(node.call.carried)
            return turn_notes(graph, node.call, self._drawn_name) if has_memory else ()
        return attention_notes(graph, calls[-1]) if calls else ()

    @cached_property
    def _owners(self) -> dict[int, Node]:
        """The steps that are drawn, by the ops inside of them."""
        contents = (part.content for part in self.network.parts)
        nodes = [content for content in contents if isinstance(content, Node)]
        return {op.index: node for node in nodes for op in node.ops}

    def _drawn_name(self, op: Op) -> str:
        """Name the step that an op is in as it is drawn, "" if it is in none."""
        if op.op_type is OpType.INPUT:
            return op.name
        node = self._owners.get(op.index)
        if node is None:
            return ""
        if node.call is not None:
            return self._name(node)
        before = [self._drawn_name(self.network.graph.ops[i]) for i in op.inputs]
        if _type(node) is OpType.RESHAPE and len(before) == 1 and before[0]:
            return f"reshaped {before[0].removeprefix('reshaped ')}"
        pools = node.op_type is OpType.POOLING
        return describe_op(node.main).split(",")[0] if pools else self._name(node)

    def _words(self, node: Node) -> str:
        """Say what a step does that is no row of blocks."""
        words = describe(node) + self._growth(node)
        if node.call is not None:
            return words
        if node.main.name == "mul" and node.params == 1:
            return "times a learned number"
        if _is_layout(node) or (words == node.main.name and not node.main.moves):
            return layout_of(self.network.graph, node.ops)
        if len(node.ops) == 1:
            is_choice = node.main.name == "getitem" and not node.main.hook
            return choice_words(self.network.graph, node.main) if is_choice else words
        kinds = kinds_of(node.ops) or "without parameters"
        is_named = "." in node.path  # by the module that holds it
        return f"{len(node.ops)} steps: {kinds}" if is_named else kinds

    def _growth(self, node: Node) -> str:
        """Tell by how much a step without weights makes maps larger: " up ×2".

        In a row of layers that may be the last one, which is named.
        """
        is_loop = node.call is not None and node.call.turns > 1
        is_row = node.call is not None and isinstance(node.call.module, nn.Sequential)
        ends = is_row and not node.call.is_leaf and not is_loop
        op = self._last(node) if is_loop or ends else node.main
        mixes = op.reordered not in ("", "depth to space")
        if op.op_type is not OpType.RESHAPE or len(op.inputs) != 1 or mixes:
            return ""
        before = self.network.graph.ops[op.inputs[0]]
        sides = [(op.side(axis), before.side(axis)) for axis in (-2, -1)]
        factors = {new // old for new, old in sides if new % old == 0}
        is_known = len(factors) == 1 and all(new % old == 0 for new, old in sides)
        grown = factors.pop() if is_known and before.place.grid else 1
        told = describe_op(op)
        step = f"; {told}" if ends and not describe(node).endswith(told) else ""
        return f"{step} up ×{grown}" if grown > 1 else ""

    def _end(self, node: Node) -> str:
        """Tell what a loop makes of its last result: maps that are larger."""
        is_loop = node.call is not None and node.call.turns > 1
        grown = self._growth(node) if is_loop else ""
        if not grown:
            return ""
        last = self._last(node)
        made = self._past(self.network.graph.ops[last.inputs[0]], _PASSES)
        name = carry_name(self.network.graph, node.call, made.index)
        return f"; then {describe_op(last)}{grown}, of {name}"

    def _last(self, node: Node) -> Op:
        """Return the last op of a step that does more than scale what it gets."""
        return self._past(node.output, (OpType.OTHER,))

    def _past(self, op: Op, passes: tuple[OpType, ...]) -> Op:
        """Return the op before a row of such as only pass on what they get."""
        while op.op_type in passes and len(op.inputs) == 1:
            op = self.network.graph.ops[op.inputs[0]]
        return op

    def _size(self, op: Op) -> tuple[int, int, int]:
        """Return the size of an output; positions that are learned lie as in a map."""
        alike = (
            other
            for other in self.network.graph.ops
            if op.index in other.inputs and other.shape == op.shape and other.axes
        )
        is_known = op.axes is not None or not op.is_constant
        return size_of(op if is_known else next(alike, op))

    def _attends_to(self, node: Node) -> tuple[str, ...]:
        """Name the modules from which only keys and values of a block come."""
        looked_at = crosses(self.network.graph, node.call)
        places = {
            op.index: k
            for k, part in enumerate(self.network.parts)
            if isinstance(part.content, Node)
            for op in part.content.ops
        }
        known = dict.fromkeys(places[i] for i in looked_at if i in places)
        nodes = [self.network.parts[k].content for k in known]
        return tuple(self._name(node) for node in nodes if node.call is not None)

    def _arguments(self, call: Call | None) -> tuple[tuple[str, str], ...]:
        """Pair the steps that a module reads with its arguments."""
        found = []
        for argument, index in () if call is None else call.given:
            op, node = self.network.graph.ops[index], self._owners.get(index)
            if op.op_type is OpType.INPUT:
                found.append((op.name, argument))
            elif node is not None:
                found.append((self._name(node), argument))
        return tuple(found)

    def _manner(self, node: Node, part: int) -> str:
        """Say how a step joins what it reads without an arrow."""
        content = self.network.parts[part].content
        ops = content.ops if isinstance(content, Node) else (content,)
        return manner(self.network.graph, node, (op.index for op in ops))

    def _name_of(self, part: int) -> str:
        """Return the name of the end of a branch beside the flow, as it is drawn."""
        content, sources = self.network.parts[part].content, ()
        if isinstance(content, Node) and content.op_type in BANDS:
            sources = self.network.parts[part].sources
        if len(sources) == 1 and sources[0] != START:
            return self._name_of(sources[0])
        return self._name(content) if isinstance(content, Node) else content.name

    def _name(self, node: Node) -> str:
        if node.path in self.labels:
            return self.labels[node.path]
        is_reshape = node.call is None and _type(node) is OpType.RESHAPE
        if is_reshape and not (self._growth(node) or node.output.moves):
            return self._words(node)
        if node.call is None and len(node.ops) > 1:  # a run: the module that holds it
            return node.path.rpartition(".")[0] or node.path
        return self._short_name(node.path)

    def _short_name(self, path: str) -> str:
        """Drop the front of a long path, as long as it stays the only one."""
        contents = (part.content for part in self.network.parts)
        paths = [content.path for content in contents if isinstance(content, Node)]
        while len(path) > _LONG and "." in path:
            shorter = re.sub(r"^[^.]*\.(\d+\.)*", "", path)
            if shorter[0].isdigit() or sum(p.endswith(shorter) for p in paths) > 1:
                break
            path = shorter
        return path

    def _joined(self, node: Node) -> tuple[int, ...]:
        """Return the channels of what is concatenated at the end of a block."""
        if node.output.op_type is not OpType.CONCAT or node.output.axes is None:
            return ()
        inputs = [self.network.graph.ops[i] for i in node.output.inputs]
        return tuple(size_of(op)[0] for op in inputs)


def _end(graph: Graph, output: Output) -> Op:
    """Return the op that makes an output, with the shape that this one has."""
    op = graph.ops[output.op]
    shape = op.shapes[output.taken]
    place = op.place if len(shape) == len(op.shape) else Place()
    return replace(op, shape=shape, place=place)


def input_block(op: Op) -> Block:
    """Return the block of an input."""
    return Block(op.name, "", OpType.INPUT, op.shape, size_of(op), 0, is_source=True)


def _hides(node: Node) -> bool:
    """Whether a module holds layers with normalisations or activations."""
    holds_layers = node.call is not None and not node.call.is_leaf
    return holds_layers and any(op.op_type in BANDS for op in node.ops)


def _is_layout(node: Node) -> bool:
    """Tell a few steps that together change a shape from a long run of free ones."""
    return node.call is None and 1 < len(node.ops) < LONG


def _type(node: Node) -> OpType:
    if _is_layout(node):
        return OpType.RESHAPE
    is_run = node.call is None and len(node.ops) > 1
    return OpType.OTHER if is_run else node.op_type
