"""Attention that holds query, key and value in one matrix, split in ours of three.

Torch's module and torchvision call it ``in_proj_weight`` and ``in_proj_bias``, timm,
Swin and SAM ``qkv.weight`` and ``qkv.bias``: rows of the query first, then of the key.
"""

import re

from torch import Tensor

_PACKED = re.compile(r"^(.*\.|)(?:in_proj_|qkv\.)(weight|bias)$")
_PARTS = ("query", "key", "value")


def split_projections(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Split packed projections in three, in their place and in our order.

    The names are ``query.weight``, ``query.bias``, ``key.weight``, ... as in
    ``blocks.attention.MultiHeadAttention``; all other tensors stay what they are.

    Args:
        state: tensors by name, a bias behind its weight.
    """
    found: dict[str, Tensor] = {}
    for name, tensor in state.items():
        match = _PACKED.match(name)
        if match is None:
            found[name] = tensor
        elif match[2] == "weight":
            bias = state.get(f"{name[: -len('weight')]}bias")
            weights = tensor.chunk(3)
            biases = (None,) * 3 if bias is None else bias.chunk(3)
            for part, *pair in zip(_PARTS, weights, biases, strict=True):
                for kind, value in zip(("weight", "bias"), pair, strict=True):
                    if value is not None:
                        found[f"{match[1]}{part}.{kind}"] = value
    return found
