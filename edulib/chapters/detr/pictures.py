"""Pictures of sets: who is matched with whom, what slots say, and where they say it."""

from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from edulib.chapters.detr.measures import suppressed
from edulib.drawing import SERIES
from edulib.drawing.objects import outline_box
from edulib.drawing.phone import on_phone
from edulib.models.detection.detr.network import Predictions, image_sizes
from edulib.models.losses.set_matching import SetLoss, match_sets
from edulib.models.ops.boxes import clip_boxes, cxcywh_to_xyxy, xyxy_to_cxcywh

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#111827"
LEFT_OVER = "#6b7280"
SHIFTS = ((0, 5, -4, 0), (0, -12, 8, 6), (1, 4, 2, -8), (2, -3, 2, 3))
"""Of the invented predictions: the object it lies on, and its box's x, y and size."""
PROBABILITIES = (0.5, 0.7, 0.8, 0.6)
"""Of the object's kind."""


def invented(target: dict[str, Tensor], side: int = 128) -> Predictions:
    """Return five invented predictions for a scene of at least three objects.

    Two lie on the first object, one on each of two others, and one on nothing.

    Args:
        target: ``boxes`` and ``labels`` of the scene.
        side: of the image.
    """
    boxes, rest = [], []
    for (number, x, y, more), p in zip(SHIFTS, PROBABILITIES, strict=True):
        moved = target["boxes"][number].as_subclass(Tensor).clone()
        boxes.append(moved + torch.tensor([x, y, x + more, y + more]))
        some = torch.full((11,), (1 - p) / 10)
        some[target["labels"][number]] = p
        rest.append(some)
    boxes.append(torch.tensor([4.0, 4, 34, 30]))
    rest.append(torch.tensor([0.01] * 10 + [0.9]))
    shares = xyxy_to_cxcywh(clip_boxes(torch.stack(boxes), (side, side)) / side)
    return Predictions(torch.stack(rest).log(), shares)


def show_matching(
    image: Tensor, target: dict[str, Tensor], classes: tuple[str, ...]
) -> "Figure":
    """Show invented predictions, their costs, and who is matched with whom.

    Args:
        image: (3, 128, 128).
        target: its first three objects are shown.
        classes: names of the kinds.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patheffects import withStroke

    labels = target["labels"][:3].as_subclass(Tensor)
    truths = target["boxes"][:3].as_subclass(Tensor)
    logits, boxes = invented(target)
    shares = xyxy_to_cxcywh(truths / image.shape[-1])
    costs = SetLoss().costs(logits, boxes, labels, shares)
    rows, columns = match_sets(costs)
    owner = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.5), layout="constrained")
    _backdrop(left, 0.45 + 0.55 * image)
    for box in truths.tolist():
        outline_box(left, box, INK, "--", width=1.4)
    corners = cxcywh_to_xyxy(boxes) * image.shape[-1]
    for k, box in enumerate(corners.tolist()):
        color = SERIES[owner[k]] if k in owner else LEFT_OVER
        outline_box(left, box, color, "-", width=2)
        halo = [withStroke(linewidth=3, foreground="white")]
        place = {"x": box[0] + 2, "y": box[1] + 10, "s": str(k + 1)}
        left.text(**place, color=color, weight="bold", path_effects=halo)
    _table(right, costs, owner, [classes[k] for k in labels.tolist()])
    return figure


def show_slots(boxes: Tensor, scores: Tensor) -> "Figure":
    """Show for each slot the middles of all boxes that it found.

    Args:
        boxes: (images, N, 4), xyxy as shares of the image's sides.
        scores: (images, N).
    """
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(7.2, 7.5), layout="constrained")
    _scatter_slots(figure, boxes, scores)
    return on_phone(figure, partial(_four_a_row, boxes=boxes, scores=scores))


def _four_a_row(figure: "Figure", boxes: Tensor, scores: Tensor) -> None:
    """Draw the slots anew, as narrow as a phone: rows of four, as on a wide screen."""
    width = figure.get_size_inches()[0]
    figure.clear()
    figure.set_size_inches(width, 1.2 * width)
    _scatter_slots(figure, boxes, scores)


def _scatter_slots(figure: "Figure", boxes: Tensor, scores: Tensor) -> None:
    axes = figure.subplots(4, 4)
    for k, ax in enumerate(axes.flat):
        sure = boxes[scores[:, k] >= 0.5, k]
        middles = (sure[:, :2] + sure[:, 2:]) / 2
        sides = (sure[:, 2:] - sure[:, :2]).prod(1).sqrt()
        shown = ax.scatter(
            *middles.T.numpy(), c=sides.numpy(), s=7, cmap="viridis", vmin=0.1, vmax=0.5
        )
        ax.set(xlim=(0, 1), ylim=(1, 0), xticks=[], yticks=[], aspect="equal")
        ax.spines[:].set_visible(True)
        ax.set_title(f"{k + 1}: {len(sure)}", fontsize=10, loc="center", pad=2)
    bar = figure.colorbar(shown, ax=axes, location="bottom", shrink=0.6, aspect=30)
    bar.set_label("side of the box, share of the image's")


@torch.no_grad()
def layer_pictures(
    network: torch.nn.Module, image: Tensor
) -> dict[str, dict[str, "Figure"]]:
    """Draw what each layer of the decoder finds, before and after suppression.

    Args:
        network: a small DETR, in evaluation mode.
        image: (3, 128, 128).

    Returns:
        By "as it is" and "suppressed", by layer, a picture of the boxes with a score of
        at least 0.5.
    """
    found, sizes = network(image[None]), image_sizes(image[None], None)
    groups: dict[str, dict[str, Figure]] = {"as it is": {}, "suppressed": {}}
    for k in range(len(found.logits)):
        (all_of_it,) = network.read(found, sizes, layer=k)
        for name, one in (
            ("as it is", all_of_it),
            ("suppressed", suppressed(all_of_it)),
        ):
            sure = one["boxes"][one["scores"] >= 0.5]
            same = (sure[:, None] == all_of_it["boxes"]).all(-1)
            numbers = same.float().argmax(1).tolist()  # a box keeps its colour
            label = f"layer {k + 1}: {len(sure)} boxes"
            groups[name][label] = _outlined(image, sure, numbers)
    return groups


def _outlined(image: Tensor, boxes: Tensor, numbers: list[int]) -> "Figure":
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(1.8, 1.8), layout="constrained")
    _backdrop(ax, 0.4 + 0.6 * image)
    for k, box in zip(numbers, boxes.tolist(), strict=True):
        outline_box(ax, box, SERIES[k % len(SERIES)], "-", width=1.4)
    plt.close(figure)
    return figure


def _table(ax: "Axes", costs: Tensor, owner: dict[int, int], names: list[str]) -> None:
    """Write the costs as a table, and frame those of the matched pairs."""
    import matplotlib.pyplot as plt

    ax.imshow(torch.zeros(len(costs), 3).numpy(), cmap="Greys", vmin=-1, vmax=30)
    for k, line in enumerate(costs.tolist()):
        for j, cost in enumerate(line):
            own = owner.get(k) == j
            weight = {"weight": "bold"} if own else {}
            ax.text(
                j,
                k,
                f"{cost:.1f}".replace("-", "\N{MINUS SIGN}"),
                ha="center",
                va="center",
                color=INK,
                **weight,
            )
            if own:
                style = {"edgecolor": SERIES[j], "linewidth": 3, "fill": False}
                ax.add_patch(plt.Rectangle((j - 0.45, k - 0.45), 0.9, 0.9, **style))
    ax.set_xticks(range(3), names)
    ax.set_yticks(range(len(costs)), [str(k + 1) for k in range(len(costs))])
    ax.set_ylabel("prediction")
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.set_title("cost of each pair", fontsize=11, loc="center")
    for spine in ax.spines.values():
        spine.set_visible(False)


def _backdrop(ax: "Axes", image: Tensor) -> None:
    height, width = image.shape[-2:]
    pixels = image.as_subclass(Tensor).permute(1, 2, 0).numpy()
    ax.imshow(pixels, extent=(0, width, height, 0), interpolation="bicubic")
    ax.autoscale(False)
    ax.axis("off")
