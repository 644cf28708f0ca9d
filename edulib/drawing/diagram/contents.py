"""What is inside of a block, in words: layers and branches."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from torch import nn

from edulib.anatomy.attention import projections
from edulib.anatomy.choice import COMPUTED
from edulib.anatomy.describe import describe_op
from edulib.anatomy.graph import Call, Graph, Node, Op
from edulib.anatomy.numbers import ends_of, shape_words
from edulib.anatomy.op_types import ATTENTIONS, MERGES, OpType
from edulib.anatomy.turns import loops_in
from edulib.drawing.diagram.joins import LAYERS, half_read, paths_of
from edulib.drawing.diagram.shortcuts import has_shortcut, projection_of
from edulib.drawing.diagram.turn_parts import parts_of

_WORDS = {
    OpType.ATTENTION: "attention",
    OpType.CONVOLUTION: "conv",
    OpType.DENSE: "dense",
    OpType.EMBEDDING: "embedding",
}
_PLURAL = ("conv", "attention")
_PAIR = 2
_KINDS = {
    **dict.fromkeys(
        "add sub rsub mul div truediv rtruediv neg pow exp log log2 sqrt abs round "
        "floor square sum".split(),
        "arithmetic",
    ),
    **dict.fromkeys("eq ne lt le gt ge and or not all any".split(), "comparison"),
    **dict.fromkeys("clamp clamp_min clamp_max".split(), "clamping"),
    **dict.fromkeys("where topk index_select gather nonzero".split(), "selection"),
    **dict.fromkeys("sort argsort".split(), "sorting"),
    **dict.fromkeys("expand expand_as".split(), "repeat"),
    **dict.fromkeys("T t mT".split(), "transpose"),
    "view": "reshape",
}
_QUIET = "split unbind copy detach to chunk cat stack zeros_like ones_like".split()
_FLIPS = ("T", "t", "mT", "transpose")


def inside_of(graph: Graph, node: Node, calls: list[Call], turns: int) -> str:
    """Say what a block called by its class holds, such as "4 convs".

    Args:
        graph: the traced network.
        node: the step.
        calls: the blocks that it stands for; the last one is told.
        turns: of a loop, which is told by the classes of its parts.
    """
    if turns > 1:
        first = node.call.children[0]  # which is the first to use its weights
        is_one = len(first.modules) == 1
        inside = first.modules[0].children if is_one else parts_of(first).values()
        blocks = (call for call in inside if not call.is_leaf)
        parts = dict.fromkeys(_with_layers(graph, call) for call in blocks)
        return ", ".join((*parts, *_gives(graph, node.call)))
    if not calls or isinstance(calls[-1].module, nn.Sequential):
        return ""
    before, behind = paths_of(graph, calls[-1])
    is_parted = bool(before or behind)
    held = _held_blocks(graph, calls[-1], is_parted)
    first, last = _ends_of(graph, calls[-1]) if held and is_parted else ("", "")
    blocks = _blocks(graph, calls[-1]) if held else []
    held = held or _held_layers(graph, calls[-1], is_parted)
    often = _loop_words(graph, calls[-1], blocks) or _often(graph, calls[-1])
    told = (first, before, held, often, behind, last)
    parts = [part for part in told if part]
    return ("; " if any(":" in part for part in parts) else ", ").join(parts)


def _gives(graph: Graph, loop: Call) -> list[str]:
    """Write what a module gives of the first and the last of inputs that differ."""
    calls = [call for turn in loop.children for call in turn.children]
    alone = len(calls) == loop.turns and not any(call.others for call in calls)
    own = [graph.ops[call.output].shape for call in calls] if alone else []
    differ = len(set(own)) > 1 and not loop.carried
    return [f"gives {ends_of(map(shape_words, own))}"] if differ else []


def _loop_words(graph: Graph, call: Call, told: Iterable[Call] = ()) -> str:
    """Tell the loops in a block as they are where it is opened.

    Args:
        graph: the traced network.
        call: of the block.
        told: blocks inside that tell theirs.
    """
    loops = [
        f"{loop.turns} × {loop.type}, shared weights"
        for loop in loops_in(graph, call)
        if not any(x.first <= loop.first and loop.last <= x.last for x in told)
    ]
    return ", ".join(loops)


def _often(graph: Graph, call: Call) -> str:
    """Say how often all layers of a block run with one set of weights, and on what."""
    ops = graph.ops[call.first : call.last]
    layers = [op for op in ops if op.op_type in LAYERS]
    counts = set(Counter(op.path for op in layers).values())
    if len(counts) != 1 or counts == {1}:
        return ""
    alike = [op for op in layers if op.path == layers[0].path]
    reach: dict[int, set[int]] = {}
    for op in ops:
        sources = [reach.get(i, set()).union({i} & reach.keys()) for i in op.inputs]
        reach[op.index] = set().union(*sources)
    pairs = pairwise(alike)
    if all(before.index in reach[op.index] for before, op in pairs):
        return f"run {len(alike)} times in a row"
    runs = {op.index for op in alike}
    is_apart = all(runs.isdisjoint(reach[op.index]) for op in alike)
    if not is_apart or len({op.inputs for op in alike}) < len(alike):
        return f"run {len(alike)} times"
    has_maps = all(op.inputs and graph.ops[op.inputs[0]].axes for op in alike)
    return f"run on each of\xa0{len(alike)} {'maps' if has_maps else 'inputs'}"


def _held_blocks(graph: Graph, call: Call, parted: bool) -> str:
    """Say what blocks a block holds: several alike, or one where paths part."""
    blocks = _blocks(graph, call)
    kinds = Counter(block.type for block in blocks)
    kind, count = max(kinds.items(), key=lambda item: item[1], default=("", 0))
    if count < 2 - parted:
        return ""
    alike = [block for block in blocks if block.type == kind]
    has_skips = all(has_shortcut(graph, block) for block in alike)
    skips = f", with skip{'s' * (count > 1)}" * has_skips
    times = f"{count} × " if count > 1 else ""
    half = half_read(graph, call, alike[0])
    into = f"{half} into " if half else ""
    return f"{into}{times}{_with_layers(graph, alike[-1])}{skips}"


def _with_layers(graph: Graph, call: Call) -> str:
    """Name a block by its class, with the layers that it holds in brackets.

    A row of layers has the name of its place.
    """
    is_row = isinstance(call.module, nn.Sequential)
    name = call.path.rpartition(".")[2] if is_row else call.type.lstrip("_")
    held = _held_layers(graph, call, True), _loop_words(graph, call)
    layers = ", ".join(filter(None, held))
    return f"{name} ({layers})" if layers else name


def _held_layers(graph: Graph, call: Call, parted: bool) -> str:
    """Say what layers a block holds, but for those of loops.

    Left out, too, is one that converts what is added.
    """
    loops = loops_in(graph, call)
    ops = graph.ops[call.first : call.last]
    own = projections(ops)
    aside = {*own, getattr(projection_of(graph, call), "index", -1), *call.again}
    aside.update(i for loop in loops for i in range(loop.first, loop.last))
    counted = (op for op in ops if op.index not in aside)
    counts = Counter(op.op_type for op in counted if op.params or not op.kernel)
    products = [op for op in _products(ops) if op.index not in aside]
    several = sum(op.op_type is OpType.ATTENTION for op in products)
    counts[OpType.ATTENTION] -= several - (several + 1) // 2
    told = [(counts[kind], word) for kind, word in _WORDS.items() if counts[kind]]
    if sum(number for number, _ in told) < 2 - parted and not (own or loops):
        return ""
    return ", ".join(
        f"{number}\xa0{word}{'s' * (word in _PLURAL)}" if number > 1 else word
        for number, word in told
    )


def _ends_of(graph: Graph, call: Call) -> tuple[str, str]:
    """Name the layers with which a block begins and ends, beside its blocks."""
    held = [range(block.first, block.last) for block in _blocks(graph, call)]
    layers = [op for op in graph.ops[call.first : call.last] if op.op_type in LAYERS]
    ends = layers[0], layers[-1]
    aside = [not any(op.index in block for block in held) for op in ends]
    first, last = (describe_op(op).split(",")[0] for op in ends)
    return first * aside[0], last * aside[1]


def _products(ops: tuple[Op, ...]) -> list[Op]:
    """Return products of matrices: an attention that is written out has two."""
    return [op for op in ops if op.name not in ATTENTIONS]


def _blocks(graph: Graph, call: Call) -> list[Call]:
    """List the blocks inside of a block: modules with several layers, no containers.

    One that is called several times is listed once.
    """
    found: list[Call] = []
    for child in {child.path: child for child in call.children}.values():
        ops = graph.ops[child.first : child.last]
        if isinstance(child.module, (nn.Sequential, nn.ModuleList)):
            found += _blocks(graph, child)
        elif sum(op.op_type in LAYERS for op in ops) > 1:
            found.append(child)
    return found


def heads_of(graph: Graph, call: Call) -> tuple[str, ...]:
    """Name the branches of a block, or of a module inside, that never meet there.

    Such are the classes and the boxes of a detector: layers that read one thing, of
    which no other layer reads any, in a module that returns several tensors.
    """
    if call.others:
        heads = _ends(graph, call)
        if heads:
            names = [op.path.rpartition(".")[2] for op in heads]
            shapes = [_shapes_of(graph, call, op) for op in heads]
            pairs = zip(names, shapes, strict=True)
            return tuple(f"{name}: {shape}" for name, shape in pairs)
    found = (heads_of(graph, child) for child in call.children if not child.is_leaf)
    return next((heads for heads in found if heads), ())


def _shapes_of(graph: Graph, call: Call, layer: Op) -> str:
    """Write what a layer gives; of one that runs on several maps its first and last."""
    ops = graph.ops[call.first : call.last]
    shapes = [shape_words(op.shape) for op in ops if op.path == layer.path]
    return ends_of(shapes)


def _ends(graph: Graph, call: Call) -> list[Op]:
    """Return layers of a call that read one thing and that none behind them joins."""
    ops = graph.ops[call.first : call.last]
    layers = {op.index: op for op in ops if op.op_type in LAYERS}
    behind: dict[int, set[int]] = {}
    meets: set[int] = set()
    for op in ops:
        found = set().union(*(behind.get(i, set()) for i in op.inputs))
        if op.index in layers:
            meets |= found
            found = {op.index}
        elif op.op_type in MERGES and len({layers[i].path for i in found}) > 1:
            meets |= found
        behind[op.index] = found
    ends: dict[tuple[int, ...], list[Op]] = {}
    for index, op in layers.items():
        if index not in meets:
            ends.setdefault(op.inputs, []).append(op)
    heads = next((found for found in ends.values() if len(found) > 1), [])
    return heads if len({op.path for op in heads}) == len(heads) else []


def kinds_of(ops: tuple[Op, ...]) -> str:
    """Name what many steps without parameters do, in order: "arithmetic, softmax"."""
    quiet = (OpType.RESHAPE, OpType.CONCAT, OpType.CONSTANT)
    told = [op for op in ops if op.op_type not in quiet or op.name == "getitem"]
    return _listed(op for op in told if op.name not in _QUIET)


def layout_of(graph: Graph, ops: tuple[Op, ...]) -> str:
    """Name the steps that change a shape by more than dimensions of 1, in order."""
    sides = [[side for side in op.shape if side > 1] for op in ops]
    steps = zip([None, *sides], sides, ops, strict=False)
    changes = [op for old, new, op in steps if old != new]
    words = (_KINDS.get(op.name) or choice_words(graph, op) for op in changes)
    return ", ".join(dict.fromkeys(words))


def _listed(ops: Iterable[Op]) -> str:
    words = (_KINDS.get(op.name) or describe_op(op) for op in ops)
    return ", ".join(dict.fromkeys(words))


def choice_words(graph: Graph, op: Op) -> str:
    """Say what a selection takes: "selection: row 0", or by an index made of what."""
    words = describe_op(op)
    if op.name != "getitem" or not op.chosen:
        return words
    names = sorted(set().union(*(_read(graph, graph.ops[i]) for i in op.inputs[1:])))
    made = f"an index computed from {' and '.join(names)}" if names else COMPUTED
    return f"{words}: {op.chosen.replace(COMPUTED, made)}"


def pair_words(graph: Graph, op: Op) -> str:
    """Name the two inputs of which a product compares each pair: "image × text".

    Its rows are one input's batch and its columns the other's.
    """
    is_flipped = False
    while op.op_type is OpType.RESHAPE and len(op.inputs) == 1:
        is_flipped ^= op.name in _FLIPS
        op = graph.ops[op.inputs[0]]
    if op.name not in ("matmul", "mm") or len(op.inputs) < _PAIR:
        return ""
    rows, columns = (graph.ops[i] for i in op.inputs)
    is_pair = op.has_batch and rows.has_batch and not columns.has_batch
    if not is_pair or op.shape != columns.shape[-1:] or len(columns.shape) > _PAIR:
        return ""
    names = [_read(graph, side) for side in (rows, columns)]
    if any(len(found) != 1 for found in names) or names[0] == names[1]:
        return ""
    words = [found.pop() for found in names]
    return " × ".join(reversed(words) if is_flipped else words)


def _read(graph: Graph, op: Op) -> set[str]:
    """Return the names of the inputs on which an op depends."""
    found, seen, todo = set(), set(), [op.index]
    while todo:
        index = todo.pop()
        if index in seen:
            continue
        seen.add(index)
        if graph.ops[index].op_type is OpType.INPUT:
            found.add(graph.ops[index].name)
        todo.extend(graph.ops[index].inputs)
    return found
