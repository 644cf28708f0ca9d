import base64
import io
import json
import re

import matplotlib as mpl
import numpy as np
import pytest
import torch
from PIL import Image

from edulib.notebook import image_picker, image_slider, slider
from edulib.notebook.pictures import encode

mpl.use("agg")


def some(count=3, channels=1, height=8, width=8):
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count, channels, height, width, generator=generator)


def figure(power):
    import matplotlib.pyplot as plt

    drawn, axes = plt.subplots(figsize=(5, 2))
    axes.plot(np.linspace(0, 1, 20) ** power)
    return drawn


def tags(shown):
    return re.findall(r"<img [^>]*>", shown._repr_html_())


def attribute(tag, name):
    return re.search(f' {name}="([^"]*)"', tag)[1]


def pixels(tag):
    data = attribute(tag, "src").removeprefix("data:image/webp;base64,")
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_two_calls_give_the_same_bytes():
    made = [
        image_slider([figure(1), figure(2)], ["one", "two"], "A curve.")
        for _ in range(2)
    ]
    assert made[0]._repr_html_() == made[1]._repr_html_()


def test_every_frame_has_alt_text_size_and_one_is_visible():
    shown = tags(image_slider(some(), ["a", "b", "c"], "Filters."))
    assert [attribute(tag, "alt") for tag in shown] == [
        "Filters: a.",
        "Filters: b.",
        "Filters: c.",
    ]
    assert all(attribute(tag, "width") == "280" for tag in shown)
    assert all(attribute(tag, "height") == "280" for tag in shown)
    assert ["visible" in tag for tag in shown] == [True, False, False]


def test_tiny_images_are_stored_exactly_and_shown_large():
    images = some()
    tag = tags(image_slider(images, "abc", "Filters."))[1]
    stored = np.asarray(pixels(tag))
    assert stored.shape == (8, 8, 3)
    assert np.array_equal(stored[..., 0], (images[1, 0] * 255).round().byte().numpy())
    assert "image-rendering:pixelated" in tag


def test_larger_images_keep_their_size_and_are_smooth():
    tag = tags(image_slider(some(1, 3, 150, 300), ["x"], "A photo.", photo=True))[0]
    assert (attribute(tag, "width"), attribute(tag, "height")) == ("300", "150")
    assert "pixelated" not in tag
    assert pixels(tag).size == (300, 150)


def test_figures_have_the_size_of_the_page_and_pixels_for_fine_screens():
    tag = tags(image_slider([figure(1)], ["x"], "A curve."))[0]
    assert (attribute(tag, "width"), attribute(tag, "height")) == ("360", "144")
    assert pixels(tag).size == (720, 288)


def drawn(made):
    """The pixels of a figure as it is before it is stored."""
    buffer = io.BytesIO()
    made.savefig(buffer, format="png", dpi=144)
    return np.asarray(Image.open(buffer).convert("RGB"), int)


def test_a_drawing_has_a_palette_and_sharp_letters():
    exact = drawn(figure(1))
    shown = tags(image_slider([figure(1)], ["x"], "A curve."))[0]
    stored = np.asarray(pixels(shown).convert("RGB"), int)
    assert len(np.unique(stored.reshape(-1, 3), axis=0)) <= 64
    change = np.abs(stored - exact).max(2)
    assert (change > 32).mean() <= 0.001
    assert (change[exact.min(2) == 255] == 0).all()  # white paper stays white


def test_figures_with_photographs_keep_their_shades():
    import matplotlib.pyplot as plt

    colours = np.random.default_rng(0).random((6, 6, 3))
    with plt.style.context("default", after_reset=True):  # whatever ran before
        made, axes = plt.subplots(figsize=(3, 3))
        axes.imshow(colours, interpolation="bicubic")
        exact, data = drawn(made), encode(made).data
    stored = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), int)
    assert len(np.unique(stored.reshape(-1, 3), axis=0)) > 64  # no drawing's palette
    assert np.abs(stored - exact).max(2).mean() <= 6


def test_figures_are_closed():
    import matplotlib.pyplot as plt

    plt.close("all")
    image_slider([figure(1)], ["x"], "A curve.")
    assert plt.get_fignums() == []


def test_a_width_can_be_given():
    tag = tags(image_slider(some(), "abc", "Filters.", width=100))[0]
    assert (attribute(tag, "width"), attribute(tag, "height")) == ("100", "100")


@pytest.mark.parametrize(
    "image",
    [
        torch.ones(1, 4, 4),
        torch.ones(3, 4, 4, requires_grad=True),
        torch.ones(4, 4),
        np.ones((4, 4, 3)),
        np.full((4, 4, 3), 255, dtype=np.uint8),
        Image.new("L", (4, 4), 255),
    ],
)
def test_every_kind_of_image_is_accepted(image):
    picture = Image.open(io.BytesIO(encode(image).data))
    assert np.asarray(picture).min() == 255
    assert picture.size == (4, 4)


def test_a_picker_has_a_button_for_each_group():
    shown = image_picker(
        {"conv1": {"unit 0": some()[0]}, "conv2": dict(enumerate(some()))},
        "Reconstructions",
    )
    html = shown._repr_html_()
    assert re.findall(r'aria-pressed="(\w+)">(\w+)<', html) == [
        ("true", "conv1"),
        ("false", "conv2"),
    ]
    assert attribute(tags(shown)[3], "alt") == "Reconstructions: conv2, 2."
    labels = re.search(r'data-labels="([^"]*)"', html)[1].replace("&quot;", '"')
    assert json.loads(labels) == [["unit 0"], ["0", "1", "2"]]
    assert repr(shown) == "Reconstructions\n  conv1: unit 0\n  conv2: 0, 1, 2"


def test_labels_cannot_break_out_of_the_page():
    html = image_slider(some(1), ['"><script>x</script>'], "A 'b' \"c\"")._repr_html_()
    assert "<script" not in html


def test_nothing_is_fetched_and_nothing_needs_an_id():
    html = image_picker(
        {"a": {1: some()[0]}, "b": {1: some()[1]}}, "Units"
    )._repr_html_()
    assert "http" not in html
    assert " id=" not in html


def test_without_a_kernel_there_is_only_html():
    bundle = image_slider(some(), "abc", "Filters.")._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}


def test_with_a_kernel_one_display_holds_both_forms(monkeypatch):
    monkeypatch.setattr(slider, "is_live", lambda: True)
    shown = image_slider(some(), "abc", "Filters.")
    bundle = shown._repr_mimebundle_()
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == shown.widget.model_id
    assert bundle["text/html"] == shown._repr_html_()


def test_the_widget_shows_what_is_chosen():
    groups = {"conv1": dict(enumerate(some(4))), "conv2": dict(enumerate(some(2)))}
    shown = image_picker(groups, "Units")
    group, label, image = shown.widget.children
    label.value = "3"
    assert 'alt="Units: conv1, 3."' in image.value
    assert shown.groups["conv1"]["3"].uri in image.value
    group.value = "conv2"
    assert label.value == "1"
    assert shown.groups["conv2"]["1"].uri in image.value
    assert "hidden" not in image.value


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((some(2), ["a"], "x"), "got 2 images and 1 labels"),
        (([], [], "x"), "got 0 images and 0 labels"),
        ((some(2), ["a", "a"], "x"), r"different labels, got \['a', 'a'\]"),
        ((some(1), ["a"], " "), "expected alt to say what"),
        ((some(1) * 3, ["a"], "x"), "values in .0, 1., got .* normalize_image"),
        ((some(1, 2), ["a"], "x"), r"expected images \(H, W\).*got \(2, 8, 8\)"),
        ((some(1) * torch.nan, ["a"], "x"), "got nan to nan"),
    ],
)
def test_bad_frames(arguments, message):
    with pytest.raises(ValueError, match=message):
        image_slider(*arguments)


def test_bad_groups_and_images():
    with pytest.raises(ValueError, match=r"at least one image, got \{'a': 0\}"):
        image_picker({"a": {}}, "x")
    with pytest.raises(TypeError, match=r"expected a figure.* got str"):
        image_slider(["cat.png"], ["a"], "x")
    with pytest.raises(ValueError, match="width of at least 1 pixel, got 0"):
        image_slider(some(1), ["a"], "x", width=0)


def seen(image: object) -> np.ndarray:
    """The pixels of an encoded image."""
    return np.asarray(Image.open(io.BytesIO(encode(image).data)).convert("RGB"))


def test_pictures_of_pil_are_shown_as_viewers_do():
    sixteen = Image.fromarray(np.full((4, 4), 32896, np.uint16))
    assert (seen(sixteen) == 128).all()
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert (seen(clear) == 255).all()
    lying = Image.new("RGB", (40, 30))
    lying.getexif()[0x0112] = 6
    assert seen(lying).shape == (40, 30, 3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_tensors_of_any_precision_are_shown(dtype):
    image = torch.tensor([[0.0, 0.5, 1.0]]).to(dtype).requires_grad_()
    assert seen(image)[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (Image.new("F", (4, 4), 0.5), "got mode 'F'"),
        (Image.new("I", (4, 4), 70_000), "got mode 'I'"),
        (torch.ones(4, 4, dtype=torch.complex64), r"got complex64 of shape \(4, 4\)"),
        (torch.ones(3, 0, 4), r"got float32 of shape \(0, 4, 3\)"),
        (np.array([[None]]), "got object of shape"),
        (np.full((4, 4), 3000, np.uint16), r"in \[0, 1\], got 3e\+03"),
        (torch.full((4, 4), torch.nan), "got nan"),
        (torch.ones(4, 4, 4), r"got \(4, 4, 4\)"),
    ],
)
def test_what_is_no_picture_is_refused(image, message):
    with pytest.raises(ValueError, match=message):
        encode(image)
