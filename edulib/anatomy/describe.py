"""Say in words what a step of a network does."""

from torch import nn

from edulib.anatomy.graph import Call, Node, Op
from edulib.anatomy.op_types import REDUCTIONS, OpType
from edulib.anatomy.packed import hides_weights
from edulib.anatomy.window import AdaptivePooling

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
    "cat": "concatenation",
    "mean": "global average pooling",
    "amax": "global max pooling",
    "max": "global max pooling",
    **{name: f"{name} over all positions" for name in ("sum", "std", "var", "norm")},
    "getitem": "selection",
    "matmul": "matrix product",
    "bmm": "matrix product",
    "einsum": "sum of products",
    "multi_head_attention_forward": "multi-head attention",
    "scaled_dot_product_attention": "attention",
}
_QUIET = (OpType.CONSTANT, OpType.DROPOUT)
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
        return _own_words(node)
    before, behind = (_hook_words(node, side) for side in ("before", "behind"))
    return "; ".join(filter(None, (before, _own_words(node), behind)))


def _hook_words(node: Node, side: str) -> str:
    """Say what the hooks of a module do, before it or behind it."""
    ops = (op for op in node.ops if op.hook == side and op.path == node.call.path)
    words = dict.fromkeys(describe_op(op) for op in ops if op.op_type not in _QUIET)
    return f"hook: {', '.join(words)}" if words else ""


def _own_words(node: Node) -> str:
    if node.call is None and len(node.ops) > 1:
        return "without parameters, not shown one by one"
    if node.call is None:
        return describe_op(node.main)
    if node.call.turns > 1:
        return f"{node.call.turns} × {node.call.type}, shared"
    if node.call.is_leaf:
        own = node.op_type in (OpType.OTHER, OpType.RESHAPE) and len(node.ops) > 1
        words = node.call.type if own else describe_op(node.main)
        return words + ", not counted" * hides_weights(node.call.module)
    repeated = repeated_block(node)
    if repeated is not None:
        count, name = repeated
        return f"{count} × {name}"
    main = [op for op in node.ops if op.op_type in _COUNTED or op.moves]
    is_container = isinstance(node.call.module, nn.Sequential)
    few = len(main) == 1 or (is_container and 0 < len(main) <= 2)
    if few and not _rearranges(node, main):
        return "; ".join(describe_op(op) for op in main)
    if not is_container:
        return node.call.type.lstrip("_")
    types = [op.op_type for op in node.ops]
    counts = ((types.count(op_type), word) for op_type, word in _COUNTED.items())
    told = [f"{count} {word}{'s' * (count > 1)}" for count, word in counts if count]
    moved = dict.fromkeys(describe_op(op) for op in main if op.moves)
    return ", ".join([*told, *moved])


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
    start = node.call.first
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
        return _join_words(kernel_words(op), noun, _steps(op))
    if op.op_type is OpType.CONSTANT:
        return "learned" if op.params else "constant"
    if op.swaps:
        return "height and width swapped"
    return _WORDS.get(op.name, op.name.replace("_", " "))


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
    grid = op.place.grid or ()
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
