"""Pictures of the chapter: maps of classes, networks as levels, shares of a loss."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.drawing.style import SERIES
from edulib.models.losses.focal import focal_loss

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BACKGROUND = 0.88  # grey of pixels without an object
EASY, OBJECTS = 100_000, 30


def color_map(classes: Tensor, size: int = 96) -> Tensor:
    """Return a map of classes in colours, enlarged without smoothing.

    Args:
        classes: (H, W) int64, 0 for the background, 1 to 10 for the kinds of Scenes.
        size: side of the picture, a multiple of the map's.

    Returns:
        (3, size, size) in [0, 1].
    """
    from matplotlib import colormaps

    colors = torch.tensor(colormaps["tab10"].colors)
    table = torch.cat([torch.full((1, 3), BACKGROUND), colors]).float()
    picture = table[classes].permute(2, 0, 1)
    return F.interpolate(picture[None], (size, size))[0]


def sizes_of(network: nn.Module, shape: Sequence[int]) -> dict[str, tuple[int, int]]:
    """Return channels and side of what each part of a network gives out.

    Args:
        network: on the meta device.
        shape: of an image, (C, H, W).
    """
    found: dict[str, tuple[int, int]] = {}

    def note(name: str, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4:
            found[name] = output.shape[1], output.shape[-1]

    hooks = [
        part.register_forward_hook(lambda _m, _i, out, name=name: note(name, out))
        for name, part in network.named_modules()
    ]
    network(torch.empty(1, *shape, device="meta"))
    for hook in hooks:
        hook.remove()
    return found


def draw_levels(
    left: Sequence[tuple[int, int]],
    right: Sequence[tuple[int, int]],
    names: tuple[str, str],
    across: str,
) -> "Figure":
    """Draw a network as levels: down on the left, across, and up on the right.

    Args:
        left: channels and side of each map on the way down, the finest first.
        right: of each on the way up, as far as there is one.
        names: prefixes of the levels on either side, "C" and "P", say.
        across: what is written on the way across.
    """
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(5.6, 0.9 * len(left) + 0.2))
    for row, size in enumerate(left):
        _box(ax, 0, -row, f"{names[0]}{row + 1}", size, SERIES[0])
        if row:
            _arrow(ax, (0, 0.88 - row), (0, 0.12 - row))
    for row, size in enumerate(right):
        _box(ax, 2, -row, f"{names[1]}{row + 1}", size, SERIES[1])
        ax.plot((0.42, 1.55), (-row, -row), color="0.5", linewidth=1)
        _arrow(ax, (1.45, -row), (1.6, -row))
        ax.text(1, -row + 0.05, across, ha="center", va="bottom", fontsize=9)
        if row + 1 < len(right):
            _arrow(ax, (2, -row - 0.88), (2, -row - 0.12))
    if len(right) < len(left):  # the bottom is shared
        _arrow(ax, (0.45, 1 - len(left)), (1.62, 1.85 - len(left)))
    ax.set(xlim=(-0.65, 2.65), ylim=(-len(left) + 0.6, 0.4))
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    for text in ax.texts:  # the axes are as large as the figure
        text.set_in_layout(False)
    return figure


def _box(
    ax: "Axes", x: float, y: float, name: str, size: tuple[int, int], color: str
) -> None:
    channels, side = size
    style = {"boxstyle": "round,pad=0.3", "facecolor": "none", "edgecolor": color}
    words = f"{name}: {channels} × {side}²"
    ax.text(x, y, words, ha="center", va="center", fontsize=9, bbox=style)


def _arrow(ax: "Axes", start: tuple[float, float], end: tuple[float, float]) -> None:
    style = {"arrowstyle": "->", "color": "0.5"}
    ax.annotate("", end, start, arrowprops=style)


def shares(gamma: float, objects: int = OBJECTS, easy: float = 0.02) -> list[float]:
    """Return the share of the loss of objects and of background, in percent.

    Of 100,000 anchors some show an object and are given a probability of 0.3; the
    others are background and given ``easy``. There are no weights alpha.

    Args:
        gamma: of the focal loss.
        objects: how many show an object.
        easy: probability of an object that the network gives to background.
    """
    given = torch.tensor([0.3, easy]).logit()
    loss = focal_loss(given, torch.tensor([1.0, 0.0]), None, gamma)
    sums = loss * torch.tensor([objects, EASY - objects])
    return (100 * sums / sums.sum()).tolist()


def draw_shares(gamma: float, easy: float) -> "Figure":
    """Draw whose loss it is, as two bars.

    Args:
        gamma: of the focal loss.
        easy: probability of an object that the network gives to background.
    """
    import matplotlib.pyplot as plt

    found = shares(gamma, easy=easy)
    figure, ax = plt.subplots(figsize=(4.6, 1.7))
    names = (
        f"{OBJECTS} objects,\np = 0.3",
        f"{EASY - OBJECTS:,} background,\np = {easy:g}",
    )
    ax.barh(names[::-1], found[::-1], color=[SERIES[1], SERIES[0]])
    for row, share in enumerate(found[::-1]):
        ax.text(share + 1, row, f"{share:.1f} %", va="center", fontsize=9)
    ax.set(xlim=(0, 118), xlabel="share of the loss (%)", xticks=(0, 50, 100))
    plt.close(figure)
    return figure
