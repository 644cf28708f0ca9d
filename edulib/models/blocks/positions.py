"""Encodings of position: what tells a token where it is.

Attention treats its tokens as a set. What is to depend on their places has to be added
to them: fixed sines (Vaswani et al., 2017, section 3.5), sines of row and column
(Carion et al., "End-to-End Object Detection with Transformers", 2020, appendix A.4), or
numbers that are learned (ViT, Dosovitskiy et al., 2020).
Notation: N tokens; D token width.
"""

import math

import torch
from torch import Tensor, nn

from edulib.models.blocks.checks import check_tokens

TEMPERATURE = 10_000.0
"""The longest wavelength is this times 2 pi."""


def sinusoids(positions: Tensor, width: int) -> Tensor:
    """Return sines and cosines of positions, from short to long waves.

    Channels 2i and 2i + 1 are sine and cosine of p / 10000^(2i / width).

    Args:
        positions: any numbers p, floating point.
        width: channels, an even number.

    Shape:
        - positions: (...)
        - Output: (..., width)

    Raises:
        ValueError: if the width is odd.

    Source: section 3.5 of Vaswani et al., 2017.
    """
    if width % 2:
        raise ValueError(f"expected an even width, for sines and cosines, got {width}")
    even = torch.arange(0, width, 2, dtype=positions.dtype, device=positions.device)
    angles = positions[..., None] / TEMPERATURE ** (even / width)
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(-2)


def sine_positions(num_tokens: int, embed_dim: int) -> Tensor:
    """Return the encoding of places 0, 1, 2, ... in a row, (N, D).

    Args:
        num_tokens: N.
        embed_dim: D, an even number.

    Source: section 3.5 of Vaswani et al., 2017.
    """
    return sinusoids(torch.arange(num_tokens, dtype=torch.float32), embed_dim)


def sine_positions_2d(inside: Tensor, embed_dim: int) -> Tensor:
    """Return the encoding of rows and columns: half of the channels for each.

    Rows and columns are counted from 1 within the image and divided by their number,
    so that every image reaches from 0 to 2 pi, whatever its size and padding.

    Args:
        inside: True in the cells that belong to the image, not to padding.
        embed_dim: D, a multiple of 4; channels of the rows come first.

    Shape:
        - inside: (B, H, W)
        - Output: (B, H, W, D)

    Raises:
        ValueError: if D is no multiple of 4 or the cells are not (B, H, W).

    Source: appendix A.4 of Carion et al., 2020, and their code, from which come the
    count from 1, the division and its 1e-6: the paper does not mention them.
    """
    if embed_dim % 4:
        raise ValueError(f"expected an embed_dim that divides by 4, got {embed_dim}")
    if inside.ndim != 3:
        raise ValueError(f"expected cells (B, H, W), got {tuple(inside.shape)}")
    rows = inside.cumsum(1, dtype=torch.float32)
    columns = inside.cumsum(2, dtype=torch.float32)
    rows = rows / (rows[:, -1:] + 1e-6) * 2 * math.pi
    columns = columns / (columns[:, :, -1:] + 1e-6) * 2 * math.pi
    half = embed_dim // 2
    return torch.cat([sinusoids(rows, half), sinusoids(columns, half)], -1)


class LearnedPositions(nn.Module):
    """Add to the token at each place a vector that is learned for this place.

    Args:
        num_tokens: N.
        embed_dim: D.

    Shape:
        - Input, output: (B, N, D)

    Raises:
        ValueError: if there are more or fewer tokens than places.

    Source: section 3.1 of Dosovitskiy et al., 2020; initial values are normal with
    deviation 0.02, as in their code.
    """

    def __init__(self, num_tokens: int, embed_dim: int) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.empty(1, num_tokens, embed_dim))
        nn.init.normal_(self.positions, std=0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        """Add the positions."""
        _, num_tokens, embed_dim = self.positions.shape
        check_tokens(tokens, embed_dim, num_tokens)
        return tokens + self.positions
