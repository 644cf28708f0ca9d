"""What two poolings read of a region, and the masks of a detection."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from edulib.drawing import SERIES
from edulib.models.ops.roi import roi_align, roi_pool

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REGION, POOLED, ALIGNED = "#111827", SERIES[1], SERIES[0]
TINT = torch.tensor([0.95, 0.2, 0.6])
SHOWN = 64  # pixels around a mask
BINS = 5  # along a side, in pictures


def cells_read(box: Tensor, stride: int, bins: int, side: int) -> Tensor:
    """Return which pixels of the image RoIPool's bins stand for, as boxes.

    It is found by pooling maps whose cells hold their own number: the maximum is the
    last cell of a bin, and that of the negative numbers the first. Numbers start at 1,
    since a bin without cells, outside of the map, reads 0: it is NaN.

    Args:
        box: (4,), xyxy in pixels.
        stride: pixels of the image to a cell of the map.
        bins: along a side.
        side: of the image, in pixels.

    Returns:
        (bins, bins, 4), xyxy in pixels, whole cells.
    """
    columns, rows = _numbers(-(-side // stride))
    maps = torch.stack([-columns - 1, -rows - 1, columns + 1, rows + 1])[None]
    read = roi_pool(maps, [box[None]], (bins, bins), 1 / stride)[0]
    read = read.masked_fill(read == 0, torch.nan)
    return torch.cat([-read[:2] - 1, read[2:]]).permute(1, 2, 0) * stride


def middles_read(
    boxes: Tensor, stride: int, bins: int, side: int, pooling: str
) -> Tensor:
    """Return the point (x, y) for which each bin of a pooling stands.

    Of RoIPool it is the middle of the cells it takes the maximum of, of RoIAlign, as in
    the paper, the mean of its points. NaN where a bin of RoIPool has no cells.

    Args:
        boxes: (N, 4), xyxy in pixels.
        stride: pixels of the image to a cell of the map.
        bins: along a side.
        side: of the image, in pixels.
        pooling: ``pool`` or ``align``.

    Returns:
        (N, bins, bins, 2), in pixels.
    """
    if pooling == "pool":
        cells = torch.stack([cells_read(box, stride, bins, side) for box in boxes])
        return (cells[..., :2] + cells[..., 2:]) / 2
    columns, rows = _numbers(-(-side // stride))
    maps = torch.stack([columns, rows])[None]
    read = roi_align(maps, [boxes], (bins, bins), 1 / stride, aligned=False)
    return (read.permute(0, 2, 3, 1) + 0.5) * stride


def middles(boxes: Tensor, bins: int) -> Tensor:
    """Return the middles (N, bins, bins, 2) of equal parts of boxes (N, 4)."""
    steps = (torch.arange(bins) + 0.5) / bins
    x = boxes[:, :1] + steps * (boxes[:, 2:3] - boxes[:, :1])
    y = boxes[:, 1:2] + steps * (boxes[:, 3:] - boxes[:, 1:2])
    across = x[:, None].expand(-1, bins, -1)
    down = y[:, :, None].expand(-1, -1, bins)
    return torch.stack([across, down], dim=-1)


def _numbers(count: int) -> tuple[Tensor, Tensor]:
    """Return maps whose cells hold the number of their column, and of their row."""
    numbers = torch.arange(count, dtype=torch.float)
    rows, columns = torch.meshgrid(numbers, numbers, indexing="ij")
    return columns, rows


def read_mask(mask: Tensor, box: Tensor, stride: int, pooling: str) -> Tensor:
    """Return what a pooling reads in a box of a map that knows one object.

    Args:
        mask: (H, W), bool, of the object. A cell of the map holds the share covered.
        box: (4,), xyxy in pixels.
        stride: pixels of the image to a cell.
        pooling: ``pool`` or ``align``.

    Returns:
        (BINS, BINS), from 0 to 1.
    """
    shares = F.avg_pool2d(mask[None, None].float(), stride, ceil_mode=True)
    pool = {"pool": roi_pool, "align": roi_align}[pooling]
    return pool(shares, [box[None]], (BINS, BINS), 1 / stride)[0, 0]


def show_reading(
    image: Tensor, mask: Tensor, box: Tensor, stride: int, pooling: str
) -> "Figure":
    """Draw where the bins of a box are read, and what is read there.

    Args:
        image: (3, H, W), square.
        mask: (H, W), bool, of the object in the box.
        box: (4,), xyxy in pixels.
        stride: pixels of the image to a cell of the map.
        pooling: ``pool`` or ``align``.
    """
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(2.8, 1.95), layout="constrained")
    grid = figure.add_gridspec(2, 3)
    scene = figure.add_subplot(grid[:, :2])
    side = image.shape[-1]
    _backdrop(scene, 0.45 + 0.55 * image)
    for at in range(0, side + 1, stride):
        scene.plot([at, at], [0, side], color="white", lw=1)
        scene.plot([0, side], [at, at], color="white", lw=1)
    if pooling == "pool":
        _draw_bins(scene, cells_read(box, stride, BINS, side))
    else:
        points = middles(box[None], 2 * BINS)[0].flatten(0, 1)
        scene.plot(*points.T, ".", color=ALIGNED, ms=3)
    _outline(scene, box.tolist(), REGION, "--", 1.8)
    _draw_grid(figure.add_subplot(grid[0, 2]), read_mask(mask, box, stride, pooling))
    _draw_grid(figure.add_subplot(grid[1, 2]), read_mask(mask, box, 1, "align"))
    names = ("what is read", "what is there")
    for ax, words in zip(figure.axes[1:], names, strict=True):
        ax.set_title(words, fontsize=8, loc="center", weight="normal")
    return figure


def tint_mask(
    image: Tensor, probabilities: Tensor, box: Tensor, threshold: float
) -> Tensor:
    """Return an image's part with pink where a mask's probability exceeds a threshold.

    Args:
        image: (3, H, W).
        probabilities: (H, W), pasted into the image.
        box: (4,), xyxy in pixels: its outline is black and white in turns.
        threshold: from 0 to 1.

    Returns:
        (3, SHOWN, SHOWN), around the middle of the box.
    """
    inside = probabilities > threshold
    tinted = torch.where(inside, 0.4 * image + 0.6 * TINT[:, None, None], image)
    height, width = inside.shape
    left, top, right, bottom = box.round().int().tolist()
    columns = slice(max(left, 0), min(right, width))
    rows = slice(max(top, 0), min(bottom, height))
    dashes = torch.arange(max(height, width)) // 3 % 2
    for at in (top, bottom - 1):
        tinted[:, min(max(at, 0), height - 1), columns] = dashes[columns].float()
    for at in (left, right - 1):
        tinted[:, rows, min(max(at, 0), width - 1)] = dashes[rows].float()
    first = min(max((left + right - SHOWN) // 2, 0), width - SHOWN)
    upper = min(max((top + bottom - SHOWN) // 2, 0), height - SHOWN)
    return tinted[:, upper : upper + SHOWN, first : first + SHOWN]


def show_kinds(cells: Tensor, kinds: list[str]) -> "Figure":
    """Draw the mask of each kind for one region.

    Args:
        cells: (K, S, S), probabilities; drawn in 16 steps of grey.
        kinds: K names.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, -(-len(kinds) // 2), figsize=(7.2, 3.2))
    for ax, one, kind in zip(axes.flat, cells, kinds, strict=True):
        _draw_grid(ax, (15 * one).round() / 15)
        ax.set_title(kind, fontsize=11, loc="center", weight="normal")
    return figure


def _backdrop(ax: "Axes", image: Tensor) -> None:
    height, width = image.shape[-2:]
    pixels = image.permute(1, 2, 0)
    ax.imshow(pixels, extent=(0, width, height, 0), interpolation="nearest")
    ax.autoscale(False)
    ax.axis("off")


def _draw_bins(ax: "Axes", bins: Tensor) -> None:
    for cells in bins.flatten(0, 1).tolist():
        _outline(ax, cells, POOLED, "-", 1.4)
    left, top = bins.flatten(0, 1)[:, :2].min(0).values.tolist()
    right, bottom = bins.flatten(0, 1)[:, 2:].max(0).values.tolist()
    _outline(ax, (left, top, right, bottom), POOLED, "-", 3)


def _outline(ax: "Axes", box: list[float], color: str, dash: str, width: float) -> None:
    from matplotlib.patches import Rectangle

    left, top, right, bottom = box
    style = {"edgecolor": color, "linestyle": dash, "linewidth": width}
    ax.add_patch(
        Rectangle((left, top), right - left, bottom - top, fill=False, **style)
    )


def _draw_grid(ax: "Axes", values: Tensor) -> None:
    ax.imshow(values, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
