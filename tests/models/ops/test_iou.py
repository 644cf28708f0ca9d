"""IoU and its successors: against sums over pixels, formulas by hand, torchvision."""

import math

import pytest
import torch
from box_helpers import box_sets, few, random_boxes
from hypothesis import given
from torchvision import ops as theirs

from edulib.models.ops.iou import (
    complete_iou,
    distance_iou,
    generalized_iou,
    iou,
    pairwise_iou,
)

ALL = [iou, generalized_iou, distance_iou, complete_iou]
LOSSES = {
    generalized_iou: theirs.generalized_box_iou_loss,
    distance_iou: theirs.distance_box_iou_loss,
    complete_iou: theirs.complete_box_iou_loss,
}


def slow_iou(a: list[float], b: list[float]) -> float:
    """IoU of two boxes, 0 where both have no area."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    union = sum(areas) - width * height
    return width * height / union if union else 0.0


def slow_others(a: list[float], b: list[float]) -> tuple[float, float, float]:
    """GIoU, DIoU and CIoU, straight from the papers."""
    overlap = slow_iou(a, b)
    width = max(a[2], b[2]) - min(a[0], b[0])
    height = max(a[3], b[3]) - min(a[1], b[1])
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    shared = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    shared *= max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    hull = width * height
    empty = (hull - (sum(areas) - shared)) / hull if hull else 0.0
    across = (a[0] + a[2] - b[0] - b[2]) / 2
    down = (a[1] + a[3] - b[1] - b[3]) / 2
    diagonal = width**2 + height**2
    apart = (across**2 + down**2) / diagonal if diagonal else 0.0
    angles = [math.atan2(box[2] - box[0], box[3] - box[1]) for box in (a, b)]
    points = [box[0] == box[2] and box[1] == box[3] for box in (a, b)]
    angles = [0.0 if point else x for x, point in zip(angles, points, strict=True)]
    v = 4 / math.pi**2 * (angles[0] - angles[1]) ** 2
    shape = v * v / (1 - overlap + v) if v else 0.0
    return overlap - empty, overlap - apart, overlap - apart - shape


@few
@given(box_sets(), box_sets())
def test_all_pairs_are_a_slow_loop(boxes, others):
    found = pairwise_iou(boxes, others)
    assert found.shape == (len(boxes), len(others))
    for row, box in zip(found, boxes.tolist(), strict=True):
        expected = [slow_iou(box, other) for other in others.tolist()]
        assert row.tolist() == pytest.approx(expected, rel=1e-12, abs=1e-12)


@few
@given(box_sets(), box_sets())
def test_the_others_are_the_papers_formulas(boxes, others):
    values = [f(boxes[:, None], others) for f in ALL[1:]]
    for i, box in enumerate(boxes.tolist()):
        for j, other in enumerate(others.tolist()):
            found = [value[i, j].item() for value in values]
            assert found == pytest.approx(slow_others(box, other), rel=1e-9, abs=1e-9)


def test_iou_counts_pixels():
    torch.manual_seed(3)
    boxes, others = torch.randint(0, 9, (2, 60, 4)).sort(-1).values.double()
    for box, other, found in zip(boxes, others, iou(boxes, others), strict=True):
        a, b = painted(box), painted(other)
        expected = (a & b).sum() / (a | b).sum().clamp(min=1)
        assert found.item() == pytest.approx(expected.item())


def painted(box: torch.Tensor) -> torch.Tensor:
    """The pixels (9, 9) of a box of whole numbers; its right and lower edge are out."""
    x1, y1, x2, y2 = box.long().tolist()
    canvas = torch.zeros(9, 9, dtype=torch.bool)
    canvas[y1:y2, x1:x2] = True
    return canvas


@few
@given(box_sets(), box_sets())
def test_iou_is_torchvisions_where_it_has_one(boxes, others):
    expected = theirs.box_iou(boxes, others).nan_to_num(0.0)  # theirs is 0 / 0
    assert torch.equal(pairwise_iou(boxes, others), expected)


def test_iou_of_thousands_and_its_gradient_are_torchvisions():
    boxes, others = random_boxes(3000), random_boxes(50, seed=1)
    results = []
    for function in (pairwise_iou, theirs.box_iou):
        leaf = boxes.clone().requires_grad_()
        value = function(leaf, others)
        results.append((value, torch.autograd.grad(value.square().sum(), leaf)[0]))
    torch.testing.assert_close(*results, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("function", LOSSES)
def test_the_others_and_their_gradients_are_torchvisions(function):
    boxes, others = random_boxes(3000), random_boxes(3000, seed=1)
    tolerance = {"rtol": 1e-5, "atol": 1e-5}  # torchvision adds 1e-7 to denominators
    results = []
    for loss in (lambda *pair: 1 - function(*pair), LOSSES[function]):
        leaf = boxes.clone().requires_grad_()
        value = loss(leaf, others)
        results.append((value, torch.autograd.grad(value.sum(), leaf)[0]))
    torch.testing.assert_close(*results, **tolerance)
    if function is not complete_iou:  # whose 1e-7 in DIoU cannot be turned off
        exact = LOSSES[function](boxes, others, eps=0.0)
        ours = 1 - function(boxes, others)
        torch.testing.assert_close(ours, exact, rtol=0, atol=1e-14)


@pytest.mark.parametrize("function", ALL[:3])
def test_gradients_are_those_of_differences(function):
    boxes, others = random_boxes(4, size=1).requires_grad_(), random_boxes(4, 1, seed=5)
    assert torch.autograd.gradcheck(lambda x: function(x, others), boxes)


def test_the_weight_of_ciou_is_a_constant_for_the_gradient():
    boxes, others = random_boxes(9), random_boxes(9, seed=5)

    def difference(boxes):
        (w, h), (w_, h_) = ((x[:, 2:] - x[:, :2]).T for x in (boxes, others))
        return 4 / math.pi**2 * (torch.atan(w / h) - torch.atan(w_ / h_)) ** 2

    v = difference(boxes)
    alpha = v / (1 - iou(boxes, others) + v)
    results = []
    for function in (
        lambda x: complete_iou(x, others),
        lambda x: distance_iou(x, others) - alpha * difference(x),
    ):
        leaf = boxes.clone().requires_grad_()
        value = function(leaf)
        results.append((value, torch.autograd.grad(value.sum(), leaf)[0]))
    torch.testing.assert_close(*results)


@pytest.mark.parametrize("function", ALL)
@few
@given(box_sets(min_size=1), box_sets(min_size=1))
def test_every_value_and_gradient_is_finite_and_in_its_range(function, boxes, others):
    boxes.requires_grad_()
    values = function(boxes[:, None], others)
    (gradient,) = torch.autograd.grad(values.sum(), boxes)
    assert gradient.isfinite().all()
    low = {iou: 0, generalized_iou: -1, distance_iou: -1, complete_iou: -2}[function]
    assert (values >= low - 1e-12).all()
    assert (values <= iou(boxes[:, None], others) + 1e-12).all()


@pytest.mark.parametrize("function", ALL)
def test_equal_boxes_are_alike_and_flat_ones_are_not(function):
    boxes = torch.tensor([[1.0, 2, 4, 9], [0, 0, 1e-3, 1e-3]])
    assert function(boxes, boxes).tolist() == [1, 1]
    flat = torch.tensor([[1.0, 1, 1, 5], [2, 3, 8, 3], [7, 7, 7, 7]])
    assert function(flat, flat).tolist() == [0, 0, 0]
    assert iou(flat[:, None], boxes).tolist() == [[0, 0]] * 3


def test_boxes_that_touch_share_nothing():
    box = torch.tensor([0.0, 0, 2, 2])
    neighbours = torch.tensor([[2.0, 0, 4, 2], [0, 2, 2, 4], [2, 2, 4, 4]])
    assert iou(box, neighbours).tolist() == [0, 0, 0]
    assert generalized_iou(box, neighbours).tolist() == [0, 0, -0.5]


def test_only_the_successors_tell_near_from_far():
    box = torch.tensor([0.0, 0, 10, 10])
    near, far = torch.tensor([[12.0, 0, 22, 10], [50, 0, 60, 10]])
    assert iou(box, near) == iou(box, far) == 0
    for function in ALL[1:]:
        assert function(box, near) > function(box, far)
    inside = torch.tensor([[0.0, 0, 5, 5], [2.5, 2.5, 7.5, 7.5]])
    assert generalized_iou(box, inside).tolist() == iou(box, inside).tolist()
    assert distance_iou(box, inside)[0] < distance_iou(box, inside)[1]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_does_not_overflow(dtype):
    boxes = torch.tensor([[0, 0, 512, 512], [0, 256, 512, 512]], dtype=dtype)
    assert pairwise_iou(boxes, boxes).tolist() == [[1, 0.5], [0.5, 1]]
    for function in ALL:
        assert function(boxes, boxes.flip(0)).isfinite().all()


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("side", [0, 1])
def test_nan_is_refused(function, side):
    pair = [torch.ones(2, 4), torch.ones(2, 4)]
    pair[side][1, 2] = float("nan")
    name = ("boxes", "other boxes")[side]
    with pytest.raises(ValueError, match=rf"expected {name} of finite .* nan, 1\.0\]"):
        function(*pair)
