import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from edulib.drawing import plot_curves, use_style
from edulib.notebook.figures import format_figure


@pytest.fixture(autouse=True)
def _one_style():
    with plt.rc_context():
        use_style()
        yield
    plt.close("all")


@pytest.fixture
def stored(monkeypatch):
    monkeypatch.setenv("EOV_STORED", "1")


def opened(data):
    return Image.open(io.BytesIO(base64.b64decode(data)))


def two_curves():
    return plot_curves({"plain": [3, 2, 1], "residual": [2, 1, 1]}, "epoch", "error")


def test_a_page_gets_a_second_drawing(stored):
    data, about = format_figure(two_curves())
    phone = about["phone"]
    for content, facts in ((data, about), (phone["data"], phone)):
        width, height = opened(content).size
        assert abs(width - 2 * facts["width"]) <= 2
        assert abs(height - 2 * facts["height"]) <= 2
        assert facts["letters"] == 10
        assert facts["pictures"] == []
    assert about["width"] > 500
    assert phone["width"] <= 341


def test_the_same_figure_gives_the_same_bytes(stored):
    assert format_figure(two_curves()) == format_figure(two_curves())


def test_who_shows_a_figure_twice_sees_the_same(stored):
    figure = two_curves()
    words = repr(figure)
    assert format_figure(figure) == format_figure(figure)
    assert repr(figure) == words


def test_others_get_one(monkeypatch):
    monkeypatch.setenv("EOV_STATIC", "1")
    monkeypatch.delenv("EOV_STORED", raising=False)
    figure = two_curves()
    _, about = format_figure(figure)
    assert "phone" not in about
    assert figure.get_size_inches()[0] == 7.2


def test_nothing_is_shown_of_nothing():
    assert format_figure(plt.figure()) is None


def test_pictures_lie_where_it_says(stored):
    figure, axes = plt.subplots(1, 2, figsize=(6, 3))
    for axis in axes:
        axis.imshow(np.full((4, 4, 3), (1.0, 0, 0)))
        axis.axis("off")
    data, about = format_figure(figure)
    for content, facts in ((data, about), (about["phone"]["data"], about["phone"])):
        pixels = np.asarray(opened(content).convert("RGB"), int)
        red = (pixels == (255, 0, 0)).all(axis=2)
        claimed = np.zeros_like(red)
        height, width = red.shape
        assert len(facts["pictures"]) == 2
        for left, top, right, bottom in facts["pictures"]:
            rows = slice(round(top * height), round(bottom * height))
            claimed[rows, round(left * width) : round(right * width)] = True
        assert red.sum() > 0.3 * red.size
        assert (red != claimed).mean() < 0.02
