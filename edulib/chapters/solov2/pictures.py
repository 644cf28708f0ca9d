"""A cell of a grid, and the mask that its kernel cuts out of the image."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from edulib.drawing import SERIES
from edulib.models.detection.solov2 import Predictions, cut_out

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL = "#111827"
TINT = torch.tensor([0.95, 0.2, 0.6])[:, None, None]


def mask_of_cell(said: Predictions, level: int, cell: tuple[int, int]) -> Tensor:
    """Return the probabilities (H, W) that one cell's kernel gives the first image.

    Args:
        said: of a batch.
        level: number of the grid.
        cell: row and column.
    """
    kernel = said.kernels[level][0, :, cell[0], cell[1]]
    mask = cut_out(kernel[:, None], said.features[0]).sigmoid()
    return F.interpolate(mask[None], size=said.size, mode="bilinear")[0, 0]


def show_cell(
    image: Tensor, mask: Tensor, grid: int, cell: tuple[int, int], words: str
) -> "Figure":
    """Draw an image with a grid, one of its cells, and the cell's mask in pink.

    Args:
        image: (3, H, W), square.
        mask: (H, W), probabilities.
        grid: cells along a side.
        cell: row and column.
        words: under the picture.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    figure, ax = plt.subplots(figsize=(2.8, 3), layout="constrained")
    side = image.shape[-1]
    tinted = image + 0.7 * mask * (TINT - image)
    ax.imshow(tinted.permute(1, 2, 0), extent=(0, side, side, 0))
    step = side / grid
    for k in range(1, grid):
        ax.plot([k * step, k * step], [0, side], color="white", lw=0.6, alpha=0.6)
        ax.plot([0, side], [k * step, k * step], color="white", lw=0.6, alpha=0.6)
    corner = cell[1] * step, cell[0] * step
    for color, width in ((CELL, 4), (SERIES[1], 2)):
        style = {"edgecolor": color, "linewidth": width, "fill": False}
        ax.add_patch(Rectangle(corner, step, step, **style))
    ax.set(xlim=(0, side), ylim=(side, 0))
    ax.set_axis_off()
    ax.set_title(words, fontsize=9, loc="center", weight="normal")
    return figure
