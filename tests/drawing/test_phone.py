"""Narrow drawings, each with the defect that the wide one would show on a phone."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest

from edulib.drawing import on_phone, use_style
from edulib.drawing.phone import (
    PHONE_WIDTH,
    SMALLEST,
    fit_phone,
    picture_boxes,
    smallest_letter,
)

PICTURE = np.random.default_rng(0).random((8, 12))


@pytest.fixture(autouse=True)
def _one_style():
    with plt.rc_context():
        use_style()
        yield
    plt.close("all")


def panels(rows, columns, **options):
    figure, axes = plt.subplots(rows, columns, figsize=(7.2, 3 * rows), **options)
    for axis in np.ravel(axes):
        axis.plot([1, 2, 3], [3, 1, 2])
    return figure, axes


def grid(rows, columns, titles=()):
    figure, axes = plt.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.imshow(PICTURE)
        axis.axis("off")
    for axis, title in zip(axes.flat, titles, strict=False):
        axis.set_title(title, fontsize=7, loc="center")
    return figure, axes


def place(axis):
    spec = axis.get_subplotspec()
    return spec.rowspan.start, spec.colspan.start


def drawn_width(figure):
    figure.canvas.draw()
    return figure.get_tightbbox().width * 72


def test_panels_stand_below_one_another_as_high_as_before():
    figure, axes = panels(1, 3, sharey=True)
    axes[0].set_ylabel("error")
    fit_phone(figure)
    assert [place(axis) for axis in axes] == [(0, 0), (1, 0), (2, 0)]
    assert figure.get_size_inches()[1] == pytest.approx(9)
    assert drawn_width(figure) <= PHONE_WIDTH
    assert [axis.get_ylabel() for axis in axes] == ["error"] * 3
    for axis in axes:
        assert any(t.get_visible() and t.get_text() for t in axis.get_yticklabels())


def test_twins_stay_together():
    figure, (left, right) = panels(1, 2)
    twin = right.twinx()
    twin.plot([5, 6, 7])
    fit_phone(figure)
    assert place(left) == (0, 0)
    assert place(right) == place(twin) == (1, 0)


def test_letters_grow_until_they_can_be_read():
    figure, axis = panels(1, 1)
    axis.text(1, 1, "note", fontsize=6)
    axis.tick_params(labelsize=8)
    assert smallest_letter(figure) == 6
    fit_phone(figure)
    assert smallest_letter(figure) == pytest.approx(SMALLEST)


def test_exponents_count_as_letters():
    figure, axis = panels(1, 1)
    axis.set_yscale("log")
    figure.canvas.draw()
    assert smallest_letter(figure) == pytest.approx(7)
    fit_phone(figure)
    assert smallest_letter(figure) >= SMALLEST


def test_what_is_not_drawn_is_no_letter():
    figure, axis = panels(1, 1)
    axis.set_title("title", fontsize=12)
    axis.axis("off")
    axis.text(1, 1, "hidden", fontsize=3, visible=False)
    assert smallest_letter(figure) == 12
    axis.set_title("")
    assert smallest_letter(figure) is None


@pytest.mark.parametrize(
    ("across", "columns"), [(2, 2), (4, 4), (5, 3), (6, 3), (8, 4), (10, 4), (16, 4)]
)
def test_rows_of_pictures_break_evenly(across, columns):
    figure, axes = grid(2, across)
    fit_phone(figure)
    pieces = -(-across // columns)
    for row, column in np.ndindex(2, across):
        expected = (row * pieces + column // columns, column % columns)
        assert place(axes[row, column]) == expected
    assert drawn_width(figure) <= PHONE_WIDTH


def test_long_words_ask_for_larger_pictures():
    figure, axes = grid(1, 4, ["a", "b", "guided_backpropagation", "d"])
    fit_phone(figure)
    assert [place(axis) for axis in axes[0]] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert smallest_letter(figure) == SMALLEST


def test_titles_over_the_first_row_are_repeated():
    figure, axes = grid(2, 5, "abcde")
    fit_phone(figure)
    assert [axis.get_title() for axis in axes[1]] == list("abcde")


def test_titles_of_other_rows_are_left():
    figure, axes = grid(2, 5, "abcdefg")
    fit_phone(figure)
    assert [axis.get_title() for axis in axes[1]] == ["f", "g", "", "", ""]


def test_wide_legends_get_fewer_columns():
    figure, axis = panels(1, 1)
    for k in range(4):
        axis.plot([1, 2], [k, k], label=f"a network with {k} layers")
    figure.legend(loc="outside upper center", ncols=4)
    fit_phone(figure)
    assert drawn_width(figure) <= PHONE_WIDTH
    assert len(figure.legends[0].get_texts()) == 4


def test_long_titles_break():
    figure, axis = panels(1, 1)
    axis.set_title("A title that says in many words what this one panel shows")
    fit_phone(figure)
    assert drawn_width(figure) <= PHONE_WIDTH
    assert axis.get_title(loc="left").count("\n") == 1


def test_labels_along_x_do_not_touch():
    figure, axis = panels(1, 1)
    axis.set_xticks([1, 1.3, 1.6, 2], ["convolution", "pooling", "dense", "softmax"])
    fit_phone(figure)
    figure.canvas.draw()
    assert {text.get_rotation() for text in axis.get_xticklabels()} == {40}
    other, plain = panels(1, 1)
    plain.set_xticks([1, 2], ["first", "last"])
    fit_phone(other)
    boxes = [text.get_window_extent() for text in plain.get_xticklabels()]
    assert all(a.x1 < b.x0 for a, b in pairwise(boxes))
    assert {text.get_rotation() for text in plain.get_xticklabels()} == {0}


def test_the_author_has_the_last_word():
    figure, axes = panels(1, 2)
    seen = []

    def change(narrow):
        seen.append([place(axis) for axis in axes])
        narrow.clear()
        narrow.subplots().text(0.5, 0.5, "anew", fontsize=5)

    assert on_phone(figure, change) is figure
    assert seen == []
    fit_phone(figure)
    assert seen == [[(0, 0), (1, 0)]]
    assert smallest_letter(figure) == pytest.approx(SMALLEST)


def test_pictures_and_scales_of_colours_are_found():
    figure, (left, right) = plt.subplots(1, 2, figsize=(6, 3), layout="none")
    left.set_position([0.1, 0.2, 0.3, 0.5])
    shown = left.imshow(PICTURE, aspect="auto", extent=(0, 12, 0, 8))
    left.set_xlim(6, 18)
    right.plot([1, 2])
    bar = figure.colorbar(shown, cax=figure.add_axes([0.9, 0.1, 0.05, 0.8]))
    figure.canvas.draw()
    first, second = picture_boxes(figure)
    assert first == pytest.approx((0.6, 0.6, 1.5, 2.1))
    assert second == pytest.approx((5.4, 0.3, 5.7, 2.7))
    bar.remove()
    left.set_visible(False)
    assert picture_boxes(figure) == []
