"""Default boxes and predictions, coloured by the map that they belong to."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from edulib.chapters.ssd.networks import SIZE, STRIDES, small_ssd
from edulib.drawing import SERIES
from edulib.models.detection.ssd import SSD
from edulib.models.detection.ssd.loss import WEIGHTS
from edulib.models.ops.boxes import clip_boxes
from edulib.models.ops.coding import decode_boxes
from edulib.models.ops.iou import pairwise_iou
from edulib.models.ops.matching import match_each_first
from edulib.models.ops.nms import nms_per_class

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DASHES = ("-", "--", ":")
TRUTH = "#111827"
PER_CELL = 4


def map_of_boxes(per_cell: int = PER_CELL) -> Tensor:
    """Return for each default box of the small SSD which of its three maps it is of."""
    cells = [(SIZE[0] // stride) * (SIZE[1] // stride) for stride in STRIDES]
    return torch.arange(3).repeat_interleave(torch.tensor(cells) * per_cell)


def show_matched(image: Tensor, target: dict[str, Tensor], network: SSD) -> "Figure":
    """Show one picture for each map: its cells, and the default boxes with an object.

    Args:
        image: (3, 128, 128).
        target: its ``boxes`` and ``labels``.
        network: a small SSD.
    """
    import matplotlib.pyplot as plt

    overlaps = pairwise_iou(target["boxes"], network.boxes)
    matched = match_each_first(overlaps, network.loss.threshold) >= 0
    maps = map_of_boxes()
    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.75), layout="constrained")
    for k, (ax, stride) in enumerate(zip(axes, STRIDES, strict=True)):
        chosen = network.boxes[matched & (maps == k)]
        _backdrop(ax, image)
        _dots(ax, stride)
        _outline(ax, target["boxes"], TRUTH, "--", 1.2)
        _outline(ax, chosen, SERIES[k], "-", 1.6)
        side = SIZE[0] // stride
        ax.set_title(f"{side}×{side}: {len(chosen)} matched", fontsize=11, loc="center")
    return figure


def match_one(
    width: float, height: float, squares: bool
) -> tuple["Figure", list[int], float]:
    """Draw the default boxes that are matched with one object, by map.

    Args:
        width: of the object, whose middle is at (67, 61).
        height: of it.
        squares: whether there are only squares among the default boxes.

    Returns:
        The figure; how many boxes of each map are matched; the highest IoU.
    """
    import matplotlib.pyplot as plt

    network = small_ssd(ratios=() if squares else (2,))
    maps = map_of_boxes(2 if squares else PER_CELL)
    x, y = 67, 61
    half = torch.tensor([width, height]) / 2
    middle = torch.tensor([x, y])
    box = torch.cat([middle - half, middle + half])[None]
    overlaps = pairwise_iou(box, network.boxes)
    matched = match_each_first(overlaps, network.loss.threshold) >= 0
    figure, ax = plt.subplots(figsize=(3.4, 3.4), layout="constrained")
    _backdrop(ax, torch.full((3, *SIZE), 0.93))
    counts = []
    for k in range(3):
        chosen = network.boxes[matched & (maps == k)]
        _outline(ax, chosen, SERIES[k], DASHES[k], 1.6)
        counts.append(len(chosen))
    _outline(ax, box, TRUTH, "-", 2.4)
    ax.set(xlim=(-12, 140), ylim=(140, -12))
    return figure, counts, overlaps.max().item()


@torch.no_grad()
def candidates(network: SSD, image: Tensor) -> dict[str, Tensor]:
    """Return of each default box what it says: box, kind, score and map.

    Args:
        network: a small SSD, in evaluation mode.
        image: (3, 128, 128).
    """
    logits, offsets = network(image[None])
    scores, labels = logits[0].softmax(-1)[:, 1:].max(-1)
    boxes = clip_boxes(decode_boxes(offsets[0], network.boxes, WEIGHTS), SIZE)
    return {"boxes": boxes, "scores": scores, "labels": labels, "map": map_of_boxes()}


def above(
    found: dict[str, Tensor], threshold: float, suppressed: bool
) -> dict[str, Tensor]:
    """Keep the candidates with a score above a threshold.

    Args:
        found: as from `candidates`.
        threshold: what a score has to exceed.
        suppressed: whether of boxes of a kind that overlap only the surest stays.
    """
    some = {name: value[found["scores"] > threshold] for name, value in found.items()}
    if suppressed:
        kept = nms_per_class(some["boxes"], some["scores"], some["labels"], 0.45)
        some = {name: value[kept] for name, value in some.items()}
    return some


def show_candidates(image: Tensor, found: dict[str, Tensor]) -> "Figure":
    """Draw candidates on their image, which is paled, coloured by map.

    Args:
        image: (3, 128, 128).
        found: ``boxes`` and ``map``.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    figure, ax = plt.subplots(figsize=(2.3, 2.3), layout="constrained")
    _backdrop(ax, 0.5 + 0.5 * image, "bicubic")
    width = 1.6 if len(found["boxes"]) < 12 else 0.9
    for (left, top, right, bottom), k in zip(
        found["boxes"].tolist(), found["map"].tolist(), strict=True
    ):
        sides = right - left, bottom - top
        style = {"edgecolor": SERIES[k], "linestyle": DASHES[k], "linewidth": width}
        ax.add_patch(Rectangle((left, top), *sides, fill=False, **style))
    return figure


def _backdrop(ax: "Axes", image: Tensor, smoothing: str = "nearest") -> None:
    height, width = image.shape[-2:]
    pixels = image.permute(1, 2, 0)
    ax.imshow(pixels, extent=(0, width, height, 0), interpolation=smoothing)
    ax.autoscale(False)
    ax.axis("off")


def _dots(ax: "Axes", stride: int) -> None:
    """Mark the middle of each cell."""
    middles = torch.arange(stride / 2, SIZE[0], stride)
    x, y = torch.meshgrid(middles, middles, indexing="xy")
    ink = {"color": "white", "mec": "#374151", "mew": 0.4}
    ax.plot(x.flatten(), y.flatten(), ".", ms=3.2, **ink)


def _outline(ax: "Axes", boxes: Tensor, color: str, dash: str, width: float) -> None:
    from edulib.drawing.objects import outline_box

    for box in boxes.tolist():
        outline_box(ax, box, color, dash, width=width)
