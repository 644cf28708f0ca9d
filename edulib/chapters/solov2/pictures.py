"""Cells of a grid, their kernels, and the masks that these cut out of the image."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from edulib.drawing import SERIES
from edulib.drawing.phone import on_phone
from edulib.models.detection.solov2 import Predictions, SOLOv2, cut_out
from edulib.notebook import Grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELL = "#111827"
HEIGHTS = (2.2, 1)  # of a picture and its kernel
TINT = torch.tensor([0.85, 0.2, 0.55])[:, None, None]
Cell = tuple[int, int]


def mask_of_cell(said: Predictions, level: int, cell: Cell) -> Tensor:
    """Return the probabilities (H, W) that one cell's kernel gives the first image.

    Args:
        said: of a batch.
        level: number of the grid.
        cell: row and column.
    """
    kernel = said.kernels[level][0, :, cell[0], cell[1]]
    mask = cut_out(kernel[:, None], said.features[0]).sigmoid()
    return F.interpolate(mask[None], size=said.size, mode="bilinear")[0, 0]


def grids_of(network: SOLOv2, said: Predictions, kinds: Sequence[str]) -> dict:
    """Return what the cells of each grid say of the first image, for `cell_picker`.

    Args:
        network: whose grids they are.
        said: of a batch.
        kinds: names.
    """
    grids = {}
    for level, side in enumerate(network.grids):
        best, labels = said.logits[level][0].sigmoid().flatten(1).max(0)
        says = [
            f"{kinds[label]} {score:.2f}"
            for label, score in zip(labels.tolist(), best.tolist(), strict=True)
        ]
        grids[f"{side} × {side} cells"] = Grid(said.kernels[level][0], says)
    return grids


def walk(start: Cell, end: Cell) -> list[Cell]:
    """Return the cells on the straight line between two, both included.

    Args:
        start: row and column.
        end: row and column.
    """
    steps = max(abs(start[0] - end[0]), abs(start[1] - end[1]))
    between = [k / max(steps, 1) for k in range(steps + 1)]
    rows = [round(start[0] + t * (end[0] - start[0])) for t in between]
    columns = [round(start[1] + t * (end[1] - start[1])) for t in between]
    return list(zip(rows, columns, strict=True))


def show_kernels(
    image: Tensor, said: Predictions, level: int, cells: Sequence[Cell]
) -> "Figure":
    """Draw cells of a grid with their masks in pink, and their kernels below.

    Args:
        image: (3, H, W), square; the first of the batch.
        said: of a batch.
        level: number of the grid.
        cells: row and column of each.
    """
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(7.2, 3.1), layout="constrained")
    grid = said.kernels[level].shape[-1]
    places = figure.add_gridspec(2, len(cells), height_ratios=HEIGHTS)
    largest = said.kernels[level][0].abs().max().item()
    for k, cell in enumerate(cells):
        above = figure.add_subplot(places[0, k])
        mask = mask_of_cell(said, level, cell)
        draw_cell(above, image, mask, grid, cell)
        above.set_title(f"row {cell[0] + 1}, column {cell[1] + 1}", fontsize=9)
        below = figure.add_subplot(places[1, k])
        kernel = said.kernels[level][0, :, cell[0], cell[1]].reshape(4, -1)
        below.imshow(kernel, cmap="PuOr", vmin=-largest, vmax=largest)
        below.set_axis_off()
    return on_phone(figure, _two_cells_a_row)


def _two_cells_a_row(figure: "Figure") -> None:
    """Lay cells out in rows of two on a phone, each kernel under its own picture."""
    pairs = len(figure.axes) // 2
    rows = -(-pairs // 2)
    places = figure.add_gridspec(2 * rows, 2, height_ratios=HEIGHTS * rows)
    for k, ax in enumerate(figure.axes):
        pair, part = divmod(k, 2)
        ax.set_subplotspec(places[2 * (pair // 2) + part, pair % 2])
    width = figure.get_size_inches()[0]
    figure.set_size_inches(width, 0.82 * width * rows)
    figure.set_layout_engine("constrained")


def draw_cell(ax: "Axes", image: Tensor, mask: Tensor, grid: int, cell: Cell) -> None:
    """Draw an image with a grid, one of its cells, and the cell's mask in pink.

    Args:
        ax: where.
        image: (3, H, W), square.
        mask: (H, W), probabilities.
        grid: cells along a side.
        cell: row and column.
    """
    from matplotlib.patches import Rectangle

    side = image.shape[-1]
    tinted = image + 0.75 * mask * (TINT - image)
    ax.imshow(tinted.permute(1, 2, 0), extent=(0, side, side, 0))
    step = side / grid
    for k in range(1, grid):
        for x, y in (([k * step] * 2, [0, side]), ([0, side], [k * step] * 2)):
            ax.plot(x, y, color="white", lw=0.4, alpha=0.5)
    corner = cell[1] * step, cell[0] * step
    for color, width in ((CELL, 3.5), (SERIES[1], 1.8)):
        style = {"edgecolor": color, "linewidth": width, "fill": False}
        ax.add_patch(Rectangle(corner, step, step, **style))
    ax.set(xlim=(0, side), ylim=(side, 0))
    ax.set_axis_off()
