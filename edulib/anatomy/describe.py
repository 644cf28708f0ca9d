"""Say in words what a step of a network does."""

from torch import nn

from edulib.anatomy.graph import Call, Node, Op
from edulib.anatomy.window import AdaptivePooling, Window

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
    "getitem": "selection",
    "multi_head_attention_forward": "multi-head attention",
    "scaled_dot_product_attention": "attention",
}
_COUNTED = {
    "convolution": "convolution",
    "pooling": "pooling",
    "dense": "fully connected layer",
    "attention": "attention",
}


def describe(node: Node) -> str:
    """Describe a node, such as "7×7 convolution, stride 2" or "3 × Bottleneck"."""
    if node.call is None:
        return describe_op(node.main, node)
    if node.call.is_leaf:
        own = node.kind in ("other", "reshape") and len(node.ops) > 1
        return node.call.type if own else describe_op(node.main, node)
    repeated = repeated_block(node)
    if repeated is not None:
        count, name = repeated
        return f"{count} × {name}"
    main = [op for op in node.ops if op.kind in _COUNTED]
    is_container = isinstance(node.call.module, nn.Sequential)
    if len(main) == 1 or (is_container and 0 < len(main) <= 2):
        return "; ".join(describe_op(op, node) for op in main)
    if not is_container:
        return node.call.type.lstrip("_")
    kinds = [op.kind for op in node.ops]
    counts = ((kinds.count(kind), word) for kind, word in _COUNTED.items())
    return ", ".join(
        f"{count} {word}{'s' * (count > 1)}" for count, word in counts if count
    )


def repeated_block(node: Node) -> tuple[int, str] | None:
    """Give how many blocks of which one class a container holds, if that is so."""
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
    return sum(op.kind in _COUNTED for op in ops) > 1 and not call.is_leaf


def describe_op(op: Op, node: Node) -> str:
    """Describe one operation of a node."""
    kernel = window_words(op)
    if op.kind == "convolution":
        noun = "convolution"
        if op.name.startswith("conv_transpose"):
            noun = "transposed convolution"
        elif _is_depthwise(node):
            noun = "depthwise convolution"
        return _join_words(kernel, noun, _steps(op))
    if op.kind == "pooling" and op.name != "mean":
        noun = "average pooling" if "avg" in op.name else "max pooling"
        if isinstance(op.reach, AdaptivePooling):
            noun = _adaptive(op, noun)
        return _join_words(kernel, noun, _steps(op))
    return _WORDS.get(op.name, op.name.replace("_", " "))


def window_words(op: Op) -> str:
    """Give the size of an operation's window, such as "3×3", or nothing."""
    if op.kind not in ("convolution", "pooling") or not isinstance(op.reach, Window):
        return ""
    return "×".join(map(str, op.reach.kernel))


def _adaptive(op: Op, noun: str) -> str:
    if op.size == (1, 1):
        return f"global {noun}"
    return f"{noun} to {op.size[0]}×{op.size[1]}"


def _steps(op: Op) -> str:
    """Give the stride and dilation of an operation, where they are not 1."""
    if not isinstance(op.reach, Window):
        return ""
    words = []
    for name, pair in (("stride", op.reach.stride), ("dilation", op.reach.dilation)):
        if pair != (1, 1):
            number = str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}×{pair[1]}"
            words.append(f", {name} {number}")
    return "".join(words)


def _is_depthwise(node: Node) -> bool:
    module = node.call.module if node.call is not None else None
    groups = getattr(module, "groups", 1)
    return groups > 1 and groups == getattr(module, "in_channels", None)


def _join_words(before: str, noun: str, after: str) -> str:
    return f"{before} {noun}{after}".strip()
