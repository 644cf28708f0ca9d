"""A batch beside what one of its images becomes."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

SIDE, TILE, GAP = 192, 48, 6
CONTRAST = 0.2  # grey levels to a deviation: black and white are 2.5 of them


def company_picture(batch: Sequence[Tensor], output: Tensor) -> Tensor:
    """Draw a batch as small tiles, and a normalised image large beside them.

    Args:
        batch: at most four images (3, H, W) in [0, 1].
        output: the first of them, normalised, (3, H, W).

    Returns:
        (3, height, width) in [0, 1].
    """
    if not 1 <= len(batch) <= SIDE // TILE:
        raise ValueError(f"expected 1 to {SIDE // TILE} images, got {len(batch)}")
    picture = torch.full((3, SIDE, TILE + GAP + SIDE), 0.5)
    for place, image in enumerate(batch):
        tile = F.interpolate(image[None], (TILE - 2, TILE - 2), mode="area")[0]
        picture[:, place * TILE : place * TILE + TILE - 2, : TILE - 2] = tile
    large = F.interpolate(output[None], (SIDE, SIDE), mode="bicubic")[0]
    picture[:, :, TILE + GAP :] = 0.5 + CONTRAST * large
    return picture.clamp(0, 1)
