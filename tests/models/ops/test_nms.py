"""Suppression, hard and soft: against slow loops and torchvision, ties included."""

import math

import pytest
import torch
from box_helpers import box_sets, few, random_boxes, whole_scores
from hypothesis import given
from hypothesis import strategies as st
from torchvision import ops as theirs

from edulib.models.ops.iou import pairwise_iou
from edulib.models.ops.nms import (
    gaussian_decay,
    linear_decay,
    nms,
    nms_per_class,
    soft_nms,
)

THRESHOLDS = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 1.0])
"""IoU of whole boxes are fractions such as 3 / 10, which 32 bits do not hold."""


def slow_nms(boxes, scores, threshold):
    """Keep a box unless one that was kept overlaps it too much."""
    overlaps = pairwise_iou(boxes, boxes)
    kept = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):  # ties: in order
        if all(overlaps[i, j].item() <= threshold for j in kept):
            kept.append(i)
    return kept


@few
@given(box_sets(), st.integers(0, 9), THRESHOLDS, st.sampled_from([32, 64]))
def test_nms_is_a_slow_loop_and_torchvisions(boxes, seed, threshold, bits):
    boxes = boxes.to(getattr(torch, f"float{bits}"))
    scores = whole_scores(len(boxes), seed).to(boxes)
    kept = nms(boxes, scores, threshold)
    assert kept.dtype == torch.int64
    assert kept.tolist() == slow_nms(boxes, scores.tolist(), threshold)
    assert torch.equal(kept, theirs.nms(boxes, scores, threshold))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_nms_of_thousands_is_torchvisions(dtype):
    boxes = random_boxes(3000, size=1000).to(dtype)
    for scores in (torch.rand(3000, dtype=dtype), whole_scores(3000).to(dtype)):
        kept = nms(boxes, scores, 0.5)
        assert torch.equal(kept, theirs.nms(boxes, scores, 0.5))
        assert 100 < len(kept) < 2000


@few
@given(box_sets(), st.integers(0, 9), THRESHOLDS)
def test_classes_are_apart_as_torchvisions(boxes, seed, threshold):
    boxes = boxes - boxes.min() if len(boxes) else boxes  # theirs moves boxes
    scores = whole_scores(len(boxes), seed)
    labels = (whole_scores(len(boxes), seed + 1) * 3).long()
    kept = nms_per_class(boxes, scores, labels, threshold)
    one_by_one = []
    for label in range(3):
        members = [i for i in range(len(boxes)) if labels[i] == label]
        found = slow_nms(boxes[members], scores[members].tolist(), threshold)
        one_by_one += [members[i] for i in found]
    one_by_one.sort(key=lambda i: (-scores[i].item(), i))
    assert kept.dtype == torch.int64
    assert kept.tolist() == one_by_one
    assert torch.equal(kept, theirs.batched_nms(boxes, scores, labels, threshold))


def test_thousands_in_eighty_classes_are_torchvisions():
    boxes, scores = random_boxes(4000), torch.rand(4000, dtype=torch.float64)
    labels = torch.randint(0, 80, (4000,))
    kept = nms_per_class(boxes, scores, labels, 0.3)
    assert torch.equal(kept, theirs.batched_nms(boxes, scores, labels, 0.3))


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.7])
def test_a_threshold_is_not_rounded_to_32_bits(threshold):
    boxes = torch.tensor([[0.0, 0, 10, 1], [0, 0, 10 * threshold, 1]])
    scores = torch.tensor([0.9, 0.8])
    single = pairwise_iou(*boxes[:, None]).item()  # beside the threshold, on one side
    expected = [0] if single > threshold else [0, 1]
    assert nms(boxes, scores, threshold).tolist() == expected
    assert theirs.nms(boxes, scores, threshold).tolist() == expected


def slow_soft_nms(boxes, scores, decay, min_score):
    """Figure 2 of the paper, with lists."""
    overlaps = pairwise_iou(boxes, boxes).tolist()
    left = {i: s for i, s in enumerate(scores.tolist()) if s >= min_score}
    kept = []
    while left:
        best = max(left, key=left.get)
        kept.append((best, left.pop(best)))
        for i in list(left):
            left[i] *= decay(overlaps[best][i])
            if left[i] < min_score:
                del left[i]
    return kept


DECAYS = [
    (gaussian_decay(), lambda x: math.exp(-x * x / 0.5)),
    (gaussian_decay(0.1), lambda x: math.exp(-x * x / 0.1)),
    (linear_decay(), lambda x: 1 - x if x >= 0.3 else 1),
    (lambda overlap: (overlap <= 0.5).double(), lambda x: float(x <= 0.5)),
]


@pytest.mark.parametrize(("decay", "slow_decay"), DECAYS)
@few
@given(box_sets(), st.integers(0, 9))
def test_soft_nms_is_a_slow_loop(decay, slow_decay, boxes, seed):
    scores = whole_scores(len(boxes), seed)
    kept, new_scores = soft_nms(boxes, scores, decay, min_score=0.01)
    expected = slow_soft_nms(boxes, scores, slow_decay, 0.01)
    assert new_scores.tolist() == pytest.approx([score for _, score in expected])
    assert kept.tolist() == [index for index, _ in expected]
    assert new_scores.tolist() == sorted(new_scores.tolist(), reverse=True)


def test_hard_suppression_is_a_decay_too():
    boxes, scores = random_boxes(300), torch.rand(300, dtype=torch.float64) + 0.1
    kept, left = soft_nms(boxes, scores, lambda overlap: (overlap <= 0.5).double())
    assert torch.equal(kept, nms(boxes, scores, 0.5))
    assert torch.equal(left, scores[kept])


def test_soft_nms_keeps_the_one_behind():
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 8], [50, 50, 60, 60]])
    scores = torch.tensor([0.9, 0.8, 0.3])
    assert nms(boxes, scores, 0.5).tolist() == [0, 2]
    kept, left = soft_nms(boxes, scores, linear_decay())
    assert kept.tolist() == [0, 2, 1]
    assert left.tolist() == pytest.approx([0.9, 0.3, 0.16])


def test_soft_nms_can_keep_all():
    boxes, scores = random_boxes(50), whole_scores(50)
    kept, left = soft_nms(boxes, scores, lambda x: (x <= 0.1).double(), min_score=0.0)
    assert sorted(kept.tolist()) == list(range(50))
    assert left.eq(0).any()


@pytest.mark.parametrize("given_labels", [False, True])
def test_no_boxes_leave_none(given_labels):
    boxes, scores = torch.zeros(0, 4), torch.zeros(0)
    labels = [torch.zeros(0).long()] * given_labels
    kept = (nms_per_class if given_labels else nms)(boxes, scores, *labels, 0.5)
    assert (kept.shape, kept.dtype) == ((0,), torch.int64)


def test_no_boxes_leave_none_softly():
    kept, scores = soft_nms(torch.zeros(0, 4), torch.zeros(0), gaussian_decay())
    assert (kept.dtype, kept.shape, scores.shape) == (torch.int64, (0,), (0,))


def test_flat_and_equal_boxes():
    flat = torch.tensor([[3.0, 3, 3, 3]] * 3)
    assert nms(flat, torch.ones(3), 0.0).tolist() == [0, 1, 2]  # IoU 0, as torchvision
    equal = torch.tensor([[3.0, 3, 4, 4]] * 3)
    assert nms(equal, torch.tensor([0.5, 0.7, 0.7]), 0.99).tolist() == [1]


@pytest.mark.parametrize("function", [nms, nms_per_class, soft_nms])
def test_what_is_no_number_is_refused(function):
    boxes, scores = torch.ones(2, 4), torch.ones(2)
    rest = {
        nms: [0.5],
        nms_per_class: [torch.zeros(2).long(), 0.5],
        soft_nms: [gaussian_decay()],
    }[function]
    boxes[1, 3] = float("nan")
    with pytest.raises(ValueError, match="expected boxes of finite numbers"):
        function(boxes, scores, *rest)
    scores[1] = float("nan")
    with pytest.raises(ValueError, match="scores that are numbers, got nan for box 1"):
        function(torch.ones(2, 4), scores, *rest)


def test_arguments_that_do_not_fit_are_quoted():
    boxes, scores = torch.ones(2, 4), torch.ones(2)
    with pytest.raises(ValueError, match=r"from 0 to 1, got 1\.5"):
        nms(boxes, scores, 1.5)
    with pytest.raises(ValueError, match=r"a label for each of 2 scores, got \(3,\)"):
        nms_per_class(boxes, scores, torch.zeros(3).long(), 0.5)
    with pytest.raises(ValueError, match="sigma above 0, got 0"):
        gaussian_decay(0)
    with pytest.raises(ValueError, match="from 0 to 1, got -1"):
        linear_decay(-1)
