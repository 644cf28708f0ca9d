"""A mosaic and its views, the places that learn an object, anchors in their cloud."""

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.utils.data import Dataset

from edulib.chapters.yolov5.data import SIDE, VIEW
from edulib.data.mosaic import around
from edulib.data.random_zoom import View
from edulib.drawing import SERIES
from edulib.drawing.images import as_picture
from edulib.drawing.objects import outline_box
from edulib.drawing.phone import on_phone
from edulib.models.detection.yolov5.grid import match
from edulib.models.detection.yolov5.network import STRIDES
from edulib.models.ops.boxes import xyxy_to_cxcywh

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#111827"


def show_mosaic(
    scenes: Dataset, numbers: tuple[int, ...], point: tuple[int, int]
) -> "Figure":
    """Show four scenes around a point of a canvas, and four views of it.

    Args:
        scenes: images (3, 96, 96) and targets.
        numbers: of the four, in the order of reading.
        point: x and y on the canvas where their corners meet.
    """
    import matplotlib.pyplot as plt

    canvas, target = around([scenes[k] for k in numbers], point)
    figure = plt.figure(figsize=(7.2, 3.75), layout="constrained")
    grid = figure.add_gridspec(2, 4)
    whole = figure.add_subplot(grid[:, :2])
    _picture(whole, canvas)
    for k, (zoom, shift) in enumerate(VIEWS):
        view, color = _window(zoom, *shift), SERIES[k]
        right, lower = view.width / view.zoom, view.height / view.zoom
        window = [view.left, view.top, view.left + right, view.top + lower]
        outline_box(whole, window, color, "--", width=2)
        ax = figure.add_subplot(grid[k // 2, 2 + k % 2])
        _picture(ax, view.of_image(canvas, 0.5))
        for box in VIEW.objects_in(view, target)["boxes"].tolist():
            outline_box(ax, box, color, "-", width=1.4)
        ax.set_title(f"zoom {zoom:g}", fontsize=10, loc="center")
    return on_phone(figure, _canvas_above)


def _canvas_above(figure: "Figure") -> None:
    """Put the views of a mosaic in two rows under it."""
    canvas, *views = figure.axes
    grid = figure.add_gridspec(4, 2)
    canvas.set_subplotspec(grid[:2, :])
    for k, ax in enumerate(views):
        ax.set_subplotspec(grid[2 + k // 2, k % 2])
    width = figure.get_size_inches()[0]
    figure.set_size_inches(width, 2.15 * width)
    figure.set_layout_engine("constrained")


VIEWS = ((0.5, (0, 0)), (0.75, (-0.1, 0.1)), (1, (0.1, -0.05)), (1.5, (0.1, 0.1)))
"""Zoom, and shift to the right and down as shares of an image."""


def _window(zoom: float, right: float, down: float) -> View:
    start = SIDE * ((1 - 1 / zoom) / 2)
    view = View(SIDE, SIDE, start, start, zoom, False)
    half = SIDE / 2  # the middle of the canvas
    return replace(
        view, top=start + half + down * SIDE, left=start + half + right * SIDE
    )


def show_learners(box: tuple[float, ...], anchors: Tensor) -> "Figure":
    """Show which places learn an object: on each level its cells, and its anchors.

    Args:
        box: xyxy of the object, in an image of 96 x 96 pixels.
        anchors: (3, 3, 2), width and height, of each level.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.8), layout="constrained")
    for k, (ax, stride) in enumerate(zip(axes, STRIDES, strict=True)):
        chosen, cells = learners(box, anchors[k], stride)
        ax.set(xlim=(0, SIDE), ylim=(SIDE, 0), aspect="equal")
        ax.set_xticks(range(0, SIDE + 1, stride), [])
        ax.set_yticks(range(0, SIDE + 1, stride), [])
        ax.tick_params(length=0)
        ax.grid(True, color="#9ca3af", lw=0.6)
        for row, column in cells:
            corner = column * stride, row * stride
            ax.add_patch(Rectangle(corner, stride, stride, color=SERIES[k], alpha=0.55))
        for row, column in cells[:1]:
            centre = torch.tensor([column + 0.5, row + 0.5]) * stride
            for a in chosen:
                half = anchors[k, a] / 2
                sides = torch.cat([centre - half, centre + half]).tolist()
                outline_box(ax, sides, SERIES[k], "--", width=1.6)
        outline_box(ax, box, INK, "-", width=2.2)
        middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        ax.plot(*middle, "o", color=INK, ms=4)
        side = SIDE // stride
        places = len(chosen) * len(cells)
        ax.set_title(f"{side}×{side}: {places} places", fontsize=11, loc="center")
    return figure


def learners(
    box: tuple[float, ...], anchors: Tensor, stride: int
) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the anchors of a level that an object fits, and its cells, its own first.

    Args:
        box: xyxy in an image of 96 x 96 pixels.
        anchors: (3, 2), width and height.
        stride: of the level.
    """
    truth = xyxy_to_cxcywh(torch.tensor([box]))
    side = SIDE // stride
    _, chosen, row, column = match(truth, anchors, stride, (side, side))
    cells = list(dict.fromkeys(zip(row.tolist(), column.tolist(), strict=True)))
    return sorted(set(chosen.tolist())), cells


def show_clusters(sizes: Tensor, anchors: Tensor) -> "Figure":
    """Draw objects as points, width across and height up, and anchors as crosses.

    Args:
        sizes: (N, 2), of objects, in pixels.
        anchors: (A, 2).
    """
    import matplotlib.pyplot as plt

    spread = sizes.std(0)
    nearest = torch.cdist(sizes / spread, anchors / spread).argmin(1)
    figure, ax = plt.subplots(figsize=(2.7, 2.7), layout="constrained")
    for k, anchor in enumerate(anchors.tolist()):
        own = sizes[nearest == k]
        color = SERIES[k % len(SERIES)]
        ax.plot(own[:, 0], own[:, 1], ".", ms=4, color=color)
        ax.plot(*anchor, "X", ms=10, color=color, mec=INK, mew=1.2)
    ax.set(xlim=(0, 96), ylim=(0, 96), aspect="equal")
    ax.set(xlabel="width, pixels", ylabel="height, pixels")
    return figure


def _picture(ax: "Axes", image: Tensor) -> None:
    height, width = image.shape[-2:]
    extent = (0, width, height, 0)
    ax.imshow(as_picture(image.clamp(0, 1)), extent=extent, interpolation="nearest")
    ax.autoscale(False)
    ax.axis("off")
