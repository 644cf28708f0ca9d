"""Attention distance: from how far away each head gathers.

Dosovitskiy et al., "An Image is Worth 16x16 Words", 2020, section 4.5 and figure 7
(right). https://arxiv.org/abs/2010.11929
"""

import torch
from torch import Tensor

from edulib.checks import check_whole, describe, has_numbers
from edulib.explanation.layer import check_grid


def attention_distance(
    weights: Tensor, grid: tuple[int, int], *, prefix_tokens: int = 1
) -> Tensor:
    """Return the mean distance, in patches, between a query and what it gathers.

    Distances between the centres of patches, weighted by the attention, averaged over
    the patches that look. Class tokens and registers have no place: they are left out,
    and what is left of a row's weights is made to add up to 1 again.

    Args:
        weights: attention of tokens to each other, as ``attention_maps`` returns it.
        grid: rows and columns of patches, row after row.
        prefix_tokens: how many class tokens and registers come before them.

    Shape:
        - weights: (B, heads, N, N), N = prefix_tokens + rows * columns
        - Output: (B, heads)

    Raises:
        ValueError: if the weights are not those of such tokens, or a patch attends to
            no patch.

    Source: Dosovitskiy et al., 2020, section 4.5; in pixels there, which is this times
        the side of a patch. The paper does not say what it does with the class token.
    """
    rows, columns = check_grid(grid)
    check_whole("prefix_tokens", prefix_tokens, 0)
    wanted = prefix_tokens + rows * columns
    fits = has_numbers(weights) and weights.ndim == 4
    if not fits or weights.shape[-2:] != (wanted, wanted):
        raise ValueError(
            f"expected weights (B, heads, {wanted}, {wanted}) of {prefix_tokens} + "
            f"{rows} x {columns} tokens, got {describe(weights)}"
        )
    places = torch.cartesian_prod(torch.arange(rows), torch.arange(columns)).to(weights)
    patches = weights[..., prefix_tokens:, prefix_tokens:]
    sums = patches.sum(-1, keepdim=True)
    if not (sums > 0).all() or sums.isinf().any():
        value = sums[~((sums > 0) & sums.isfinite())][0]
        raise ValueError(
            "expected weights of which each patch has a share for the patches, at "
            f"least one above 0, got {value:.4g} in all"
        )
    shares = patches / sums
    return (shares * torch.cdist(places, places)).sum(-1).mean(-1)
