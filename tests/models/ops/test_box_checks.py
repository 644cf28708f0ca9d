"""Bad boxes: one clear error that quotes the first of them."""

import pytest
import torch

from edulib.models.ops.checks import (
    check_boxes,
    check_regions,
    check_scores,
    check_sides,
    check_threshold,
)

NAN, INF = float("nan"), float("inf")
GOOD = [0.0, 0.0, 2.0, 3.0]


@pytest.mark.parametrize("shape", [(4,), (0, 4), (5, 4), (2, 3, 4)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_boxes_pass(shape, dtype):
    assert check_boxes(torch.zeros(shape, dtype=dtype)) is None
    assert check_sides(torch.zeros(shape, dtype=dtype)) is None


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([GOOD], r"expected anchors \(\.\.\., 4\), floating point, got a list"),
        (torch.tensor(1.0), r"got float32 \(\)"),
        (torch.zeros(3, 5), r"got float32 \(3, 5\)"),
        (torch.zeros(3, 4).long(), r"got int64 \(3, 4\): use \.float\(\)"),
        (
            torch.tensor([GOOD, [0, NAN, 2, 3]]),
            r"finite numbers, got \[0.0, nan, 2.0, 3",
        ),
        (
            torch.tensor([GOOD, [0, 0, INF, 3]]),
            r"finite numbers, got \[0.0, 0.0, inf, 3",
        ),
    ],
)
def test_what_are_no_boxes_is_named(boxes, message):
    with pytest.raises(ValueError, match=message):
        check_boxes(boxes, "anchors")


@pytest.mark.parametrize("wrong", [[3.0, 0, 1, 2], [0.0, 5, 1, 2]])
def test_swapped_corners_are_quoted(wrong):
    boxes = torch.tensor([GOOD, wrong])
    check_boxes(boxes)
    message = rf"truths .*x2 >= x1 and y2 >= y1, got \[{wrong[0]}, "
    with pytest.raises(ValueError, match=message):
        check_sides(boxes, "truths")


@pytest.mark.parametrize("flat", [[1.0, 0, 1, 2], [0.0, 2, 1, 2]])
def test_a_box_without_area_is_refused_where_one_divides_by_it(flat):
    boxes = torch.tensor([GOOD, flat])
    check_sides(boxes)
    with pytest.raises(ValueError, match="x2 > x1 and y2 > y1"):
        check_sides(boxes, flat=False)


@pytest.mark.parametrize(
    ("boxes", "scores", "message"),
    [
        (
            torch.zeros(4),
            torch.zeros(1),
            r"boxes \(N, 4\) and scores .* got float32 \(4,",
        ),
        (
            torch.zeros(2, 4),
            torch.zeros(2, 1),
            r"got float32 \(2, 4\) and float32 \(2, 1",
        ),
        (torch.zeros(2, 4), [0.5, 0.5], r"and a list"),
        (torch.zeros(2, 4), torch.zeros(3), r"each of 2 boxes, got 3"),
        (torch.zeros(2, 4), torch.tensor([0.5, NAN]), r"got nan for box 1"),
    ],
)
def test_scores_that_do_not_fit_are_named(boxes, scores, message):
    with pytest.raises(ValueError, match=message):
        check_scores(scores, boxes)


@pytest.mark.parametrize(
    ("maps", "boxes", "message"),
    [
        (torch.zeros(3, 8, 8), [torch.zeros(1, 4)], r"features \(B, C, H, W\), got fl"),
        (torch.zeros(2, 1, 8, 8), [torch.zeros(1, 4)], r"each of 2 images, got 1 of"),
        (
            torch.zeros(2, 1, 8, 8),
            torch.zeros(2, 4),
            r"of 2 images, got float32 \(2, 4",
        ),
        (torch.zeros(1, 1, 8, 8), [torch.full((1, 4), NAN)], r"finite numbers"),
        (
            torch.zeros(1, 1, 8, 8),
            [torch.zeros(4)],
            r"boxes \(N, 4\), got float32 \(4,",
        ),
    ],
)
def test_regions_that_do_not_fit_are_named(maps, boxes, message):
    with pytest.raises(ValueError, match=message):
        check_regions(maps, boxes)


@pytest.mark.parametrize("wrong", [-0.1, 1.5, NAN])
def test_a_threshold_is_an_overlap(wrong):
    with pytest.raises(ValueError, match=f"IoU from 0 to 1, got {wrong}"):
        check_threshold(wrong)
