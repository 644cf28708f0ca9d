"""Figures as small files: pages travel, and a repository keeps every version."""

import base64
import io
from typing import TYPE_CHECKING

from nbformat import NotebookNode

from edulib.pixels import to_rgb, with_palette

if TYPE_CHECKING:
    from PIL.Image import Image

_PHOTO = 85  # quality of a JPEG whose letters stay clean
_PHONE_PHOTO = 65


def shrink_figures(notebook: NotebookNode) -> None:
    """Store the images of all outputs in as few bytes as look the same.

    Drawings stay PNG, photographs become JPEG, and what only the pages show, the
    drawing for a phone, becomes WebP.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data, metadata = output.get("data", {}), output.get("metadata", {})
            if "image/png" not in data:
                continue
            content = base64.b64decode(data.pop("image/png"))
            about = metadata.pop("image/png", {})
            if "data" in about.get("phone", {}):
                phone = base64.b64decode(about["phone"]["data"])
                photo = bool(about["phone"]["pictures"])
                about["phone"]["data"] = _encode(shrink_to_webp(phone, photo))
            kind, small = shrink_png(content)
            data[kind] = _encode(small)
            if about:
                metadata[kind] = about


def shrink_png(content: bytes) -> tuple[str, bytes]:
    """Return the type and content of a smaller image that looks alike.

    It is a PNG with a palette if that changes next to no pixel visibly, or else a
    JPEG; what has a palette already comes back as it is.
    """
    image, few = _open(content)
    if image is None:
        return "image/png", content
    if few is not None:
        small = _saved(few, format="PNG", optimize=True)
        return "image/png", min(small, content, key=len)
    small = _saved(image, format="JPEG", quality=_PHOTO, optimize=True)
    if len(small) < len(content):
        return "image/jpeg", small
    return "image/png", content


def shrink_to_webp(content: bytes, photo: bool) -> bytes:
    """Return a PNG as WebP: with a palette, without loss, if it looks alike.

    Args:
        content: the file.
        photo: whether there are pictures in it, which may lose a little if that is
            smaller.
    """
    image, few = _open(content)
    if image is None:
        return content
    made = []
    if few is not None:
        exact = {"lossless": True, "method": 6, "quality": 100}  # of effort
        made.append(_saved(few.convert("RGB"), format="WEBP", **exact))
    if photo or few is None:
        made.append(_saved(image, format="WEBP", quality=_PHONE_PHOTO, method=6))
    return min(made, key=len)


def _open(content: bytes) -> "tuple[Image | None, Image | None]":
    """Return an image on white, and with the smallest palette with which it looks so.

    Both are None if it has a palette, the second if no palette will do.
    """
    from PIL import Image

    image = Image.open(io.BytesIO(content))
    if image.mode == "P":
        return None, None
    flat = to_rgb(image)
    return flat, with_palette(flat)


def _saved(image: "Image", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return buffer.getvalue()


def _encode(content: bytes) -> str:
    return base64.b64encode(content).decode()
