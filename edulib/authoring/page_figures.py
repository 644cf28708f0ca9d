"""Figures on the pages: wide or for a phone, light or dark, whichever is asked for.

The notebook's outputs hold both drawings (`edulib.notebook.figures`). Where a figure
has the class `photo`, dark pages show it with everything inverted but its pictures.
"""

import base64
import hashlib
import io
from html import escape
from math import ceil, floor
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import quote

from docutils import nodes

from edulib.authoring.notebooks import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

PHONE = "(max-width: 600px)"  # windows in which a wide drawing's letters are too small
_KINDS = ("image/png", "image/jpeg")
_PHOTO = "photo"
_QUALITY = 88

# What CSS does with invert(0.91) and hue-rotate(180deg): light becomes dark, and the
# hue stays.
_INVERT = (0.91, -0.82)
_HUE = ((-0.574, 1.43, 0.144), (0.426, 0.43, 0.144), (0.426, 1.43, -0.856))


class picture(nodes.General, nodes.Element):  # noqa: N801, as docutils names nodes
    """Drawings of one figure, the last of them for windows that no other is for."""


class drawing(nodes.image):  # noqa: N801
    """A file that shows a figure; `media` says in which windows, "" in all."""


def offer_drawings(app: "Sphinx", doctree: nodes.document) -> None:
    """Replace the images of a notebook's outputs by all that is drawn of them."""
    path = Path(app.env.doc2path(app.env.docname))
    images = list(doctree.findall(nodes.image))
    if path.suffix != ".ipynb" or not images:
        return
    outputs = _outputs(path)
    for image in images:
        about = outputs.get(Path(image["uri"]).stem)
        if about is not None:
            _, file = app.env.relfn2path(image["uri"], app.env.docname)
            image.replace_self(list(_pictures(image, about, Path(file))))


def visit_picture(self: "HTML5Translator", node: picture) -> None:
    """Open a picture."""
    self.body.append(f'<picture class="{_classes(node)}">')


def depart_picture(self: "HTML5Translator", node: picture) -> None:
    """Close a picture."""
    self.body.append("</picture>")


def visit_drawing(self: "HTML5Translator", node: drawing) -> NoReturn:
    """Write a drawing as a source, or as the image that all browsers know."""
    file = quote(self.builder.images[node["uri"]])
    width, height = node["size"]
    facts = f'width="{width}" height="{height}" data-letters="{node["letters"]}"'
    address = f"{self.builder.imgpath}/{file}"
    if node["media"]:
        self.body.append(f'<source media="{node["media"]}" srcset="{address}" {facts}>')
    else:
        self.body.append(
            f'<img src="{address}" alt="{escape(node["alt"])}" {facts} '
            f'class="{_classes(node)}" loading="lazy">'
        )
    raise nodes.SkipNode


def darken(content: bytes, boxes: list[list[float]]) -> bytes:
    """Return an image for a dark page, as WebP: inverted, but for the pictures in it.

    Args:
        content: the file of the image.
        boxes: left, top, right and bottom of the pictures, in shares of the image.
    """
    import numpy as np
    from PIL import Image

    image = Image.open(io.BytesIO(content)).convert("RGB")
    light = np.asarray(image, np.float32) / 255
    offset, slope = _INVERT
    dark = np.clip((offset + slope * light) @ np.array(_HUE, np.float32).T, 0, 1)
    height, width = light.shape[:2]
    for left, top, right, bottom in boxes:  # what is white at an edge stays outside
        rows = slice(ceil(max(top, 0) * height), floor(bottom * height))
        inside = (rows, slice(ceil(max(left, 0) * width), floor(right * width)))
        dark[inside] = light[inside]
    buffer = io.BytesIO()
    made = Image.fromarray((dark * 255).round().astype(np.uint8))
    made.save(buffer, format="WEBP", quality=_QUALITY, method=4)
    return buffer.getvalue()


def _outputs(path: Path) -> dict[str, dict]:
    """Return what is known of a notebook's images, by the names of their files."""
    found = {}
    for cell in read(path).cells:
        for output in cell.get("outputs", []):
            for kind in _KINDS:
                about = output.get("metadata", {}).get(kind, {})
                if "letters" in about:
                    content = base64.b64decode(output.data[kind])
                    found[hashlib.sha256(content).hexdigest()] = about
    return found


def _pictures(image: nodes.image, about: dict, file: Path) -> "Iterator[picture]":
    """Make the pictures of an image: one, or one for each theme."""
    phone = {**about["phone"], "media": PHONE}
    narrow = base64.b64decode(phone["data"])
    ways = [(file.read_bytes(), {**about, "media": ""}), (narrow, phone)]
    is_photo = _PHOTO in image["classes"]
    for theme in ("only-light", "only-dark") if is_photo else ("",):
        shown = picture(classes=[theme] if theme else [])
        for content, facts in reversed(ways):
            if theme == "only-dark":
                content = darken(content, facts["pictures"])
            name = f"{hashlib.sha256(content).hexdigest()}{_suffix(content)}"
            file.with_name(name).write_bytes(content)
            shown += drawing(
                uri=str(Path(image["uri"]).with_name(name)),
                alt=image.get("alt", ""),
                classes=[*image["classes"], *shown["classes"]],
                size=(facts["width"], facts["height"]),
                letters=facts["letters"] or "",
                media=facts["media"],
            )
        yield shown


def _suffix(content: bytes) -> str:
    if content[8:12] == b"WEBP":
        return ".webp"
    return ".png" if content[1:4] == b"PNG" else ".jpg"


def _classes(node: nodes.Element) -> str:
    return escape(" ".join(node["classes"]))
