import base64
import io

import numpy as np
import pytest
from nbformat import v4
from PIL import Image
from sample_chapter import code, shown

from edulib.authoring.compress_figures import shrink_figures, shrink_png, shrink_to_webp


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def smooth():
    ramp = np.linspace(0, 255, 90)
    planes = [ramp[:, None] + 0 * ramp, ramp + 0 * ramp[:, None], 128 + 0 * ramp]
    return np.stack(np.broadcast_arrays(*planes), axis=-1).astype(np.uint8)


def noisy():
    pixels = smooth()
    return pixels ^ np.random.default_rng(0).integers(0, 4, pixels.shape, np.uint8)


def opened(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), int)


def test_a_picture_looks_alike_in_fewer_bytes():
    pixels = noisy()
    kind, small = shrink_png(png(pixels))
    assert kind == "image/png"
    assert len(small) < 0.6 * len(png(pixels))
    assert np.abs(opened(small) - pixels).max() <= 40
    assert shrink_png(small) == (kind, small)
    assert shrink_png(png(pixels)) == (kind, small)


def test_few_colours_stay_exact():
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[::7, :, 0] = 255
    pixels[:, 3] = (0, 114, 178)
    assert np.array_equal(opened(shrink_png(png(pixels))[1]), pixels)


def noise():
    return np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)


def test_what_would_look_different_with_a_palette_becomes_jpeg():
    kind, small = shrink_png(png(noise()))
    assert kind == "image/jpeg"
    assert small[:2] == b"\xff\xd8"
    assert len(small) < 0.8 * len(png(noise()))


@pytest.mark.parametrize("photo", [True, False])
def test_webp_is_exact_for_few_colours(photo):
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[::7, :, 0] = 255
    small = shrink_to_webp(png(pixels), photo)
    assert small[8:12] == b"WEBP"
    assert np.array_equal(opened(small), pixels)


def test_webp_of_pictures_may_lose_a_little():
    exact, lossy = (shrink_to_webp(png(noisy()), photo) for photo in (False, True))
    assert len(lossy) < len(exact)
    assert len(shrink_to_webp(png(noise()), False)) < 0.5 * len(png(noise()))


def test_transparent_becomes_white():
    clear = np.zeros((64, 64, 4), np.uint8)
    clear[:32] = np.random.default_rng(0).integers(0, 9, (32, 64, 4), np.uint8)
    assert opened(shrink_png(png(clear))[1])[-1, -1].tolist() == [255, 255, 255]


@pytest.mark.parametrize("other", ["image/jpeg", "text/html"])
def test_only_png_outputs_change(other):
    content = base64.b64encode(png(noisy())).decode()
    cell = code("x", outputs=[shown(image_png=content), shown(**{other: content})])
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("a"), cell])
    shrink_figures(notebook)
    first, second = notebook.cells[1].outputs
    assert len(first.data["image/png"]) < len(content)
    assert second.data[other] == content


def test_what_is_known_of_a_figure_goes_with_it():
    cell = code("x", outputs=[shown(image_png=base64.b64encode(png(noise())).decode())])
    phone = {"data": base64.b64encode(png(noisy())).decode(), "pictures": []}
    cell.outputs[0].metadata["image/png"] = {"letters": 10.0, "phone": phone}
    shrink_figures(v4.new_notebook(cells=[cell]))
    assert set(cell.outputs[0].data) == {"image/jpeg"}
    assert set(cell.outputs[0].metadata) == {"image/jpeg"}
    about = cell.outputs[0].metadata["image/jpeg"]
    assert about["letters"] == 10.0
    assert base64.b64decode(about["phone"]["data"])[8:12] == b"WEBP"
