from itertools import pairwise

import matplotlib.pyplot as plt
import pytest

from edulib.drawing import SERIES, plot_curves
from edulib.drawing.curves import place_labels


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_bare_values_stand_at_their_epochs():
    axis = plot_curves({"train": [0.3, 0.2, 0.1]}, "epoch", "error").axes[0]
    assert axis.lines[0].get_xdata().tolist() == [1, 2, 3]


def test_pairs_keep_their_x():
    axis = plot_curves({"depth": ([20, 56], [0.1, 0.7])}, "layers", "error").axes[0]
    assert axis.lines[0].get_xdata().tolist() == [20, 56]


def test_every_curve_is_named_at_its_end_and_no_two_names_touch():
    curves = {f"net {k}": [1.0, 0.5 + k / 1000] for k in range(5)}
    figure = plot_curves(curves, "epoch", "loss")
    figure.canvas.draw()
    axis = figure.axes[0]
    assert sorted(text.get_text() for text in axis.texts) == sorted(curves)
    boxes = sorted(
        (text.get_window_extent() for text in axis.texts), key=lambda b: b.y0
    )
    for lower, upper in pairwise(boxes):
        assert lower.y1 <= upper.y0 + 1


@pytest.mark.parametrize("width", [7.2, 4.6])
def test_whole_numbers_along_x_have_whole_ticks(width):
    figure = plot_curves({"plain": list(range(20)), "deep": [4, 3]}, "epoch", "error")
    figure.set_size_inches(width, 3)
    figure.canvas.draw()
    assert all(tick % 1 == 0 for tick in figure.axes[0].get_xticks())


def test_names_follow_their_curves_when_the_layout_changes():
    figure = plot_curves({"a": [1.0, 0.5], "b": [1.0, 0.51]}, "epoch", "loss")
    figure.axes[0].set_ylim(-3, 3)
    figure.set_size_inches(4.6, 5)
    place_labels(figure)
    first, second = figure.axes[0].texts
    boxes = [text.get_window_extent() for text in (first, second)]
    assert boxes[0].y1 <= boxes[1].y0 + 1
    end = figure.axes[0].transData.transform((2, 0.5))
    assert (boxes[0].y0 + boxes[0].y1) / 2 == pytest.approx(end[1], abs=2)
    assert boxes[0].x0 == pytest.approx(end[0] + 7, abs=4)


def test_names_stay_beside_the_axes_that_their_curves_leave():
    figure = plot_curves({"up": [0, 9], "down": [0, -9]}, "x", "y")
    (axis,) = figure.axes
    axis.set_ylim(-1, 1)
    place_labels(figure)
    assert [text.xy[1] for text in axis.texts] == pytest.approx([1, 0])


def test_curves_differ_in_colour_and_in_dash():
    axis = plot_curves({"a": [1, 2], "b": [2, 1]}, "x", "y").axes[0]
    first, second = axis.lines
    assert first.get_color() != second.get_color()
    assert first.get_linestyle() != second.get_linestyle()


def test_series_colours_are_distinct():
    assert len(set(SERIES)) == len(SERIES)


def test_no_curves_is_an_error():
    with pytest.raises(ValueError, match="at least one curve"):
        plot_curves({}, "x", "y")
