"""Positions for images of another size, as the paper fine-tunes."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def resize_positions(positions: Tensor, grid: tuple[int, int]) -> Tensor:
    """Interpolate learned positions to a grid with more, or fewer, patches.

    The first position, that of the class token, stays as it is.

    Args:
        positions: of a class token and a square grid of patches.
        grid: rows and columns wanted.

    Shape:
        - positions: (1, 1 + S², D)
        - Output: (1, 1 + rows * columns, D)

    Raises:
        ValueError: if the positions are not those of a square grid behind one token.

    Source: Dosovitskiy et al., 2020, section 3.2, which says no more than "2D
    interpolation". Bicubic here, as in torchvision; the authors' code is bilinear.
    """
    side = math.isqrt(max(positions.shape[1] - 1, 0))
    if positions.ndim != 3 or side < 1 or side**2 != positions.shape[1] - 1:
        raise ValueError(
            f"expected positions (1, 1 + S², D), got {tuple(positions.shape)}"
        )
    first, rest = positions[:, :1], positions[:, 1:]
    maps = rest.transpose(1, 2).unflatten(2, (side, side))  # (1, D, S, S)
    maps = F.interpolate(maps, grid, mode="bicubic", align_corners=True)
    return torch.cat([first, maps.flatten(2).transpose(1, 2)], 1)
