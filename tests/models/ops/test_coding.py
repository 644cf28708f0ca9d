"""Offsets: against a slow loop and torchvision, there and back."""

import math

import pytest
import torch
from box_helpers import box_sets, few, random_boxes
from hypothesis import given
from torchvision.models.detection import _utils as theirs

from edulib.models.ops.coding import CLIP, decode_boxes, encode_boxes

WEIGHTS = [(1.0, 1.0, 1.0, 1.0), (10.0, 10.0, 5.0, 5.0)]


def widened(boxes):
    """The same boxes with sides above 0."""
    return boxes + boxes.new_tensor([0, 0, 0.5, 0.25])


@pytest.mark.parametrize("weights", WEIGHTS)
@few
@given(box_sets(), box_sets())
def test_offsets_are_the_papers_formula(weights, boxes, anchors):
    boxes, anchors = widened(boxes)[: len(anchors)], widened(anchors)[: len(boxes)]
    found = encode_boxes(boxes, anchors, weights)
    expected = []
    for (x1, y1, x2, y2), (a1, b1, a2, b2) in zip(
        boxes.tolist(), anchors.tolist(), strict=True
    ):
        w, h = a2 - a1, b2 - b1
        tx = ((x1 + x2) / 2 - (a1 + a2) / 2) / w
        ty = ((y1 + y2) / 2 - (b1 + b2) / 2) / h
        t = tx, ty, math.log((x2 - x1) / w), math.log((y2 - y1) / h)
        expected.append([x * weight for x, weight in zip(t, weights, strict=True)])
    assert found.tolist() == [pytest.approx(row, abs=1e-12) for row in expected]
    torch.testing.assert_close(decode_boxes(found, anchors, weights), boxes)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_offsets_and_gradients_of_thousands_are_torchvisions(weights):
    coder = theirs.BoxCoder(weights)
    boxes, anchors = random_boxes(2000), random_boxes(2000, seed=1)
    offsets = encode_boxes(boxes, anchors, weights)
    expected = coder.encode_single(boxes, anchors)
    torch.testing.assert_close(offsets, expected, rtol=1e-11, atol=1e-12)
    results = []
    for decode in (lambda x: decode_boxes(x, anchors, weights), None):
        leaf = (3 * offsets).requires_grad_()  # so that some are cut
        value = decode(leaf) if decode else coder.decode_single(leaf, anchors)
        results.append((value, torch.autograd.grad(value.sum(), leaf)[0]))
    torch.testing.assert_close(*results, rtol=1e-11, atol=1e-11)


def test_each_class_has_offsets_of_its_own():
    anchors = random_boxes(5)
    offsets = torch.randn(5, 3, 4, dtype=torch.float64)
    found = decode_boxes(offsets, anchors[:, None])
    assert found.shape == (5, 3, 4)
    expected = theirs.BoxCoder((1.0, 1.0, 1.0, 1.0)).decode_single(
        offsets.flatten(1), anchors
    )
    torch.testing.assert_close(found.flatten(1), expected)


def test_growth_is_cut_at_sixteen_to_a_thousand():
    anchor = torch.tensor([[0.0, 0, 16, 16]])
    x1, y1, x2, y2 = decode_boxes(torch.tensor([[0.0, 0, 1e9, -1]]), anchor)[0]
    assert (x2 - x1).item() == pytest.approx(1000)
    assert (y2 - y1).item() == pytest.approx(16 / math.e)
    assert pytest.approx(4.135, abs=1e-3) == CLIP
    free = decode_boxes(torch.tensor([[0.0, 0, 5, 0]]), anchor, clip=math.inf)[0]
    assert (free[2] - free[0]).item() == pytest.approx(16 * math.exp(5))


def test_growth_is_cut_after_the_weights_are_taken_off():
    anchor = torch.tensor([[0.0, 0, 16, 16]])
    box = decode_boxes(torch.tensor([[0.0, 0, 10, 0]]), anchor, WEIGHTS[1])[0]
    assert (box[2] - box[0]).item() == pytest.approx(16 * math.exp(2))


def test_weights_are_ones_over_variances():
    boxes, anchors = random_boxes(3), random_boxes(3, seed=1)
    plain, variances = encode_boxes(boxes, anchors), torch.tensor([0.1, 0.1, 0.2, 0.2])
    weighted = encode_boxes(boxes, anchors, WEIGHTS[1])
    torch.testing.assert_close(weighted, plain / variances.double())


def test_no_boxes_have_no_offsets():
    none = torch.zeros(0, 4)
    assert encode_boxes(none, none).shape == decode_boxes(none, none).shape == (0, 4)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize(
    "wrong", [[1.0, 1, 1, 4], [1.0, 4, 3, 2], [1.0, 1, math.nan, 4]]
)
def test_a_box_without_area_has_no_offset(side, wrong):
    pair = [torch.tensor([[0.0, 0, 2, 2]])] * 2
    pair[side] = torch.tensor([wrong])
    name = ("boxes", "anchors")[side]
    with pytest.raises(ValueError, match=rf"expected {name} .*got \[1\.0, "):
        encode_boxes(*pair)
