import base64
import hashlib
import io
from types import SimpleNamespace

import nbformat.v4 as v4
import numpy as np
import pytest
from docutils import nodes
from PIL import Image
from sample_chapter import code, shown

from edulib.authoring.notebooks import write
from edulib.authoring.page_figures import (
    PHONE,
    darken,
    depart_picture,
    drawing,
    offer_drawings,
    picture,
    visit_drawing,
    visit_picture,
)

BOX = [0.25, 0.0, 0.75, 1.0]


def png(size, color):
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, format="PNG")
    return buffer.getvalue()


WIDE, NARROW = png((40, 20), "white"), png((20, 30), "white")
ABOUT = {
    "width": 20,
    "height": 10,
    "letters": 10.0,
    "pictures": [BOX],
    "phone": {
        "data": base64.b64encode(NARROW).decode(),
        "width": 10,
        "height": 15,
        "letters": 9.0,
        "pictures": [BOX],
    },
}


def opened(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), int)


@pytest.fixture
def page(tmp_path):
    """A page with one figure, its classes to be chosen, run through the extension."""

    def make(*classes, about=ABOUT):
        output = shown(image_png=base64.b64encode(WIDE).decode())
        output.metadata["image/png"] = about
        write(
            v4.new_notebook(cells=[code("x", outputs=[output])]), tmp_path / "p.ipynb"
        )
        name = f"{hashlib.sha256(WIDE).hexdigest()}.png"
        (tmp_path / name).write_bytes(WIDE)
        tree = nodes.container()
        tree += nodes.image(uri=name, alt='A "good" plot', classes=list(classes))
        tree += nodes.image(uri="logo.png", alt="Another")
        env = SimpleNamespace(
            docname="p",
            doc2path=lambda name: str(tmp_path / f"{name}.ipynb"),
            relfn2path=lambda uri, name: (uri, str(tmp_path / uri)),
        )
        offer_drawings(SimpleNamespace(env=env), tree)
        return tree

    return make


def html(tree):
    images = {node["uri"]: node["uri"] for node in tree.findall(drawing)}
    builder = SimpleNamespace(images=images, imgpath="_images")
    writer = SimpleNamespace(body=[], builder=builder)
    for shown_picture in tree.findall(picture):
        visit_picture(writer, shown_picture)
        for node in shown_picture.children:
            with pytest.raises(nodes.SkipNode):
                visit_drawing(writer, node)
        depart_picture(writer, shown_picture)
    return "".join(writer.body)


def test_a_plot_has_a_drawing_for_phones(page, tmp_path):
    tree = page("wide")
    (narrow, wide) = tree.findall(drawing)
    assert (tmp_path / narrow["uri"]).read_bytes() == NARROW
    assert (tmp_path / wide["uri"]).read_bytes() == WIDE
    assert html(tree) == (
        f'<picture class="wide"><source media="{PHONE}" '
        f'srcset="_images/{narrow["uri"]}" '
        f'width="10" height="15" data-letters="9.0"><img src="_images/{wide["uri"]}" '
        'alt="A &quot;good&quot; plot" width="20" height="10" data-letters="10.0" '
        'class="wide" loading="lazy"></picture>'
    )


def test_a_photo_has_drawings_for_both_themes(page, tmp_path):
    tree = page("photo")
    light, dark = tree.findall(picture)
    assert "only-light" in light["classes"]
    assert "only-dark" in dark["classes"]
    assert 'only-dark" loading' in html(tree)
    for node in dark.children:
        pixels = opened((tmp_path / node["uri"]).read_bytes())
        width = pixels.shape[1]
        assert pixels[:, : width // 5].max() < 35
        assert pixels[:, width // 3 : width // 2].min() > 245


def test_other_images_are_left(page):
    assert [node["uri"] for node in page().findall(nodes.image)][-1] == "logo.png"
    assert list(page(about={"width": 3}).findall(picture)) == []


def test_dark_is_what_the_style_sheet_makes_of_plots():
    dark = opened(darken(png((8, 8), "white"), []))
    assert abs(dark - 23).max() <= 2
    assert abs(opened(darken(png((8, 8), "black"), [])) - 232).max() <= 2
    red, green, blue = opened(darken(png((32, 32), "#0072B2"), []))[16, 16]
    assert blue > green > red, "the hue stays"
