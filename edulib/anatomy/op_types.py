"""Which type of layer an operation is, from the name of the function."""

from enum import StrEnum

from edulib.anatomy.packed import plain_name


class OpType(StrEnum):
    """Types of operations, from those that give a step its character least."""

    RESHAPE = "reshape"
    DROPOUT = "dropout"
    OTHER = "other"
    INPUT = "input"
    CONSTANT = "constant"
    OUTPUT = "output"
    MULTIPLY = "multiply"
    SUBTRACT = "subtract"
    ADD = "add"
    CONCAT = "concat"
    ACTIVATION = "activation"
    NORMALISATION = "normalisation"
    POOLING = "pooling"
    EMBEDDING = "embedding"
    ATTENTION = "attention"
    DENSE = "dense"
    CONVOLUTION = "convolution"


RANK = {op_type: rank for rank, op_type in enumerate(OpType)}
MERGES = (OpType.ADD, OpType.SUBTRACT, OpType.MULTIPLY, OpType.CONCAT)
COUNTED = (
    OpType.CONVOLUTION,
    OpType.POOLING,
    OpType.DENSE,
    OpType.ATTENTION,
    OpType.EMBEDDING,
)

_NAMES = {
    OpType.CONVOLUTION: "conv1d conv2d conv3d conv_transpose1d conv_transpose2d "
    "conv_transpose3d conv_tbc deform_conv2d",
    OpType.DENSE: "linear bilinear addmm mm addmv mv cdist",
    OpType.ATTENTION: "scaled_dot_product_attention multi_head_attention_forward "
    "matmul bmm baddbmm addbmm einsum inner dot vdot tensordot",
    OpType.EMBEDDING: "embedding embedding_bag",
    OpType.NORMALISATION: "batch_norm layer_norm group_norm instance_norm rms_norm "
    "local_response_norm normalize",
    OpType.ACTIVATION: "relu relu6 tanh sigmoid gelu silu mish hardswish hardsigmoid "
    "hardtanh leaky_relu prelu rrelu elu selu celu softplus softsign threshold "
    "softmax log_softmax logsigmoid glu",
    OpType.DROPOUT: "dropout dropout1d dropout2d dropout3d alpha_dropout "
    "feature_dropout feature_alpha_dropout",
    OpType.CONCAT: "cat concat concatenate stack hstack vstack",
    OpType.RESHAPE: "flatten unflatten view reshape permute transpose t movedim "
    "moveaxis swapaxes swapdims adjoint squeeze unsqueeze contiguous getitem chunk "
    "split unbind expand expand_as repeat narrow roll pad pixel_shuffle "
    "pixel_unshuffle channel_shuffle T mT H mH real data interpolate upsample "
    "view_as reshape_as clone to type_as setitem iter",
}
CONCATS = frozenset(_NAMES[OpType.CONCAT].split())
_TYPES = {name: op_type for op_type, names in _NAMES.items() for name in names.split()}
_MERGE_NAMES = {
    "add": OpType.ADD,
    "sub": OpType.SUBTRACT,
    "rsub": OpType.SUBTRACT,
    "mul": OpType.MULTIPLY,
}

PERMUTES = frozenset(
    "permute transpose t movedim moveaxis swapaxes swapdims adjoint T mT H mH".split()
)
# Functions that give the same numbers, in another shape or order of dimensions.
VIEWS = PERMUTES | frozenset(
    "flatten unflatten view reshape squeeze unsqueeze contiguous clone detach".split()
)
# Functions that put numbers at other positions, and change nothing else.
TURNS = frozenset("roll flip fliplr flipud rot90".split())
MOVES = TURNS | {"channel_shuffle", "pixel_shuffle", "pixel_unshuffle"}
# Functions that take parts of a tensor: as they lie in memory, or a copy of any.
SLICES = frozenset("getitem select narrow chunk split unbind tensor_split".split())
SELECTS = SLICES | {"index_select", "gather"}
REPEATS = frozenset("expand expand_as repeat tile repeat_interleave".split())
REDUCTIONS = frozenset("mean amax amin sum max min std var norm logsumexp".split())

# Functions that work on each number by itself, or join two numbers.
_POINTWISE = frozenset(
    "add sub rsub mul div truediv rtruediv floordiv floor_divide true_divide neg abs "
    "exp expm1 log log1p log2 log10 sqrt rsqrt square pow rpow reciprocal sin cos tan "
    "atan atan2 erf sign floor ceil round trunc frac clamp clamp_min clamp_max "
    "maximum minimum where masked_fill lerp addcmul addcdiv remainder mod fmod eq ne "
    "lt le gt ge and or xor not logical_and logical_or logical_not isnan detach copy "
    "quantize_per_tensor quantize_per_channel dequantize cumsum cumprod float half "
    "double long int bool".split()
)

# What a function is that usually joins activations and reads only one.
_ALONE = {OpType.ATTENTION: OpType.DENSE, OpType.CONCAT: OpType.OTHER}
_IN_PLACE = frozenset(
    "iadd isub imul itruediv ifloordiv imod ipow iand ior ixor setitem".split()
)
ATTENTIONS = ("scaled_dot_product_attention", "multi_head_attention_forward")


def clean_name(function: object) -> str:
    """Return the plain name of a torch function: `__iadd__` and `add_` are "add"."""
    name = getattr(function, "__name__", type(function).__name__).strip("_")
    if name == "get":  # of a property, such as `mT`
        name = getattr(getattr(function, "__self__", None), "__name__", name)
    if name.startswith("_"):
        name = name[1:]
    name = plain_name(function, name)
    alias = {"iadd": "add", "radd": "add", "imul": "mul", "rmul": "mul", "isub": "sub"}
    return alias.get(name, name)


def is_in_place(function: object) -> bool:
    """Whether a function changes what it is given, by its name: `add_`, `__iadd__`."""
    name = getattr(function, "__name__", "")
    plain = name.strip("_")
    if name == f"__{plain}__":
        return plain in _IN_PLACE
    return name.endswith("_")


def only_permutes(name: str, args: tuple) -> bool:
    """Whether a sum of products does nothing but put dimensions in another order."""
    if name != "einsum" or not args or not isinstance(args[0], str):
        return False
    before, _, after = args[0].replace(" ", "").partition("->")
    letters = [letter for letter in before if letter != "."]
    is_same = sorted(before) == sorted(after) and len(set(letters)) == len(letters)
    return is_same and "," not in before


def keeps_places(name: str) -> bool:
    """Whether a function of one tensor leaves each number where it is."""
    kinds = (OpType.ACTIVATION, OpType.NORMALISATION, OpType.DROPOUT)
    return name in _POINTWISE or _TYPES.get(name) in kinds


def is_pointwise(name: str) -> bool:
    """Whether a function of several tensors joins them number by number."""
    return name in _POINTWISE or name in ("max", "min")


def is_known(name: str) -> bool:
    """Whether it is known what a function does with each position."""
    names = (_TYPES, _POINTWISE, REDUCTIONS, MOVES)
    return "pool" in name or any(name in known for known in names)


def type_of(name: str, operands: int, pools: bool) -> OpType:
    """Return the type of an operation.

    Args:
        name: plain name of the function.
        operands: how many different activations it reads.
        pools: whether it is a reduction over all positions.
    """
    if "pool" in name or pools:
        return OpType.POOLING
    if name in _MERGE_NAMES:
        return _MERGE_NAMES[name] if operands > 1 else OpType.OTHER
    op_type = _TYPES.get(name, OpType.OTHER)
    if operands < 2 and op_type in _ALONE and name not in ATTENTIONS:
        return _ALONE[op_type]
    return op_type
