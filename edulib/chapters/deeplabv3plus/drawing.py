"""Pictures of the chapter: which cells a stack of kernels reads, maps of classes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from edulib.drawing.style import SERIES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REACH = 14  # cells on either side that are drawn
OBJECTS = 10


def paths(rates: Sequence[int], reach: int = REACH) -> Tensor:
    """Count the ways from each cell to the middle one through 3x3 kernels.

    Args:
        rates: of the kernels, one after the other.
        reach: cells on either side of the middle.

    Returns:
        (2 reach + 1, 2 reach + 1); 0 where a cell is not read.
    """
    field = torch.zeros(1, 1, 2 * reach + 1, 2 * reach + 1)
    field[..., reach, reach] = 1
    ones = torch.ones(1, 1, 3, 3)
    for rate in rates:
        field = F.conv2d(field, ones, padding=rate, dilation=rate)
    return field[0, 0]


def read_and_window(rates: Sequence[int]) -> tuple[int, int]:
    """Return how many cells are read, and how many the window holds."""
    side = 1 + 2 * sum(rates)
    return int((paths(rates, side // 2) > 0).sum()), side**2


def draw_reads(rates: Sequence[int]) -> "Figure":
    """Draw which cells the middle one is made of.

    Args:
        rates: of the kernels, one after the other.
    """
    import matplotlib.pyplot as plt
    from matplotlib.colors import ListedColormap

    found = paths(rates) > 0
    side = 1 + 2 * sum(rates)
    figure, ax = plt.subplots(figsize=(2.7, 2.9), layout="constrained")
    shades = ListedColormap(["#8882", SERIES[0]])
    ax.imshow(found.numpy(), cmap=shades, vmin=0, vmax=1, interpolation="nearest")
    corner = REACH - side / 2
    frame = {"fill": False, "edgecolor": SERIES[1], "linewidth": 1.5}
    ax.add_patch(plt.Rectangle((corner, corner), side, side, **frame))
    ax.plot(REACH, REACH, "o", color="white", markersize=3)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    read, window = read_and_window(rates)
    ax.set_title(f"{read} of {window} cells", loc="center", fontsize=11)
    plt.close(figure)
    return figure


def color_map(classes: Tensor) -> Tensor:
    """Return a map of the classes of Scenes in colours, scenery paler than objects.

    Args:
        classes: (H, W) int64, 0 to 9 for objects, 10 to 22 for scenery.

    Returns:
        (3, H, W) in [0, 1].
    """
    from matplotlib import colormaps

    objects = torch.tensor(colormaps["tab10"].colors)
    scenery = torch.tensor(colormaps["tab20"].colors)[:13]
    table = torch.cat([objects, 0.35 * scenery + 0.62]).float()
    return table[classes].permute(2, 0, 1)


def through_cells(classes: Tensor, stride: int) -> Tensor:
    """Draw maps of classes as well as cells of a stride can, filled with shares.

    Each cell holds the shares of the classes in a square as wide as a step and a pixel;
    these are enlarged bilinearly, corners on corners, and the largest wins.

    Args:
        classes: (B, H, W) int64, sides of a multiple of the stride and one.
        stride: pixels from one cell to the next, even.

    Returns:
        (B, H, W) int64.
    """
    shares = F.one_hot(classes).movedim(3, 1).float()
    half = stride // 2
    around = {"stride": stride, "padding": half, "count_include_pad": False}
    cells = F.avg_pool2d(shares, stride + 1, **around)
    size = classes.shape[-2:]
    large = F.interpolate(cells, size, mode="bilinear", align_corners=True)
    return large.argmax(1)
