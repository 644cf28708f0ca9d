"""Say in words what a step of a network does."""

from dataclasses import replace
from math import prod

from torch import nn

from edulib.anatomy.graph import Call, Node, Op
from edulib.anatomy.op_types import REDUCTIONS, SELECTS, TURNS, OpType
from edulib.anatomy.packed import hides_weights
from edulib.anatomy.window import POINT, AdaptivePooling

_WORDS = {
    "batch_norm": "batch normalisation",
    "layer_norm": "layer normalisation",
    "group_norm": "group normalisation",
    "instance_norm": "instance normalisation",
    "local_response_norm": "local response normalisation",
    "relu": "ReLU",
    "relu6": "ReLU6",
    "gelu": "GELU",
    "silu": "SiLU",
    "elu": "ELU",
    "selu": "SELU",
    "leaky_relu": "leaky ReLU",
    "hardswish": "hard swish",
    "hardsigmoid": "hard sigmoid",
    "softmax": "softmax",
    "linear": "fully connected",
    "add": "addition",
    "sub": "subtraction",
    "mul": "multiplication",
    "div": "division",
    **dict.fromkeys("cat concat concatenate hstack vstack".split(), "concatenation"),
    "mean": "global average pooling",
    "amax": "global max pooling",
    "max": "global max pooling",
    **{name: f"{name} over all positions" for name in ("sum", "std", "var", "norm")},
    **dict.fromkeys(("getitem", "select", "narrow", "index_select"), "selection"),
    "setitem": "assignment",
    "copy": "assignment",
    "matmul": "matrix product",
    "bmm": "matrix product",
    "einsum": "sum of products",
    "multi_head_attention_forward": "multi-head attention",
    "scaled_dot_product_attention": "attention",
}
_REDUCED = {"amax": "max", "amin": "min"}  # not over all positions
_QUIET = (OpType.CONSTANT, OpType.DROPOUT)
_VAGUE = (OpType.OTHER, OpType.RESHAPE)
_LAYERS = (OpType.CONVOLUTION, OpType.DENSE, OpType.ATTENTION)
_FEW = 2  # so many selections are told one by one
_LINEAR = ("mul", "div", "add", "sub")
_SUMS = ("add", "sub")
_JOINED = {"add": "addition of", "mul": "multiplication by"}
_BESIDE = (OpType.NORMALISATION, OpType.ACTIVATION)
_HOOK = "hook: "
_POOLS = (
    ("unpool", "max unpooling"),
    ("avg", "average pooling"),
    ("max", "max pooling"),
    ("lp", "power-average pooling"),
)
_COUNTED = {
    OpType.CONVOLUTION: "convolution",
    OpType.POOLING: "pooling",
    OpType.DENSE: "fully connected layer",
    OpType.ATTENTION: "attention",
}


def describe(node: Node) -> str:
    """Describe a node, such as "7×7 convolution, stride 2" or "3 × Bottleneck".

    What hooks of a module do stands before or behind what it does itself.
    """
    if node.call is None:
        return f"{_HOOK * bool(node.main.hook)}{_own_words(node)}"
    own = replace(node, ops=tuple(op for op in node.ops if not by_hook(node, op)))
    before, behind = (_hook_words(node, side) for side in ("before", "behind"))
    inside = "hooks inside" * any(op.hook for op in own.ops)
    return "; ".join(filter(None, (before, _own_words(own), inside, behind)))


def by_hook(node: Node, op: Op) -> bool:
    """Whether an op is what a hook does, not the node's module itself."""
    return bool(op.hook) and (node.call is None or op.path == node.call.path)


def _hook_words(node: Node, side: str) -> str:
    """Say what the hooks of a module do, before it or behind it."""
    ops = (op for op in node.ops if op.hook == side and by_hook(node, op))
    words = dict.fromkeys(describe_op(op) for op in ops if op.op_type not in _QUIET)
    return f"{_HOOK}{', '.join(words)}" if words else ""


def _own_words(node: Node) -> str:
    if node.call is None and len(node.ops) > 1:
        return "without parameters, not shown one by one"
    if node.call is None:
        return describe_op(node.main)
    if node.call.turns > 1:
        return f"{node.call.turns} × {node.call.type}, shared"
    if node.call.is_leaf:
        return _leaf_words(node) + ", not counted" * hides_weights(node.call.module)
    repeated = repeated_block(node)
    if repeated is not None:
        count, name = repeated
        return f"{count} × {name}"
    return _inner_words(node) or node.call.type.lstrip("_")


def _leaf_words(node: Node) -> str:
    """Describe what a module does itself: its main function, and what moves numbers."""
    done, moves = _done(node), [op for op in node.ops if op.moves]
    if joined := _joined_words(node):
        return "; ".join((joined, *_told(node, _selections(node))))
    is_vague = len(node.ops) > 1 and node.op_type in _VAGUE
    if is_vague and moves and all(op.moves for op in done):
        return "; ".join(dict.fromkeys(map(describe_op, moves)))
    pools = node.ops and node.main.op_type is OpType.POOLING
    others = [op for op in done if op.op_type is OpType.OTHER]
    bends = [op for op in others if op.name not in _LINEAR or _gates(op)]
    computes = pools and bool(bends)  # another mean than that of the numbers
    if not node.ops or is_vague or computes or joins_own(node):
        names = [node.call.type, *map(describe_op, moves)]
        return "; ".join(dict.fromkeys(names))
    told = _told(node, [node.main, *moves, *_selections(node), *_scales(node)])
    return "; ".join(dict.fromkeys(told))


def _scales(node: Node) -> list[Op]:
    """Find what scales or shifts the result of a pooling, which is no mean then."""
    if node.main.op_type is not OpType.POOLING:
        return []
    return [op for op in _done(node) if op.name in _LINEAR and op is not node.main]


def _selections(node: Node) -> list[Op]:
    """Find what takes a part of what the node makes, or of what it is given."""
    made = {op.index: op for op in node.ops}
    found = (op for op in node.ops if op.name in SELECTS and not op.is_constant)
    return [op for op in found if _takes_part(op, made) and not _all_read(op, node)]


def _all_read(op: Op, node: Node) -> bool:
    """Whether all parts of a split are read, or given away."""
    if node.output is op and node.others:
        return True
    read = {
        taken
        for reader in node.ops
        for source, taken in zip(reader.inputs, reader.taken, strict=True)
        if source == op.index
    }
    return bool(op.others) and (-1 in read or len(read) == len(op.shapes))


def _takes_part(op: Op, made: dict[int, Op]) -> bool:
    sources = [made[i] for i in op.inputs[:1] if i in made]
    if not sources:
        return bool(op.chosen)
    return any(prod(op.shape) < prod(source.shape) for source in sources)


def _told(node: Node, ops: list[Op]) -> list[str]:
    """Describe some of a node's ops, in order, and what is selected once."""
    ordered = sorted(set(ops), key=lambda op: op.index)
    chosen = {op.chosen for op in ordered if op.chosen and op is not node.main}
    told: list[str] = []
    for op in ordered:
        is_named = op.chosen in chosen and len(chosen) <= _FEW
        words = f"selection: {op.chosen}" if is_named else describe_op(op)
        if op.name not in SELECTS or words not in told:
            told.append(words)
    return told


def _done(node: Node) -> list[Op]:
    return [op for op in node.ops if op.op_type not in (*_QUIET, OpType.RESHAPE)]


def _joined_words(node: Node) -> str:
    """Describe a module that adds what it holds, or multiplies by it, beside norms.

    Returns:
        Such as "addition of pe; layer normalisation"; "" if it does anything else.
    """
    done = _done(node)
    joins = [op for op in done if op.op_type not in _BESIDE]
    own = {op.index for op in node.ops if op.is_constant}
    if len(joins) != 1 or own.intersection(op.index for op in done):
        return ""
    (join,) = joins
    held = [op.name for op in node.ops if op.op_type is OpType.CONSTANT]
    is_learned = join.name == "add" and bool(join.params)
    names = ", ".join(held) or "learned numbers" * is_learned
    if not names or join.name not in _JOINED or len({*join.inputs} - own) != 1:
        return ""
    told = f"{_JOINED[join.name]} {names}"
    words = (told if op is join else describe_op(op) for op in done)
    return "; ".join(dict.fromkeys(words))


def joins_own(node: Node) -> bool:
    """Whether a module joins what it made to something, as a gate does.

    A sum with what a layer gives is a shortcut around that layer, which is told apart.
    """
    if node.call is None:
        return False
    start = node.ops[0].index
    is_layer = node.main.op_type in _LAYERS
    joins = [op for op in _done(node) if len(set(op.inputs)) > 1 or _gates(op)]
    joins = [op for op in joins if not (is_layer and op.op_type is OpType.ADD)]
    return any(i >= start for op in joins for i in op.inputs)


def _gates(op: Op) -> bool:
    """Whether an op joins tensors that one op made, such as halves, but in a sum."""
    return bool(op.paired) and op.name not in _SUMS


def _inner_words(node: Node) -> str:
    """Describe a module by the layers in it, if they are few or it is a row."""
    main = [op for op in node.ops if op.op_type in _COUNTED or op.moves]
    is_container = isinstance(node.call.module, nn.Sequential)
    selections, joined = _selections(node), _joined_words(node)
    if joined or not (is_container or any(op.op_type in _COUNTED for op in main)):
        is_told = joined or main or (selections and len(_done(node)) == 1)
        return _leaf_words(node) if is_told else ""
    few = len(main) == 1 or (is_container and 0 < len(main) <= 2)
    if not is_container and joins_own(node):
        return ""
    if few and not _rearranges(node, main):
        return "; ".join(_told(node, [*main, *selections, *_scales(node)]))
    if not is_container:
        return ""
    again = node.call.again
    types = [op.op_type for op in node.ops if op.index not in again]
    counts = ((types.count(op_type), word) for op_type, word in _COUNTED.items())
    told = [f"{count} {word}{'s' * (count > 1)}" for count, word in counts if count]
    moved = dict.fromkeys(describe_op(op) for op in main if op.moves)
    if told or moved:
        repeats = any(op.index in again and op.op_type in _COUNTED for op in node.ops)
        return ", ".join([*told, *moved]) + ", some called again" * repeats
    steps = [op for op in node.ops if op.op_type not in _QUIET]
    return "; ".join(dict.fromkeys(map(describe_op, steps)))


def _rearranges(node: Node, main: list[Op]) -> bool:
    """Tell a dense layer that does not read what its module does: patches merged."""
    if len(main) != 1 or main[0].op_type is not OpType.DENSE:
        return False
    grids = {op.place.grid for op in node.ops if op.place.grid}
    return len(grids) > 1 or any(op.op_type is OpType.CONCAT for op in node.ops)


def repeated_block(node: Node) -> tuple[int, str] | None:
    """Return how many blocks of which one class a container holds, if that is so."""
    if node.call is None or not isinstance(node.call.module, nn.Sequential):
        return None
    blocks = [child for child in node.call.children if child.last > child.first]
    names = {child.type for child in blocks}
    if len(names) != 1 or not all(_is_block(child, node) for child in blocks):
        return None
    return len(blocks), names.pop().lstrip("_")


def _is_block(call: Call, node: Node) -> bool:
    """Tell whether a call does at least two things that count."""
    start = node.ops[0].index
    ops = node.ops[call.first - start : call.last - start]
    return sum(op.op_type in _COUNTED for op in ops) > 1 and not call.is_leaf


def describe_op(op: Op) -> str:
    """Describe one operation."""
    if op.op_type is OpType.CONVOLUTION:
        return _join_words(kernel_words(op), _convolution(op), _steps(op))
    if op.op_type is OpType.POOLING and op.name not in REDUCTIONS:
        noun = next((noun for part, noun in _POOLS if part in op.name), op.name)
        if isinstance(op.window, AdaptivePooling):
            noun = _adaptive(op, noun)
        if op.kernel is not None and op.kernel.divisor:
            divisor = op.kernel.divisor
            noun = "sum pooling" + f" divided by {divisor}" * (divisor != 1)
        return _join_words(kernel_words(op), noun, _steps(op))
    if op.op_type is OpType.CONSTANT:
        return "learned" if op.params else "constant"
    if moved := _moved_words(op):
        return moved
    if op.name in REDUCTIONS and op.op_type is not OpType.POOLING:
        return _join_words(_REDUCED.get(op.name, op.name), op.paired, "")
    return _join_words(_WORDS.get(op.name, op.name.replace("_", " ")), op.paired, "")


def _moved_words(op: Op) -> str:
    """Say how an op puts numbers in another order, where its name does not."""
    of_channels = op.name in TURNS and op.place.axes and op.window == POINT
    return op.reordered or "channels in another order" * bool(of_channels)


def _convolution(op: Op) -> str:
    if op.name.startswith("conv_transpose"):
        return "transposed convolution"
    if op.name.startswith("deform"):
        return "deformable convolution"
    is_depthwise = op.kernel is not None and op.kernel.depthwise
    return "depthwise convolution" if is_depthwise else "convolution"


def kernel_words(op: Op) -> str:
    """Return the size of an operation's kernel: "3×3", "5-tap", or nothing."""
    if op.kernel is None:
        return ""
    size = "×".join(map(str, op.kernel.size))
    return size if len(op.kernel.size) > 1 else f"{size}-tap"


def _adaptive(op: Op, noun: str) -> str:
    row = op.place.tokens
    grid = (op.place.grid or ()) if row is None else op.shape[row:][:1]
    if set(grid) <= {1}:
        return f"global {noun}"
    return f"{noun} to " + "×".join(map(str, grid))


def _steps(op: Op) -> str:
    """Return the stride and dilation of an operation, where they are not 1."""
    if op.kernel is None:
        return ""
    words = []
    named = (("stride", op.kernel.stride), ("dilation", op.kernel.dilation))
    for name, sides in named:
        if set(sides) != {1}:
            shown = sides[:1] if len(set(sides)) == 1 else sides
            words.append(f", {name} " + "×".join(map(str, shown)))
    return "".join(words)


def _join_words(before: str, noun: str, after: str) -> str:
    return f"{before} {noun}{after}".strip()
