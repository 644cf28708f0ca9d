"""Attention maps: from where each token gathers what it becomes.

Vaswani et al., "Attention Is All You Need", 2017, equation 1.
https://arxiv.org/abs/1706.03762
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from edulib.explanation.attention import AttentionRecorder
from edulib.explanation.finite import check_numbers
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
        - weights: (B, heads, queries, keys); with windows in front, as the
          model computes them: (B * windows, heads, ...) or (B, windows, heads, ...)
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
    and torchvision's Swin. Attention that has no probabilities (linear attention) is
    not among them; that whose probabilities no product weighs by as they are is
    refused: where heads are mixed first (talking heads, as in CaiT), none has weights
    of its own. In XCiT and its kind queries and keys are channels, not tokens.

    Args:
        model: any model with attention; left as it was.
        image: what the model takes.
        layer: dotted path of a module: only attention inside it is returned; by
            default all.

    Shape:
        - image: (B, C, H, W), or (C, H, W) for B = 1

    Raises:
        TypeError: if the image does not hold floating-point numbers.
        ValueError: if there is no such layer, no attention is recognised in it, the
            probabilities of one are changed first, or numbers of the model are not
            finite.

    Source: Vaswani et al., 2017, equation 1. https://arxiv.org/abs/1706.03762
    """
    images = as_batch(image)
    find_layer(model, layer)
    with torch.no_grad(), AttentionRecorder(model) as recorder:
        run_model(model, images)
    found, other = (
        [
            AttentionMap(path, _with_heads(weights))
            for path, weights in written
            if not layer or f"{path}.".startswith(f"{layer}.")
        ]
        for written in (recorder.found, recorder.unused.values())
    )
    if other:
        rest = f"; layer={found[0].layer!r} has none of these" if found else ""
        raise ValueError(
            f"expected probabilities by which a matrix product weighs the values, as "
            f"they are; none does so by those of layer {other[0].layer!r} "
            f"({len(other)} in all): talking heads, for one, mix them first{rest}"
        )
    if not found:
        where = f"layer {layer!r} of " if layer else ""
        raise ValueError(
            f"no attention in {where}{type(model).__name__}: recognised are "
            "nn.MultiheadAttention, F.scaled_dot_product_attention, and a softmax over "
            "the last dimension with a matrix product behind it"
        )
    for one in found:
        check_numbers(model, one.weights, f"the attention of layer {one.layer!r}")
    return found


def _with_heads(weights: Tensor) -> Tensor:
    """Give weights of one head, (B, queries, keys), a dimension for it."""
    return weights if weights.ndim >= _HEADS else weights.unsqueeze(-3)
