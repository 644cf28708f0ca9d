"""Tags: what an object in a picture is called, where it covers as little as it can."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

_LETTERS = 9  # points
_PAD = 1.5  # points around the letters
_DARK = 0.18  # luminance below which white letters have more contrast than black ones


def add_tag(ax: "Axes", box: tuple[float, ...], words: str, color: str) -> None:
    """Write words on a plate at a box; `place_tags` finds it a place.

    Args:
        ax: shows a picture.
        box: left, top, right and bottom, in pixels of the picture.
        words: what the plate says.
        color: of the plate.
    """
    text = ax.text(
        0,
        0,
        words,
        transform=ax.transAxes,
        fontsize=_LETTERS,
        color=_ink(color),
        va="bottom",
        zorder=5,
        bbox={"facecolor": color, "edgecolor": "none", "pad": _PAD},
    )
    if not hasattr(ax, "_eov_tags"):
        ax._eov_tags = []
    ax._eov_tags.append((box, text))


def place_tags(ax: "Axes") -> None:
    """Put each tag above, below or inside its box, off other tags and in the picture.

    The axes must have been drawn in the size that they now have.
    """
    tags = getattr(ax, "_eov_tags", [])
    if not tags:
        return
    corners = np.array([box for box, _ in tags], float).reshape(-1, 2, 2)
    boxes = ax.transData.transform(corners.reshape(-1, 2)).reshape(-1, 4)
    boxes = boxes[:, [0, 3, 2, 1]]  # left, lower, right, upper
    placed: list[np.ndarray] = []
    for k, (_, text) in enumerate(tags):
        size, pad = _size(text)
        spots = _spots(boxes[k], size, ax.bbox.extents)
        others = np.delete(boxes, k, 0)
        costs = [8 * _overlap(s, placed) + _overlap(s, others) for s in spots]
        best = spots[int(np.argmin(costs))]
        placed.append(best)
        text.set_position(ax.transAxes.inverted().transform(best[:2] + pad))


def _spots(box: np.ndarray, size: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Return where a tag can stand, the best first: left, lower, right, upper."""
    left, lower, right, upper = box
    width, height = size
    across = (left, right - width)
    down = (upper, upper - height, lower - height, lower)
    corners = np.array([(x, y) for y in down for x in across])
    inside = np.clip(corners, area[:2], np.maximum(area[2:] - size, area[:2]))
    return np.concatenate([inside, inside + size], 1)


def _overlap(spot: np.ndarray, others: "list[np.ndarray] | np.ndarray") -> float:
    """Return the area that a spot shares with others."""
    others = np.reshape(others, (-1, 4))
    sides = np.minimum(spot[2:], others[:, 2:]) - np.maximum(spot[:2], others[:, :2])
    return float(np.maximum(sides, 0).prod(1).sum())


def _size(text: "Text") -> tuple[np.ndarray, float]:
    """Return width and height of a plate, and its margin, in pixels of the drawing."""
    pad = _PAD * text.figure.dpi / 72
    extent = text.get_window_extent()
    return np.array([extent.width, extent.height]) + 2 * pad, pad


def _ink(color: str) -> str:
    """Return white or black, whichever is read better on a colour."""
    red, green, blue = (int(color[k : k + 2], 16) / 255 for k in (1, 3, 5))
    luminance = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
    return "#ffffff" if luminance < _DARK else "#000000"
