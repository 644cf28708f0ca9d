"""Curves: learning curves above all."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from edulib.drawing.tags import place_tags

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_APART = 15  # points between names
_DASHES = ("-", "--", "-.", ":")


def plot_curves(
    curves: Mapping[str, Sequence],
    xlabel: str,
    ylabel: str,
    title: str | None = None,
    log: bool = False,
    ax: "Axes | None" = None,
) -> "Figure":
    """Draw named curves, each labelled at its end rather than in a legend.

    Colour and dash both tell curves apart, so that the figure survives a
    black-and-white printer.

    Args:
        curves: a name and its values, or a name and a pair (x, y); bare values
            stand at 1, 2, 3, ..., as epochs do.
        xlabel: what x is, with its unit.
        ylabel: what y is, with its unit.
        title: a line over the plot.
        log: whether y is on a logarithmic scale.
        ax: axes to draw into; a new figure of page width by default.

    Raises:
        ValueError: if there are no curves.
    """
    import matplotlib.pyplot as plt

    if not curves:
        raise ValueError("expected at least one curve, got none")
    if ax is None:
        _, ax = plt.subplots(figsize=(7.2, 3.6))
    ends = []
    for k, (name, values) in enumerate(curves.items()):
        x, y = _points(values)
        (line,) = ax.plot(x, y, linestyle=_DASHES[k % 4], label=name)
        ends.append((x[-1], y[-1], name, line.get_color()))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if all(float(x).is_integer() for line in ax.lines for x in line.get_xdata()):
        ax.locator_params(axis="x", integer=True)  # half an epoch is none
    if log:
        ax.set_yscale("log")
    if title:
        ax.set_title(title)
    _label_ends(ax, ends)
    return ax.figure


def _points(values: Sequence) -> tuple[list[float], list[float]]:
    if isinstance(values, tuple) and len(values) == 2 and hasattr(values[0], "__len__"):
        return [float(v) for v in values[0]], [float(v) for v in values[1]]
    y = [float(v) for v in values]
    return list(range(1, len(y) + 1)), y


def place_labels(figure: "Figure") -> None:
    """Move the names at curves' ends to where the ends now are, and apart.

    So are the tags of objects in pictures. It is to be called again when the figure's
    size or layout has changed.
    """
    figure.canvas.draw()
    for ax in figure.axes:
        labels = getattr(ax, "_eov_end_labels", [])
        ends = [ax.transData.transform(end) for end, _ in labels]
        right = max((x for x, _ in ends), default=0)
        gap = _APART * figure.dpi / 72
        previous = -math.inf
        for (_, end), (_, label) in sorted(
            zip(ends, labels, strict=True), key=lambda pair: pair[0][1]
        ):
            y = min(max(end, ax.bbox.y0), ax.bbox.y1)  # a curve may leave the axes
            previous = max(y, previous + gap)
            label.xy = ax.transAxes.inverted().transform((right, previous))
        place_tags(ax)


def _label_ends(ax: "Axes", ends: list[tuple[float, float, str, str]]) -> None:
    """Write each name beside its curve's end, moved apart where they would touch."""
    labels = [
        ax.annotate(
            name,
            (1, 0),
            xycoords="axes fraction",
            xytext=(7, 0),
            textcoords="offset points",
            color=color,
            va="center",
            annotation_clip=False,
        )
        for _, _, name, color in ends
    ]
    points = [(x, y) for x, y, _, _ in ends]
    ax._eov_end_labels = list(zip(points, labels, strict=True))
    place_labels(ax.figure)
