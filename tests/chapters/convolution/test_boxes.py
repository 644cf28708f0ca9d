"""Numbers in boxes: every number, every mark, and what they cannot show."""

import re

import pytest
import torch

from edulib.chapters.convolution.boxes import Box, show_boxes, window

GRID = torch.tensor([[1, -2, 0], [3, 4, 5]])


def test_all_numbers_stand_in_order_in_page_and_text():
    shown = show_boxes(["stride", Box("input", GRID), "=", Box("output", GRID + 1)])
    cells = re.findall(r"<span(?: class=\"[\w -]*\")?>([^<]*)</span>", shown.html)
    assert cells[1:7] == ["1", "\u22122", "0", "3", "4", "5"]
    assert shown.text == "stride input 1 \u22122 0; 3 4 5 = output 2 \u22121 1; 4 5 6"


def test_marks_and_padding_are_where_they_were_asked_for():
    html = Box("x", torch.zeros(3, 3), marked=[(0, 2), (1, 1)], padding=1).html()
    spans = re.findall(r"<span([^>]*)>", html)
    marked = [n for n, span in enumerate(spans) if "eov-marked" in span]
    faded = [n for n, span in enumerate(spans) if "eov-faded" in span]
    assert marked == [2, 4]
    assert faded == [0, 1, 2, 3, 5, 6, 7, 8]


def test_digits_are_kept_and_a_zero_has_no_sign():
    assert Box("w", torch.tensor([[-0.004, 1.96]]), digits=1).lines() == [
        ["0.0", "2.0"]
    ]


def test_a_window_is_that_of_torch():
    x = torch.zeros(1, 1, 7, 7)
    for row, column in window(1, 2, kernel=3, dilation=2):
        x[0, 0, row, column] = 1
    kernel = torch.ones(1, 1, 3, 3)
    seen = torch.nn.functional.conv2d(x, kernel, dilation=2)[0, 0]
    assert seen[1, 2] == 9 == seen.max()


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(ValueError, match=r"matrix in 'x', got \(3,\)"):
        Box("x", torch.zeros(3))
    with pytest.raises(ValueError, match=r"within \(2, 3\), got \[\(2, 0\)\]"):
        Box("x", GRID, marked=[(0, 0), (2, 0)])
    with pytest.raises(ValueError, match=r"a box in each row, got \['='\]"):
        show_boxes(["="])
