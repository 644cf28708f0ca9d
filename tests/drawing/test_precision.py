"""Average precision drawn: the area is the number beside it."""

import math
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from edulib.drawing import plot_ap_by_size, plot_precision_recall, use_style
from edulib.drawing.phone import PHONE_WIDTH, SMALLEST, fit_phone, smallest_letter
from edulib.training import PrecisionRecall


@pytest.fixture(autouse=True)
def _one_style():
    with plt.rc_context():
        use_style()
        yield
    plt.close("all")


def curve(recall, precision, scores=None):
    numbers = [
        torch.tensor(values, dtype=torch.float64) for values in (recall, precision)
    ]
    return PrecisionRecall(*numbers, scores)


RAW = curve([0.2, 0.2, 0.4, 0.6], [1, 1 / 2, 2 / 3, 3 / 4], torch.tensor([4, 3, 2, 1]))


def area_below(line):
    """The area below a line of steps that end at their recall."""
    recall, precision = line.get_xdata(), line.get_ydata()
    return float((np.diff(recall) * precision[1:]).sum())


def test_the_area_is_the_average_precision():
    axes = plot_precision_recall({"cat": RAW}).axes[0]
    assert area_below(axes.lines[0]) == pytest.approx(0.2 * 1 + 0.4 * 3 / 4)
    assert area_below(axes.lines[0]) == pytest.approx(RAW.ap, abs=0.01)
    assert axes.lines[0].get_drawstyle() == "steps-pre"
    (said,) = axes.get_legend().get_texts()
    assert said.get_text() == f"cat: AP {RAW.ap:.2f}"
    (fill,) = axes.collections
    assert fill.get_paths()[0].get_extents().extents.tolist() == [0, 0, 1, 1]


def test_only_the_curve_of_a_class_is_drawn_as_it_is():
    mean = curve([0, 0.5, 1], [1, 0.5, 0.25])
    axes = plot_precision_recall({"cat": RAW, "all": mean}, title="Two").axes[0]
    bold, raw, other = axes.lines
    assert raw.get_ydata().tolist() == RAW.precision.tolist()
    assert bold.get_linestyle() != other.get_linestyle()
    assert bold.get_color() == raw.get_color() != other.get_color()


def test_no_detections_have_a_curve_of_no_area():
    axes = plot_precision_recall({"none": curve([], [])}).axes[0]
    assert area_below(axes.lines[0]) == 0
    assert axes.get_legend().get_texts()[0].get_text() == "none: AP 0.00"


SIZES = {"AP_small": 0.25, "AP_medium": math.nan, "AP_large": 0.75}


def test_bars_say_their_height_and_what_is_not_there():
    figure = plot_ap_by_size({"one": SIZES, "two": {**SIZES, "AP_medium": 0.0}})
    (axes,) = figure.axes
    assert [bar.get_height() for bar in axes.patches] == [0.25, 0, 0.75, 0.25, 0, 0.75]
    said = [text.get_text() for text in axes.texts]
    assert said == ["0.25", "none", "0.75", "0.25", "0.00", "0.75"]
    left = sorted(axes.patches, key=lambda bar: bar.get_x())
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in left]
    assert all(a[1] <= b[0] for a, b in pairwise(ends))


@pytest.mark.parametrize(
    "figure",
    [
        lambda: plot_precision_recall({"a": RAW, "b": RAW}, "A title of some words"),
        lambda: plot_ap_by_size({"one map": SIZES, "six maps": SIZES}),
    ],
)
def test_both_can_be_read_on_a_phone(figure):
    drawn = figure()
    fit_phone(drawn)
    drawn.canvas.draw()
    assert drawn.get_tightbbox().width * 72 <= PHONE_WIDTH
    assert smallest_letter(drawn) >= SMALLEST


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot_precision_recall({}), "at least one curve"),
        (lambda: plot_ap_by_size({}), "sizes small, medium, large, got none"),
        (
            lambda: plot_ap_by_size({"a": SIZES}, ["tiny"]),
            "sizes tiny, got none of tin",
        ),
    ],
)
def test_nothing_to_draw_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
