"""Figures as a cell shows them, and as the build wants them for its pages.

Everybody sees a PNG. For the page there are more in the output's metadata, under the
image's type: `letters`, the size of its smallest letter in pixels; `pictures`, where
images lie in it, in shares of its width and height from the upper left; `phone`, the
same figure drawn as narrow as a phone, with its `data`, its size and the like.
"""

import base64
import io
from typing import TYPE_CHECKING

from edulib.drawing.curves import place_labels
from edulib.drawing.phone import fit_phone, picture_boxes, smallest_letter
from edulib.notebook.environment import is_for_pages

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell
    from matplotlib.figure import Figure
    from matplotlib.transforms import BboxBase

_PIXELS = 72  # an inch, so that a point of a letter is a pixel
_FINE = 2
_PAD = 0.04


def show_figures(shell: "InteractiveShell") -> None:
    """Let a notebook's cells show figures as here."""
    from matplotlib.figure import Figure
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    set_matplotlib_formats("retina")
    shell.display_formatter.formatters["image/png"].for_type(Figure, format_figure)


def format_figure(figure: "Figure") -> tuple[str, dict] | None:
    """Draw a figure, and for a page once more for phones, which uses the figure up.

    Returns:
        The PNG and its metadata; None for a figure with nothing in it.
    """
    if not figure.axes:
        return None
    if not is_for_pages():
        return _draw(figure)
    if not hasattr(figure, "_eov_drawn"):
        data, metadata = _draw(figure)
        size = figure.get_size_inches().copy()
        fit_phone(figure)
        narrow, about = _draw(figure)
        figure.set_size_inches(size)  # its name in words has the size
        figure._eov_drawn = data, {**metadata, "phone": {"data": narrow, **about}}
    return figure._eov_drawn


def _draw(figure: "Figure") -> tuple[str, dict]:
    """Return a PNG of twice the pixels that are shown, and what is to be known of it.

    Margins are cut off; what stands out of the figure is kept.
    """
    place_labels(figure)
    area = figure.get_tightbbox().padded(_PAD)
    buffer = io.BytesIO()
    figure.savefig(
        buffer,
        format="png",
        dpi=_FINE * _PIXELS,
        bbox_inches=area,
        metadata={"Software": None},
    )
    about = {
        "width": round(area.width * _PIXELS),
        "height": round(area.height * _PIXELS),
        "letters": smallest_letter(figure),
        "pictures": [_share(box, area) for box in picture_boxes(figure)],
    }
    return base64.b64encode(buffer.getvalue()).decode(), about


def _share(box: tuple[float, float, float, float], area: "BboxBase") -> list[float]:
    """Return left, top, right and bottom of a box in shares of an area around it."""
    left, bottom, right, top = box
    across = [(x - area.x0) / area.width for x in (left, right)]
    down = [(area.y1 - y) / area.height for y in (top, bottom)]
    corners = (across[0], down[0], across[1], down[1])
    return [round(float(corner), 4) for corner in corners]
