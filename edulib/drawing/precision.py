"""Average precision as a picture: the curve it lies below, and its parts by size."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from torch import Tensor

from edulib.drawing.style import SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DASHES = ("-", "--", "-.", ":")


class Curve(Protocol):
    """What is read of `edulib.training.PrecisionRecall`."""

    recall: Tensor
    precision: Tensor
    scores: Tensor | None
    ap: float


def plot_precision_recall(
    curves: Mapping[str, Curve], title: str | None = None, ax: "Axes | None" = None
) -> "Figure":
    """Draw precision over recall, with average precision as the area below.

    The area is below the interpolated curve: the best precision at a recall or beyond
    it. The curve of one class is drawn as it is, too, as a thin line.

    Args:
        curves: a name, and what ``edulib.training.precision_recall`` returned.
        title: a line over the plot.
        ax: axes to draw into; a new figure by default.

    Raises:
        ValueError: if there are no curves.
    """
    import matplotlib.pyplot as plt

    if not curves:
        raise ValueError("expected at least one curve, got none")
    if ax is None:
        _, ax = plt.subplots(figsize=(4.8, 3.8))
    for k, (name, curve) in enumerate(curves.items()):
        color, dash = SERIES[k % len(SERIES)], _DASHES[k % len(_DASHES)]
        recall, precision = _steps(curve)
        ax.fill_between(recall, precision, step="pre", color=color, alpha=0.18, lw=0)
        ax.plot(
            recall,
            precision,
            color=color,
            linestyle=dash,
            drawstyle="steps-pre",
            label=f"{name}: AP {curve.ap:.2f}",
        )
        if curve.scores is not None:
            ax.plot(curve.recall, curve.precision, color=color, lw=0.9)
    ax.set(xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.02))
    ax.legend(loc="lower left")
    if title:
        ax.set_title(title)
    return ax.figure


def plot_ap_by_size(
    measured: Mapping[str, Mapping[str, float]],
    sizes: Sequence[str] = ("small", "medium", "large"),
    ax: "Axes | None" = None,
) -> "Figure":
    """Draw average precision by the size of the objects, as bars side by side.

    Args:
        measured: a name, and what ``edulib.training.coco_ap`` returned.
        sizes: as ``coco_ap`` was told to call them.
        ax: axes to draw into; a new figure by default.

    Raises:
        ValueError: if nothing was measured, or not of each size.
    """
    import matplotlib.pyplot as plt

    missing = [s for one in measured.values() for s in sizes if f"AP_{s}" not in one]
    if not measured or missing:
        raise ValueError(
            f"expected AP of the sizes {', '.join(sizes)}, got none"
            + (f" of {missing[0]}" if missing else "")
        )
    if ax is None:
        _, ax = plt.subplots(figsize=(4.8, 3.2))
    width = 0.8 / len(measured)
    places = np.arange(len(sizes))
    for k, (name, one) in enumerate(measured.items()):
        heights = np.array([one[f"AP_{size}"] for size in sizes], float)
        bars = ax.bar(
            places + (k - (len(measured) - 1) / 2) * width,
            np.nan_to_num(heights),
            width * 0.92,
            color=SERIES[k % len(SERIES)],
            label=name,
        )
        said = ["none" if np.isnan(h) else f"{h:.2f}" for h in heights]
        ax.bar_label(bars, said, padding=2, fontsize=9)
    ax.set_xticks(places, sizes)
    ax.set(ylabel="average precision", ylim=(0, 1.08), xlabel="objects")
    ax.grid(visible=False, axis="x")
    if len(measured) > 1:
        ax.figure.legend(loc="outside upper center", ncols=len(measured))
    return ax.figure


def _steps(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """Return the interpolated curve from recall 0 to 1, as steps that end at a recall.

    What is not reached has a precision of 0.
    """
    recall, precision = curve.recall.numpy(), curve.precision.numpy()
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return (
        np.concatenate([[0], recall, [1]]),
        np.concatenate([best[:1], best, [0]]) if len(best) else np.zeros(2),
    )
