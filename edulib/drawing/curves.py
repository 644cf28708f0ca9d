"""Curves: learning curves above all."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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


def _label_ends(ax: "Axes", ends: list[tuple[float, float, str, str]]) -> None:
    """Write each name beside its curve's end, moved apart where they would touch."""
    ax.figure.canvas.draw()
    right = max(ax.transData.transform((x, y))[0] for x, y, _, _ in ends)
    gap = 15 * ax.figure.dpi / 72
    previous = None
    for x, y, name, color in sorted(ends, key=lambda end: end[1]):
        _, height = ax.transData.transform((x, y))
        height = height if previous is None else max(height, previous + gap)
        previous = height
        anchor = ax.transAxes.inverted().transform((right, height))
        ax.annotate(
            name,
            anchor,
            xycoords="axes fraction",
            xytext=(7, 0),
            textcoords="offset points",
            color=color,
            va="center",
            annotation_clip=False,
        )
