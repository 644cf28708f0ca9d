"""Boxes and masks of objects, drawn by matplotlib over a picture."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from edulib.checks import describe, has_numbers
from edulib.drawing.tags import add_tag

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FILL = 0.4  # share of the colour in a mask
_HEM = 1.6  # points of white beside a line


def draw_objects(
    ax: "Axes",
    objects: Mapping[str, Tensor],
    colors: Sequence[str],
    words: Sequence[str],
    dashed: bool = False,
) -> None:
    """Draw boxes, masks or both, and their tags.

    Args:
        ax: shows a picture, in the coordinates of boxes.
        objects: ``boxes`` (N, 4), ``masks`` (N, H, W) bool or both.
        colors: of each object.
        words: what the tag of each says.
        dashed: whether boxes are.

    Raises:
        ValueError: if boxes or masks have another shape or hold other values.
    """
    from edulib.data.scenes.annotations import boxes_of

    masks, boxes = objects.get("masks"), objects.get("boxes")
    if masks is not None:
        _, width, height, _ = map(round, ax.images[0].get_extent())
        check_masks(masks, height, width)
        masks = masks.bool().numpy()
        _fill_masks(ax, masks, colors)
    if boxes is None:
        boxes = boxes_of(masks)  # to put the tags there
    else:
        check_boxes(boxes)
        for box, color in zip(boxes.tolist(), colors, strict=True):
            outline_box(ax, box, color, "--" if dashed else "-", width=2)
    for box, color, said in zip(boxes.tolist(), colors, words, strict=True):
        add_tag(ax, tuple(box), said, color)


def outline_box(
    ax: "Axes", box: Sequence[float], color: str, dash: str, width: float
) -> None:
    """Draw a box with a bright hem, so that it is seen on any picture."""
    from matplotlib.patches import Rectangle

    left, top, right, bottom = box
    for ink, style, line in (("white", "-", width + _HEM), (color, dash, width)):
        ax.add_patch(
            Rectangle(
                (left, top),
                right - left,
                bottom - top,
                fill=False,
                edgecolor=ink,
                linestyle=style,
                linewidth=line,
            )
        )


def _fill_masks(ax: "Axes", masks: np.ndarray, colors: Sequence[str]) -> None:
    """Tint the pixels of each mask (N, H, W), and draw a line around them."""
    from matplotlib.colors import to_rgb

    height, width = masks.shape[1:]
    tint = np.zeros((height, width, 4))
    for mask, color in zip(masks, colors, strict=True):
        tint[mask] = (*to_rgb(color), _FILL)
    ax.imshow(tint, extent=(0, width, height, 0))
    for mask, color in zip(masks, colors, strict=True):
        if not mask.any():
            continue
        framed = np.pad(mask, 1).astype(float)  # its line closes at the picture's edge
        across, down = np.arange(width + 2) - 0.5, np.arange(height + 2) - 0.5
        for line, ink in ((1.8 + _HEM, "white"), (1.8, color)):
            ax.contour(across, down, framed, [0.5], colors=ink, linewidths=line)


def check_boxes(boxes: Tensor) -> None:
    """Refuse what is no boxes (N, 4) of finite numbers."""
    if not has_numbers(boxes) or boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"expected a tensor of boxes (N, 4), got {describe(boxes)}")
    if not boxes.isfinite().all():
        row = boxes[~boxes.isfinite().all(1)][0].tolist()
        raise ValueError(f"expected boxes of finite numbers, got {row}")


def check_masks(masks: Tensor, height: int, width: int) -> None:
    """Refuse what is no masks (N, H, W) of True and False, or of 1 and 0."""
    size = height, width
    if not has_numbers(masks) or masks.ndim != 3 or tuple(masks.shape[1:]) != size:
        raise ValueError(
            f"expected a tensor of masks (N, {height}, {width}), got {describe(masks)}"
        )
    if not ((masks == 0) | (masks == 1)).all():
        raise ValueError(
            f"expected masks of True and False, got {describe(masks)} of "
            f"{masks.min():.4g} to {masks.max():.4g}: compare them with a threshold"
        )
