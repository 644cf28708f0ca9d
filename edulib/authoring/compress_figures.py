"""Figures as small files: pages travel, and a repository keeps every version."""

import base64
import io

from nbformat import NotebookNode

COLORS = 256
_VISIBLE = 32  # difference of a colour value, of 255
_FEW = 0.01  # share of the pixels


def shrink_figures(notebook: NotebookNode) -> None:
    """Store the PNG images of all outputs in as few bytes as look the same."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                small = shrink_png(base64.b64decode(data["image/png"]))
                data["image/png"] = base64.b64encode(small).decode()


def shrink_png(content: bytes) -> bytes:
    """Return a PNG with a palette of 256 colours, if that is smaller and looks alike.

    It does if at most one pixel in a hundred changes visibly. What has a palette
    already comes back as it is.
    """
    import numpy as np
    from PIL import Image

    image = Image.open(io.BytesIO(content))
    if image.mode == "P":
        return content
    white = Image.new("RGBA", image.size, "white")
    flat = Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    few = flat.quantize(COLORS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    change = np.abs(np.asarray(few.convert("RGB"), int) - np.asarray(flat, int))
    buffer = io.BytesIO()
    few.save(buffer, format="PNG", optimize=True)
    alike = (change.max(axis=2) > _VISIBLE).mean() <= _FEW
    return buffer.getvalue() if alike and buffer.tell() < len(content) else content
