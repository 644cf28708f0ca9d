"""Anchors, proposals and the scores of anchors, drawn on a scene."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from edulib.chapters.fasterrcnn.networks import RATIOS, SCALES, STRIDE
from edulib.drawing import SERIES
from edulib.drawing.objects import outline_box
from edulib.models.detection.faster_rcnn import FasterRCNN
from edulib.models.ops.anchors import anchors_of
from edulib.models.ops.boxes import clip_boxes
from edulib.models.ops.coding import decode_boxes
from edulib.models.ops.iou import pairwise_iou

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRUTH = "#111827"
SHAPES = {0.5: "wide", 1: "square", 2: "upright"}


def anchors_at(row: int, column: int) -> dict[str, Tensor]:
    """Return the nine anchors of a place of the map by their shape, xyxy in pixels.

    Args:
        row: of the place, from 0.
        column: of the place, from 0.
    """
    middle = torch.tensor([column, row, column, row]) * STRIDE
    boxes = (anchors_of(SCALES, RATIOS) + middle).split(len(SCALES))
    return {SHAPES[ratio]: box for ratio, box in zip(RATIOS, boxes, strict=True)}


@torch.no_grad()
def scored_anchors(network: FasterRCNN, image: Tensor) -> dict[str, Tensor]:
    """Return the score of each anchor, the anchor, and the box that it proposes.

    Args:
        network: a small Faster R-CNN, in evaluation mode.
        image: (3, 128, 128).

    Returns:
        ``scores`` (M,), probabilities of an object; ``anchors`` (M, 4) and ``boxes``
        (M, 4), xyxy in pixels.
    """
    scored = network.rpn.score(network.backbone(image[None]))
    boxes = decode_boxes(scored.offsets[0], scored.anchors)
    return {
        "scores": scored.objectness[0].sigmoid(),
        "anchors": scored.anchors,
        "boxes": clip_boxes(boxes, tuple(image.shape[-2:])),
    }


def covered(boxes: Tensor, objects: Tensor) -> int:
    """Count the objects that a box overlaps with an IoU of at least 0.5.

    Args:
        boxes: (N, 4), xyxy in pixels.
        objects: (M, 4).
    """
    if not len(boxes):
        return 0
    return int((pairwise_iou(objects, boxes).max(1).values >= 0.5).sum())


def show_proposed(image: Tensor, boxes: Tensor, objects: Tensor) -> "Figure":
    """Draw boxes thin and the objects dashed: dark if covered, else in a colour.

    Args:
        image: (3, H, W).
        boxes: (N, 4), xyxy in pixels.
        objects: (M, 4).
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    figure, ax = plt.subplots(figsize=(2, 2), layout="constrained")
    _backdrop(ax, image)
    for left, top, right, bottom in boxes.tolist():
        size = (right - left, bottom - top)
        thin = Rectangle((left, top), *size, fill=False, ec=SERIES[0], lw=0.6)
        ax.add_patch(thin)
    for box in objects:
        hit = covered(boxes, box[None])
        outline_box(ax, box.tolist(), TRUTH if hit else SERIES[1], "--", width=1.5)
    return figure


def show_scores(image: Tensor, scores: Tensor, objects: Tensor) -> "Figure":
    """Show a map of scores for each of the nine anchors, and the objects.

    Args:
        image: (3, H, W).
        scores: (M,), row by row, as from `scored_anchors`.
        objects: (N, 4), xyxy in pixels.
    """
    import matplotlib.pyplot as plt

    height, width = image.shape[-2:]
    maps = scores.reshape(height // STRIDE, width // STRIDE, len(RATIOS), len(SCALES))
    size = (len(RATIOS), len(SCALES))
    figure, axes = plt.subplots(*size, figsize=(6.2, 6.6), layout="constrained")
    for i, ratio in enumerate(RATIOS):
        for j, scale in enumerate(SCALES):
            ax = axes[i, j]
            half = STRIDE / 2  # an anchor stands at the upper left corner of its cell
            extent = (-half, width - half, height - half, -half)
            ax.imshow(maps[:, :, i, j], vmin=0, vmax=1, cmap="viridis", extent=extent)
            for box in objects.tolist():
                outline_box(ax, box, TRUTH, "--", width=1)
            ax.set(xlim=(0, width), ylim=(height, 0))
            ax.axis("off")
            ax.set_title(f"{SHAPES[ratio]}, {scale} px", fontsize=11, loc="center")
    return figure


def _backdrop(ax: "Axes", image: Tensor) -> None:
    height, width = image.shape[-2:]
    pale = 0.6 + 0.4 * image.permute(1, 2, 0)
    ax.imshow(pale, extent=(0, width, height, 0), interpolation="bicubic")
    ax.set(xlim=(0, width), ylim=(height, 0))
    ax.axis("off")
