"""Attention maps: from where each token gathers what it becomes.

Vaswani et al., "Attention Is All You Need", 2017, equation 1.
https://arxiv.org/abs/1706.03762
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from edulib.explanation.attention import AttentionRecorder
from edulib.explanation.layers import as_batch, find_layer, run_model

_HEADS = 4  # dimensions of weights (B, heads, queries, keys)


@dataclass(frozen=True)
class AttentionMap:
    """What one attention of a model attended to.

    Attributes:
        layer: dotted path of the module that computed it.
        weights: the share of each key in what a query gathers; the shares of a query
            add up to 1.

    Shape:
        - weights: (B, heads, queries, keys); in windows, (B * windows, heads, ...)
    """

    layer: str
    weights: Tensor


def attention_maps(
    model: nn.Module, image: Tensor, layer: str = ""
) -> list[AttentionMap]:
    """Return the probabilities of every attention of a model, in order of execution.

    They are those that the model weighs its values by: after its scale, its masks and
    the biases it adds, before dropout, which plays no part in evaluation. Recognised
    are ``nn.MultiheadAttention``, ``F.scaled_dot_product_attention``, and a softmax
    over the last dimension that a matrix product follows, as in timm's ``Attention``
    and torchvision's Swin.

    Args:
        model: any model with attention; left as it was.
        image: what the model takes.
        layer: dotted path of a module: only attention inside it is returned; by
            default all.

    Shape:
        - image: (B, C, H, W), or (C, H, W) for B = 1

    Raises:
        TypeError: if the image does not hold floating-point numbers.
        ValueError: if there is no such layer, or no attention is recognised in it.

    Source: Vaswani et al., 2017, equation 1. https://arxiv.org/abs/1706.03762
    """
    find_layer(model, layer)
    images = as_batch(image)
    with torch.no_grad(), AttentionRecorder(model) as recorder:
        run_model(model, images)
    found = [
        AttentionMap(path, _with_heads(weights))
        for path, weights in recorder.found
        if not layer or f"{path}.".startswith(f"{layer}.")
    ]
    if not found:
        where = f"layer {layer!r} of " if layer else ""
        raise ValueError(
            f"no attention in {where}{type(model).__name__}: recognised are "
            "nn.MultiheadAttention, F.scaled_dot_product_attention, and a softmax over "
            "the last dimension with a matrix product behind it"
        )
    return found


def _with_heads(weights: Tensor) -> Tensor:
    """Give weights of one head, (B, queries, keys), a dimension for it."""
    return weights if weights.ndim >= _HEADS else weights.unsqueeze(-3)
