"""Which kind of layer an operation is, from the name of the function."""

_NAMES = {
    "convolution": "conv1d conv2d conv3d conv_transpose1d conv_transpose2d "
    "conv_transpose3d conv_tbc deform_conv2d",
    "dense": "linear bilinear addmm mm cdist",
    "attention": "scaled_dot_product_attention multi_head_attention_forward matmul "
    "bmm baddbmm einsum",
    "embedding": "embedding embedding_bag",
    "normalisation": "batch_norm layer_norm group_norm instance_norm rms_norm "
    "local_response_norm normalize",
    "activation": "relu relu6 tanh sigmoid gelu silu mish hardswish hardsigmoid "
    "hardtanh leaky_relu prelu rrelu elu selu celu softplus softsign threshold "
    "softmax log_softmax logsigmoid glu",
    "dropout": "dropout dropout1d dropout2d dropout3d alpha_dropout feature_dropout "
    "feature_alpha_dropout",
    "concat": "cat concat concatenate stack hstack vstack",
    "reshape": "flatten unflatten view reshape permute transpose t movedim swapaxes "
    "squeeze unsqueeze contiguous getitem chunk split unbind expand expand_as "
    "repeat narrow roll pad pixel_shuffle pixel_unshuffle channel_shuffle get "
    "interpolate upsample view_as reshape_as clone to type_as setitem",
}
_KINDS = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_MERGES = {"add": "add", "sub": "add", "rsub": "add", "mul": "multiply"}

REDUCTIONS = frozenset("mean amax amin sum max min std var norm logsumexp".split())


# What a function is that usually joins activations and reads only one.
_ALONE = {"attention": "dense", "concat": "other"}
_ATTENTIONS = ("scaled_dot_product_attention", "multi_head_attention_forward")


def clean_name(function: object) -> str:
    """Give the plain name of a torch function: `__iadd__` and `add_` are "add"."""
    name = getattr(function, "__name__", type(function).__name__).strip("_")
    if name.startswith("_"):
        name = name[1:]
    alias = {"iadd": "add", "radd": "add", "imul": "mul", "rmul": "mul", "isub": "sub"}
    return alias.get(name, name)


def kind_of(name: str, operands: int, pools: bool) -> str:
    """Tell the kind of an operation.

    Args:
        name: plain name of the function.
        operands: how many different activations it reads.
        pools: whether it is a reduction over all positions.
    """
    if "pool" in name or pools:
        return "pooling"
    if name in _MERGES:
        return _MERGES[name] if operands > 1 else "other"
    kind = _KINDS.get(name, "other")
    if operands < 2 and kind in _ALONE and name not in _ATTENTIONS:
        return _ALONE[kind]
    return kind
