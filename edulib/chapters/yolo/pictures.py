"""What the cells of a small YOLO say of a scene."""

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from edulib.chapters.yolo.networks import STRIDE
from edulib.drawing import SERIES
from edulib.models.detection.yolo_v1 import YOLOv1
from edulib.models.detection.yolo_v1.grid import corners, split
from edulib.models.ops.boxes import clip_boxes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = (*SERIES[:6], "#6d28d9", "#374151", "#7f1d1d", "#84cc16")
"""Of the ten kinds of Scenes."""
INK = "#111827"
_SURE = 0.3  # score from which a box is shown


class Said(NamedTuple):
    """What the cells of an image say.

    Attributes:
        boxes: (S, S, K, 4), xyxy in pixels.
        confidence: (S, S, K), held between 0 and 1.
        classes: (S, S, num_classes), held between 0 and 1.
    """

    boxes: Tensor
    confidence: Tensor
    classes: Tensor


@torch.no_grad()
def what_cells_say(network: YOLOv1, image: Tensor) -> Said:
    """Return the numbers of all cells, decoded.

    Args:
        network: a small YOLO, in evaluation mode.
        image: (3, H, W).
    """
    found = split(network(image[None]), network.boxes_per_cell)
    height, width = image.shape[-2:]
    size = torch.tensor([width, height, width, height])
    boxes = clip_boxes(corners(found.boxes, network.sides) * size, (height, width))
    return Said(boxes[0], found.confidence[0].clamp(0, 1), found.classes[0].clamp(0, 1))


def show_grid(image: Tensor, said: Said, names: tuple[str, ...]) -> "Figure":
    """Show the boxes of all cells, the map of kinds, and both multiplied.

    Args:
        image: (3, H, W), with square cells of `STRIDE` pixels.
        said: as from `what_cells_say`.
        names: of the kinds.
    """
    import matplotlib.pyplot as plt

    from edulib.drawing.curves import place_labels
    from edulib.drawing.tags import add_tag

    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.75), layout="constrained")
    for ax, title in zip(axes, ("boxes", "kinds", "both"), strict=True):
        _backdrop(ax, image)
        ax.set_title(title, fontsize=11, loc="center")
    _grid(axes[0], image)
    for box, sure in zip(
        said.boxes.flatten(0, 2).tolist(),
        said.confidence.flatten().tolist(),
        strict=True,
    ):
        _rectangle(axes[0], box, INK, 0.3 + 3 * sure, alpha=0.15 + 0.85 * sure)
    probability, kind = said.classes.max(-1)
    _tint(axes[1], kind, probability)
    _grid(axes[1], image)
    for box, score, label in _surest(said):
        color = COLORS[label]
        _rectangle(axes[2], box, "white", 3.6)
        _rectangle(axes[2], box, color, 2)
        add_tag(axes[2], tuple(box), f"{names[label]} {score:.2f}", color)
    place_labels(figure)
    return figure


def show_cell(
    image: Tensor, said: Said, place: tuple[int, int], names: tuple[str, ...]
) -> "Figure":
    """Show what one cell says: its boxes and confidences, and its kinds.

    Args:
        image: (3, H, W).
        said: as from `what_cells_say`.
        place: row and column of the cell.
        names: of the kinds.
    """
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(
        1, 2, figsize=(4.8, 2.35), layout="constrained"
    )
    _backdrop(left, image)
    _grid(left, image)
    row, column = place
    cell = [column, row, column + 1, row + 1]
    _rectangle(left, [STRIDE * edge for edge in cell], "#D55E00", 2.4)
    for box, sure, dash in zip(
        said.boxes[place].tolist(),
        said.confidence[place].tolist(),
        ("-", "--"),
        strict=True,
    ):
        _rectangle(left, box, "white", 3.4 + 2 * sure)
        _rectangle(left, box, INK, 1 + 2 * sure, dash=dash)
    values = said.classes[place].tolist()
    right.barh(range(len(values)), values, color=COLORS)
    right.set_yticks(range(len(values)), names, fontsize=10)
    right.set(xlim=(0, 1), xticks=(0, 1), ylim=(len(values) - 0.4, -0.6))
    right.grid(False)
    return figure


def _surest(said: Said) -> list[tuple[list[float], float, int]]:
    """Return box, score and kind of what is left after suppression at 0.5."""
    from edulib.models.detection.yolo_v1.network import select

    boxes = said.boxes.flatten(0, 2)
    scores = said.confidence[..., None] * said.classes[..., None, :]
    kept = select(boxes, scores.flatten(0, 2), _SURE, 0.5)
    return list(
        zip(
            kept["boxes"].tolist(),
            kept["scores"].tolist(),
            kept["labels"].tolist(),
            strict=True,
        )
    )


def _backdrop(ax: "Axes", image: Tensor) -> None:
    """Show the image, paled."""
    height, width = image.shape[-2:]
    pale = 0.45 + 0.55 * image.permute(1, 2, 0)
    ax.imshow(pale, extent=(0, width, height, 0), interpolation="bicubic")
    ax.autoscale(False)
    ax.axis("off")


def _grid(ax: "Axes", image: Tensor) -> None:
    height, width = image.shape[-2:]
    ink = {"color": "white", "linewidth": 0.7}
    for edge in range(STRIDE, width, STRIDE):
        ax.plot([edge, edge], [0, height], **ink)
    for edge in range(STRIDE, height, STRIDE):
        ax.plot([0, width], [edge, edge], **ink)


def _tint(ax: "Axes", kind: Tensor, probability: Tensor) -> None:
    """Colour each cell by its surest kind, the stronger the surer."""
    from matplotlib.colors import to_rgb

    colors = torch.tensor([to_rgb(color) for color in COLORS])[kind]
    cells = torch.cat([colors, 0.85 * probability[..., None]], -1)
    rows, columns = kind.shape
    extent = (0, STRIDE * columns, STRIDE * rows, 0)
    ax.imshow(cells, extent=extent, interpolation="nearest")


def _rectangle(
    ax: "Axes",
    box: list[float],
    color: str,
    width: float,
    alpha: float = 1,
    dash: str = "-",
) -> None:
    from matplotlib.patches import Rectangle

    left, top, right, bottom = box
    sides = right - left, bottom - top
    style = {"edgecolor": color, "linewidth": width, "alpha": alpha, "linestyle": dash}
    ax.add_patch(Rectangle((left, top), *sides, fill=False, **style))
