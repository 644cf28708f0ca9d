"""Boxes written in three ways, measured and clipped: against torchvision's."""

import pytest
import torch
from box_helpers import box_sets, few, random_boxes
from hypothesis import given
from torchvision import ops as theirs

from edulib.models.ops import boxes as ours

PAIRS = [("xyxy", "cxcywh"), ("cxcywh", "xyxy"), ("xyxy", "xywh"), ("xywh", "xyxy")]


@pytest.mark.parametrize(("old", "new"), PAIRS)
@few
@given(box_sets())
def test_a_conversion_is_torchvisions(old, new, boxes):
    convert = getattr(ours, f"{old}_to_{new}")
    expected = theirs.box_convert(boxes, old, new)
    torch.testing.assert_close(convert(boxes), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("written", ["cxcywh", "xywh"])
@few
@given(box_sets())
def test_a_conversion_is_undone(written, boxes):
    there = getattr(ours, f"xyxy_to_{written}")
    back = getattr(ours, f"{written}_to_xyxy")
    torch.testing.assert_close(back(there(boxes)), boxes, rtol=0, atol=1e-13)


@pytest.mark.parametrize("convert", [*(f"{a}_to_{b}" for a, b in PAIRS), "box_area"])
@pytest.mark.parametrize("shape", [(5, 3), (5,), (5, 8)])
def test_what_is_no_box_is_not_converted(convert, shape):
    with pytest.raises(ValueError, match=r"expected boxes \(..., 4\), got \(5"):
        getattr(ours, convert)(torch.rand(shape))


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_any_number_of_axes_is_converted(old, new):
    convert = getattr(ours, f"{old}_to_{new}")
    boxes = random_boxes(6)
    assert torch.equal(convert(boxes.view(2, 3, 4)).view(6, 4), convert(boxes))
    assert convert(boxes[0]).shape == (4,)
    assert convert(boxes[:0]).shape == (0, 4)


def test_the_conversions_by_hand():
    boxes = torch.tensor([[10.0, 20, 40, 30]])
    assert ours.xyxy_to_cxcywh(boxes).tolist() == [[25, 25, 30, 10]]
    assert ours.xyxy_to_xywh(boxes).tolist() == [[10, 20, 30, 10]]
    assert ours.box_area(boxes).tolist() == [300]


@few
@given(box_sets())
def test_the_area_is_torchvisions(boxes):
    assert torch.equal(ours.box_area(boxes), theirs.box_area(boxes))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_an_area_does_not_overflow_in_half_precision(dtype):
    boxes = torch.tensor([0, 0, 512, 512], dtype=dtype)
    assert ours.box_area(boxes).item() == 512**2


@few
@given(box_sets())
def test_clipping_is_torchvisions(boxes):
    clipped = ours.clip_boxes(boxes, (5, 8))
    assert torch.equal(clipped, theirs.clip_boxes_to_image(boxes, (5, 8)))
    assert (ours.box_area(clipped) >= 0).all()


def test_clipping_takes_the_height_first():
    boxes = torch.tensor([[-1.0, -2, 30, 40], [50, 1, 60, 2]])
    assert ours.clip_boxes(boxes, (10, 20)).tolist() == [[0, 0, 20, 10], [20, 1, 20, 2]]


@few
@given(box_sets())
def test_what_is_large_enough_is_torchvisions(boxes):
    kept = ours.large_enough(boxes, 2.0).nonzero()[:, 0]
    assert torch.equal(kept, theirs.remove_small_boxes(boxes, 2.0))


def test_large_enough_looks_at_both_sides():
    boxes = torch.tensor([[0.0, 0, 2, 9], [0, 0, 9, 1.9], [0, 0, 2, 2]])
    assert ours.large_enough(boxes, 2.0).tolist() == [True, False, True]
