"""How a mask comes about: prototypes are mixed, and the rest is cut off by a box."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

Size = tuple[int, int]
"""Height and width."""
Crop = Callable[[Tensor, Size, Size], Tensor]
"""As `cells_inside`."""


def mix(prototypes: Tensor, coefficients: Tensor) -> Tensor:
    """Return the masks' logits P Cᵀ, of which the sigmoid is the mask.

    Args:
        prototypes: (k, h, w), of an image.
        coefficients: (N, k), of N objects in it.

    Returns:
        (N, h, w).

    Source: equation 1: the sigmoid stands behind the sum, not on the prototypes.
    """
    return torch.einsum("nk,khw->nhw", coefficients, prototypes)


def cells_inside(boxes: Tensor, cells: Size, image_size: Size) -> Tensor:
    """Say which cells of a mask lie in a box, or within one cell of it.

    Args:
        boxes: (N, 4), xyxy in pixels of the image.
        cells: height and width of the mask.
        image_size: height and width of the image.

    Returns:
        (N, h, w), bool.

    Source: section 3.3; appendix A.2 has the one cell on each side. As in the released
    code, a cell is in if its left and upper edge is.
    """
    (height, width), (rows, columns) = image_size, cells
    left, right = (boxes[:, [0, 2]] * columns / width)[..., None, None].unbind(1)
    top, bottom = (boxes[:, [1, 3]] * rows / height)[..., None, None].unbind(1)
    x = torch.arange(columns, device=boxes.device)
    y = torch.arange(rows, device=boxes.device)[:, None]
    across = (x >= left - 1) & (x < right + 1)
    down = (y >= top - 1) & (y < bottom + 1)
    return across & down


def shrink(masks: Tensor, cells: Size) -> Tensor:
    """Return true masks (N, H, W) on the grid of a prediction, 0 or 1 in each cell.

    Args:
        masks: bool.
        cells: height and width of the grid.

    Returns:
        (N, h, w), float32.

    Source: the released code, with one interpolated point for each cell.
    """
    resized = F.interpolate(masks[:, None].float(), cells, mode="bilinear")[:, 0]
    return (resized > 0.5).float()
