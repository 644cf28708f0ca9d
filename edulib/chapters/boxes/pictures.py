"""Pictures of boxes that overlap, descend and are suppressed."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from edulib.chapters.boxes.descent import LOSSES, descend
from edulib.drawing import SERIES
from edulib.drawing.detections import FALSE, FOUND, MISSED
from edulib.drawing.objects import outline_box
from edulib.drawing.phone import on_phone, picture_rows
from edulib.models.ops.boxes import cxcywh_to_xyxy
from edulib.models.ops.iou import iou

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN_STEPS = (0, 20, 50, 100)


def show_overlap(box: Sequence[float], other: Sequence[float]) -> "Figure":
    """Draw two boxes on squared paper: what they share, and the box around both.

    Args:
        box: xyxy, whole numbers.
        other: xyxy, whole numbers, overlapping it.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    figure, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
    pair = torch.tensor([box, other])
    shared = [*pair[:, :2].max(0).values.tolist(), *pair[:, 2:].min(0).values.tolist()]
    hull = [*pair[:, :2].min(0).values.tolist(), *pair[:, 2:].max(0).values.tolist()]
    for edges, color, alpha in ((box, FOUND, 0.15), (other, FALSE, 0.15)):
        ax.add_patch(Rectangle(*_corner(edges), color=color, alpha=alpha, lw=0))
    ax.add_patch(Rectangle(*_corner(shared), color="#6b21a8", alpha=0.55, lw=0))
    outline_box(ax, hull, MISSED, "--", 1.4)
    outline_box(ax, box, FOUND, "-", 2)
    outline_box(ax, other, FALSE, "-", 2)
    for edges, color in ((box, FOUND), (other, FALSE)):
        x, y = (edges[0] + edges[2]) / 2, (edges[1] + edges[3]) / 2
        ax.plot(x, y, "+", color=color, ms=11, mew=2)
    ax.set(xlim=(hull[0] - 1, hull[2] + 1), ylim=(hull[3] + 1, hull[1] - 1))
    ax.set_aspect("equal")
    ax.set_xticks(range(int(hull[0]) - 1, int(hull[2]) + 2))
    ax.set_yticks(range(int(hull[1]) - 1, int(hull[3]) + 2))
    ax.grid(color="#9ca3af", linewidth=0.5, alpha=0.7)
    ax.set(xlabel="x", ylabel="y")
    return figure


def show_paths(start: Tensor, target: Tensor, rate: float = 0.1) -> "Figure":
    """Draw how one box descends on each of four losses.

    Args:
        start: (4,), cxcywh.
        target: (4,), cxcywh.
        rate: of the first 160 of 200 steps.
    """
    import matplotlib.pyplot as plt
    from matplotlib.colors import to_hex

    figure, axes = plt.subplots(2, 2, figsize=(7, 4.4), layout="constrained")
    steps = max(SHOWN_STEPS)
    shades = [to_hex(plt.get_cmap("viridis")(v)) for v in (0.0, 0.35, 0.65, 0.9)]
    for ax, (name, loss) in zip(axes.flat, LOSSES.items(), strict=True):
        path = descend(start[None], target[None], loss, rate)[: steps + 1, 0]
        aim = cxcywh_to_xyxy(target)
        for step, shade in zip(SHOWN_STEPS, shades, strict=True):
            outline_box(ax, path[step].tolist(), shade, "-", 1.8)
        outline_box(ax, aim.tolist(), MISSED, "--", 2)
        ended = iou(path[-1], aim).item()
        ax.set_title(f"on {name}: ends at {ended:.2f}", loc="center", fontsize=11)
        ax.set(xlim=(0.1, 5.4), ylim=(3.1, 0.1))
        ax.set_aspect("equal")
        ax.set_xticks([])
        ax.set_yticks([])
    return figure


def show_stages(image: Tensor, stages: Mapping[str, tuple], columns: int) -> "Figure":
    """Show one picture several times, each time with other boxes.

    Args:
        image: (3, H, W) in [0, 1].
        stages: a title, and boxes (N, 4) xyxy with a colour and a dash for each, as
            (boxes, colours, dashes).
        columns: pictures in a row.
    """
    import matplotlib.pyplot as plt

    rows = -(-len(stages) // columns)
    size = (7.2, 7.2 / columns * rows + 0.3 * rows)
    figure, grid = plt.subplots(
        rows, columns, figsize=size, layout="constrained", squeeze=False
    )
    for ax, (title, drawn) in zip(grid.flat, stages.items(), strict=True):
        _backdrop(ax, image)
        boxes, colors, dashes = drawn
        width = 2.0 if len(boxes) < 12 else 1.1
        for box, color, dash in zip(boxes.tolist(), colors, dashes, strict=True):
            outline_box(ax, box, color, dash, width)
        ax.set_title(title, loc="center", fontsize=11)
    return on_phone(figure, partial(picture_rows, columns=2))


def right_and_wrong(
    boxes: Tensor, right: Sequence[bool], objects: Tensor, found: Sequence[bool]
) -> tuple[Tensor, list[str], list[str]]:
    """Return boxes with their colours, and the objects that were missed, dashed.

    Args:
        boxes: (N, 4), xyxy.
        right: whether each found an object.
        objects: (G, 4), xyxy.
        found: whether each was found.
    """
    lost = objects[~torch.tensor(found)]
    colors = [FOUND if one else FALSE for one in right] + [MISSED] * len(lost)
    dashes = ["-"] * len(boxes) + ["--"] * len(lost)
    return torch.cat([boxes, lost]), colors, dashes


def plot_three_averages(
    recall: Sequence[float], precision: Sequence[float], points: Sequence[float]
) -> "Figure":
    """Draw precision over recall, its best from there on, and where VOC 2007 reads it.

    Args:
        recall: after each box.
        precision: after each box.
        points: the best precision at recalls 0, 0.1, ..., 1.
    """
    import matplotlib.pyplot as plt

    best = [max(precision[k:]) for k in range(len(precision))]
    figure, ax = plt.subplots(figsize=(5.2, 3.5), layout="constrained")
    edges = [0.0, *recall], [best[0], *best]
    ax.fill_between(*edges, step="pre", color=SERIES[0], alpha=0.18, lw=0)
    ax.plot(*edges, drawstyle="steps-pre", color=SERIES[0], lw=1.6, label="best beyond")
    ax.plot(recall, precision, ".-", color=MISSED, lw=0.9, label="after each box")
    places = [k / 10 for k in range(11)]
    ax.plot(places, points, "o", mfc="none", color=SERIES[1], label="VOC's 11 points")
    ax.set(xlim=(-0.03, 1.03), ylim=(0, 1.06), xlabel="recall", ylabel="precision")
    ax.legend(loc="lower left")
    return figure


def _backdrop(ax: "Axes", image: Tensor) -> None:
    height, width = image.shape[-2:]
    extent = (0, width, height, 0)
    ax.imshow(image.permute(1, 2, 0), extent=extent, interpolation="nearest")
    ax.autoscale(False)
    ax.axis("off")


def _corner(box: Sequence[float]) -> tuple[tuple[float, float], float, float]:
    left, top, right, bottom = box
    return (left, top), right - left, bottom - top
