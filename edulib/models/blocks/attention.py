"""Attention: each token gathers from tokens, from each as much as the two agree.

Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser and Polosukhin, "Attention Is
All You Need", NIPS 2017. https://arxiv.org/abs/1706.03762

The first two functions are equation 1 as it stands. The module takes torch's function,
which gives the same without ever holding the weights of all pairs.
Notation: B images; N tokens; D token width; a query looks at keys and gathers values.

A mask is True where a query may look, as in ``F.scaled_dot_product_attention`` (in
``nn.MultiheadAttention`` True means the opposite). A query that may look at nothing
gathers nothing: its weights and what it gathers are zero.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.models.blocks.checks import check_tokens


def attention_weights(
    query: Tensor,
    key: Tensor,
    *,
    mask: Tensor | None = None,
    bias: Tensor | None = None,
) -> Tensor:
    """Return the share of each key in what a query gathers: softmax(Q K^T / sqrt(d)).

    Args:
        query: what looks.
        key: what is looked at.
        mask: True where a query may look at a key.
        bias: what is added to the scores after their scaling.

    Shape:
        - query: (..., N, d)
        - key: (..., M, d)
        - mask, bias: broadcast against (..., N, M)
        - Output: (..., N, M); rows add up to 1, or to 0 where all is masked

    Source: equation 1; the bias is Swin's, equation 4 of Liu et al., 2021.
    """
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    if bias is not None:
        scores = scores + bias
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    if mask is None and bias is None:
        return scores.softmax(-1)
    nothing = scores.isneginf().all(-1, keepdim=True)  # its softmax would be 0 / 0
    return scores.masked_fill(nothing, 0).softmax(-1).masked_fill(nothing, 0)


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    mask: Tensor | None = None,
    bias: Tensor | None = None,
) -> Tensor:
    """Return softmax(Q K^T / sqrt(d)) V: for each query a mixture of the values.

    Args:
        query: what looks.
        key: what is looked at.
        value: what is gathered.
        mask: True where a query may look at a key.
        bias: what is added to the scores after their scaling.

    Shape:
        - query: (..., N, d)
        - key: (..., M, d)
        - value: (..., M, e)
        - mask, bias: broadcast against (..., N, M)
        - Output: (..., N, e)

    Source: equation 1.
    """
    return attention_weights(query, key, mask=mask, bias=bias) @ value


class MultiHeadAttention(nn.Module):
    """Several attentions side by side, each in a projection of its own.

    One class for self-attention, ``attend(x)``, and cross-attention,
    ``attend(x, memory)``; DETR's adds positions to queries and keys alone,
    ``attend(x + p, x + p, x)``.

    Args:
        embed_dim: width D of the tokens.
        num_heads: heads h.
        head_dim: width d of a head; by default D / h.
        bias: whether the four projections have one.
        dropout: probability with which a weight is set to zero in training.

    Shape:
        - query: (B, N, D)
        - key, value: (B, M, D)
        - mask, bias: broadcast against (B, h, N, M)
        - Output: (B, N, D)

    Raises:
        ValueError: if D does not divide by the heads, or tokens have another shape.

    Source: section 3.2.2. Initial matrices are Xavier's, uniform, each for itself, and
    biases zero; the paper says nothing of either.

    Differs from the paper: the projections have a bias by default, as in every vision
    transformer, and dropout is on the weights, as in the authors' code.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        *,
        head_dim: int | None = None,
        bias: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if head_dim is None and embed_dim % num_heads:
            raise ValueError(
                "expected an embed_dim that divides by num_heads, got "
                f"{embed_dim} and {num_heads}: change one, or give head_dim"
            )
        inner_dim = num_heads * (head_dim or embed_dim // num_heads)
        self.num_heads = num_heads
        self.dropout = dropout
        self.query = nn.Linear(embed_dim, inner_dim, bias)
        self.key = nn.Linear(embed_dim, inner_dim, bias)
        self.value = nn.Linear(embed_dim, inner_dim, bias)
        self.out = nn.Linear(inner_dim, embed_dim, bias)
        for layer in (self.query, self.key, self.value, self.out):
            nn.init.xavier_uniform_(layer.weight)
            if bias:
                nn.init.zeros_(layer.bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        bias: Tensor | None = None,
    ) -> Tensor:
        """Gather, for each token of the query, from the values.

        Args:
            query: tokens that look.
            key: tokens that are looked at; by default those of the query.
            value: tokens that are gathered from; by default those of the key.
            mask: True where a query may look at a key.
            bias: what is added to the scores after their scaling.
        """
        key = query if key is None else key
        value = key if value is None else value
        queries = self._heads(self.query, query)
        keys = self._heads(self.key, key)
        values = self._heads(self.value, value)
        gathered = F.scaled_dot_product_attention(
            queries,
            keys,
            values,
            attn_mask=_additive(mask, bias),
            dropout_p=self.dropout if self.training else 0.0,
        )  # (B, h, N, d)
        return self.out(gathered.transpose(1, 2).flatten(2))

    def weights(
        self,
        query: Tensor,
        key: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        bias: Tensor | None = None,
    ) -> Tensor:
        """Return where each token looks, (B, h, N, M), before any dropout.

        Args:
            query: tokens that look.
            key: tokens that are looked at; by default those of the query.
            mask: True where a query may look at a key.
            bias: what is added to the scores after their scaling.
        """
        key = query if key is None else key
        queries, keys = self._heads(self.query, query), self._heads(self.key, key)
        return attention_weights(queries, keys, mask=mask, bias=bias)

    def _heads(self, project: nn.Linear, tokens: Tensor) -> Tensor:
        check_tokens(tokens, project.in_features)
        split = project(tokens).unflatten(-1, (self.num_heads, -1))
        return split.transpose(1, 2)  # (B, h, N, d)

    def extra_repr(self) -> str:
        """Return what is printed between the brackets."""
        return f"num_heads={self.num_heads}, dropout={self.dropout}"


def _additive(mask: Tensor | None, bias: Tensor | None) -> Tensor | None:
    """Return mask and bias as torch's function takes them, in one tensor."""
    if mask is None or bias is None:
        return mask if bias is None else bias
    return torch.where(mask, bias, -math.inf)
