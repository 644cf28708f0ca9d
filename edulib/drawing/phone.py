"""The second drawing of a figure: as narrow as a phone, with letters of full size.

A plot keeps its height; panels that stand side by side stand below one another. Images
in a grid come in shorter rows. Whoever wants another layout hands `on_phone` a function
that changes it.
"""

import math
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

PHONE_WIDTH = 341  # of a figure in a window of 390 pixels
SMALLEST = 9  # size of a letter that can be read, in pixels
_INCH = 72  # pixels; also points, so that a letter of 9 points has 9 pixels
_PAD = 0.04
_SCRIPT = 0.7  # size of an exponent, beside that of its base
_SCRIPTS = re.compile(r"\$[^$]*[\^_][^$]*\$")
_TILES = (4, 3, 2)
_GAP = 4  # pixels between labels along x
_BETWEEN = 7  # pixels above and below a panel


def on_phone(figure: "Figure", change: "Callable[[Figure], None]") -> "Figure":
    """Let a function finish the narrow drawing of a figure, and return the figure.

    Args:
        figure: any figure.
        change: is called with the figure once it is as wide as a phone, its panels
            below one another; it may change everything, or clear it and draw anew.
    """
    figure._eov_on_phone = change
    return figure


def picture_rows(figure: "Figure", columns: int) -> None:
    """Lay the pictures of a narrow figure out in rows of so many, one after another.

    For functions that are given to `on_phone`.

    Args:
        figure: shows pictures, as wide as a phone.
        columns: pictures in a row.
    """
    panels = enumerate(_panels(figure).values())
    places = {divmod(k, columns): panel for k, panel in panels}
    _fit_pictures(figure, places, PHONE_WIDTH / _INCH - 2 * _PAD)


def smallest_letter(figure: "Figure") -> float | None:
    """Return the size of the smallest letter, in points; None if there is no text."""
    return min(map(_size, _texts(figure)), default=None)


def picture_boxes(figure: "Figure") -> list[tuple[float, float, float, float]]:
    """Return where images and scales of colours lie, in inches from the lower left.

    Each box is left, bottom, right, top. The figure must have been drawn.
    """
    boxes = []
    for axes in figure.axes:
        shown = axes.images if axes.get_visible() else []
        areas = [i.get_window_extent() for i in shown if i.get_visible()]
        if hasattr(axes, "_colorbar"):
            areas = [axes.bbox]
        for area in areas:
            (left, bottom), (right, top) = area.get_points() / figure.dpi
            inside = axes.bbox.get_points() / figure.dpi
            left, right = sorted((left, right))
            bottom, top = sorted((bottom, top))
            corners = (
                max(left, inside[0][0]),
                max(bottom, inside[0][1]),
                min(right, inside[1][0]),
                min(top, inside[1][1]),
            )
            boxes.append(tuple(float(c) for c in corners))
    return boxes


def fit_phone(figure: "Figure") -> None:
    """Lay a figure out anew, `PHONE_WIDTH` wide, with no letter under `SMALLEST`."""
    panels = _panels(figure)
    height = figure.get_size_inches()[1]
    width = PHONE_WIDTH / _INCH - 2 * _PAD
    _enlarge(figure)
    if panels and all(map(_is_picture, panels.values())):
        _fit_pictures(figure, panels, width)
    elif panels:
        _fit_plots(figure, panels, width, height)
    else:
        figure.set_size_inches(width, height)
    _narrow_legends(figure, width * _INCH)
    if change := getattr(figure, "_eov_on_phone", None):
        change(figure)
    _enlarge(figure)


def _texts(figure: "Figure") -> "Iterator[Text]":
    """Go through all texts that are drawn."""
    from matplotlib.text import Text

    hidden = set()
    for axes in figure.axes:
        if not axes.get_visible():
            hidden.update(axes.findobj(Text))
        elif not axes.axison:
            hidden.update(axes.xaxis.findobj(Text), axes.yaxis.findobj(Text))
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and text not in hidden:
            yield text


def _size(text: "Text") -> float:
    """Return the size of the smallest letter of a text, in points."""
    scripts = _SCRIPTS.search(text.get_text())
    return text.get_fontsize() * (_SCRIPT if scripts else 1)


def _enlarge(figure: "Figure") -> None:
    """Give each text whose letters are too small a size that can be read."""
    figure.canvas.draw()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            sizes = [_size(t) for t in axis.get_ticklabels() if t.get_text()]
            if sizes and min(sizes) < SMALLEST:
                size = axis.get_ticklabels()[0].get_fontsize()
                axis.set_tick_params(labelsize=size * SMALLEST / min(sizes))
    for text in _texts(figure):
        if _size(text) < SMALLEST:
            text.set_fontsize(text.get_fontsize() * SMALLEST / _size(text))


def _narrow_legends(figure: "Figure", width: float) -> None:
    """Give legends that are wider than the figure fewer columns."""
    from matplotlib.legend import Legend

    for legend in figure.findobj(Legend):
        names = [text.get_text() for text in legend.get_texts()]
        columns = legend._ncols
        while columns > 1 and legend.get_window_extent().width > width:
            columns -= 1
            legend.set_ncols(columns)
            legend._init_legend_box(legend.legend_handles, names)
            legend._set_loc(legend._loc_real)
            figure.canvas.draw()


def _panels(figure: "Figure") -> "dict[tuple[int, int], list[Axes]]":
    """Return the panels of the figure's grid, by row and column, twins together."""
    panels: dict[tuple[int, int], list[Axes]] = {}
    for axes in figure.axes:
        spec = axes.get_subplotspec()
        if spec is not None:
            place = (spec.rowspan.start, spec.colspan.start)
            panels.setdefault(place, []).append(axes)
    return dict(sorted(panels.items()))


def _is_picture(panel: "list[Axes]") -> bool:
    """Tell whether a panel shows an image, or nothing, and no scales."""
    axes = panel[0]
    bare = not axes.axison or not len(axes.get_xticks()) + len(axes.get_yticks())
    return bare and not axes.lines and (bool(axes.images) or not axes.has_data())


def _fit_plots(figure: "Figure", panels: dict, width: float, height: float) -> None:
    """Put panels below one another, each as high as it was."""
    rows = 1 + max(row for row, _ in panels)
    grid = figure.add_gridspec(len(panels), 1)
    for place, panel in zip(grid, panels.values(), strict=True):
        for axes in panel:
            axes.set_subplotspec(place)
    figure.set_size_inches(width, height / rows * len(panels))
    if figure.get_layout_engine() is not None:
        figure.get_layout_engine().set(h_pad=_BETWEEN / _INCH)
    _say_scales(panels)
    figure.canvas.draw()
    for axes in figure.axes:
        _part_labels(axes)
        _wrap_titles(axes)


def _say_scales(panels: dict) -> None:
    """Label the axes of panels that left it to a neighbour beside or below."""
    labels: dict[tuple[str, int], str] = {}
    for (row, _), panel in panels.items():
        axes = panel[0]
        axes.tick_params(labelleft=axes.yaxis.get_tick_params()["left"])
        label = axes.get_ylabel() or labels.get(("y", row), "")
        labels["y", row] = label
        if axes.axison:
            axes.set_ylabel(label)


def _part_labels(axes: "Axes") -> None:
    """Turn the labels along x where they would touch."""
    shown = [t for t in axes.get_xticklabels() if t.get_visible() and t.get_text()]
    boxes = sorted((t.get_window_extent() for t in shown), key=lambda box: box.x0)
    touching = any(b.x0 < a.x1 + _GAP for a, b in pairwise(boxes))
    if axes.axison and touching:
        for text in shown:
            text.set(rotation=40, ha="right", rotation_mode="anchor")


def _fit_pictures(figure: "Figure", panels: dict, width: float) -> None:
    """Break each row of pictures into rows of at most four, titles and all."""
    across = 1 + max(column for _, column in panels)
    columns = _columns(across, panels)
    pieces = math.ceil(across / columns)
    rows = 1 + max(row for row, _ in panels)
    if pieces > 1:
        _repeat_titles(panels)
    grid = figure.add_gridspec(rows * pieces, columns)
    tile = width / columns
    heights = [0.0] * (rows * pieces)
    for (row, column), panel in panels.items():
        place = (row * pieces + column // columns, column % columns)
        for axes in panel:
            axes.set_subplotspec(grid[place])
            heights[place[0]] = max(heights[place[0]], _height(axes, tile))
    grid.set_height_ratios([max(height, 0.01) for height in heights])
    figure.set_size_inches(width, sum(heights))


def _repeat_titles(panels: dict) -> None:
    """Give the titles over the first row to the pictures below, which lose sight of it.

    It is done where only the first row has titles.
    """
    below = [axes for (row, _), panel in panels.items() if row for axes in panel]
    if any(map(_title, below)):
        return
    for (_, column), panel in panels.items():
        for head in _title_texts(panels.get((0, column), panel)[0]):
            panel[0].set_title(
                head.get_text(),
                fontsize=head.get_fontsize(),
                fontweight=head.get_fontweight(),
                loc=head.get_horizontalalignment(),
            )


def _columns(across: int, panels: dict) -> int:
    """Return how many pictures stand in a row: as many as can be seen and named."""
    titles = [_title(axes) for panel in panels.values() for axes in panel]
    words = [word for title in titles for word in title.split()]
    longest = max(map(len, words), default=0)
    fits = [n for n in _TILES if longest * 0.62 * SMALLEST < PHONE_WIDTH / n] or [2]
    return math.ceil(across / math.ceil(across / fits[0]))


def _height(axes: "Axes", width: float) -> float:
    """Return the height of a picture with its title, in inches."""
    _wrap_titles(axes, width * _INCH)
    lines = _title(axes).count("\n") + 1 if _title(axes) else 0
    size = max((t.get_fontsize() for t in _title_texts(axes)), default=0)
    shape = axes.images[0].get_array().shape if axes.images else (0, 1)
    return width * shape[0] / shape[1] + (lines * size * 1.25 + 5) / _INCH


def _title_texts(axes: "Axes") -> "Sequence[Text]":
    texts = (axes.title, axes._left_title, axes._right_title)
    return [text for text in texts if text.get_text()]


def _title(axes: "Axes") -> str:
    return "\n".join(text.get_text() for text in _title_texts(axes))


def _wrap_titles(axes: "Axes", width: float = PHONE_WIDTH - 20) -> None:
    """Break titles into lines of a width in pixels."""
    for text in _title_texts(axes):
        bold = 1.1 if text.get_fontweight() == "bold" else 1
        letters = int(width / (0.6 * text.get_fontsize() * bold))
        lines = textwrap.wrap(text.get_text(), max(letters, 4), break_long_words=False)
        text.set_text("\n".join(lines))
