"""Measures of masks and maps against slow loops, and numbers worked out by hand."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edulib.training.measures import (
    boundary_iou,
    class_iou,
    confusion_matrix,
    mean_iou,
    near_border,
    panoptic_quality,
    trimap_iou,
)


def random_masks(seed, count=4, side=9):
    generator = torch.Generator().manual_seed(seed)
    blobs = torch.rand(count, 1, side, side, generator=generator)
    return torch.nn.functional.avg_pool2d(blobs, 3, 1, 1)[:, 0] > 0.4


@pytest.mark.parametrize("shape", [(3,), (3, 2), (2, 3, 3)])
def test_what_is_no_confusion_matrix_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected counts \(K, K\), got float32 \("):
        mean_iou(torch.ones(shape))


def test_confusion_counts_pixels_and_leaves_out_the_ignored():
    targets = torch.tensor([[0, 0, 1], [1, 2, 255]])
    said = torch.tensor([[0, 1, 1], [1, 0, 7]])
    confusion = confusion_matrix(said, targets, 4, ignore_index=255)
    assert confusion.tolist() == [[1, 1, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [0] * 4]
    found = class_iou(confusion)
    assert found[:3].tolist() == pytest.approx([1 / 3, 2 / 3, 0])
    assert found[3].isnan()
    assert mean_iou(confusion) == pytest.approx(1 / 3)
    assert math.isnan(mean_iou(torch.zeros(2, 2)))


@pytest.mark.parametrize(
    ("said", "targets", "message"),
    [
        (torch.tensor([0, 1]), torch.tensor([0]), "of one shape"),
        (torch.tensor([0, 3]), torch.tensor([0, 1]), "0 to 2, got 0 to 3"),
        (torch.tensor([0, 1]), torch.tensor([-1, 1]), "0 to 2, got -1 to 1"),
    ],
)
def test_classes_that_are_none_are_refused(said, targets, message):
    with pytest.raises(ValueError, match=message):
        confusion_matrix(said, targets, 3)


def near(mask, row, column, distance, value, outside):
    """Whether a pixel of a value lies within a square around a place."""
    side = len(mask)
    for r in range(row - distance, row + distance + 1):
        for c in range(column - distance, column + distance + 1):
            inside = 0 <= r < side and 0 <= c < side
            if (bool(mask[r, c]) if inside else outside) == value:
                return True
    return False


def iou_where(mask, other, counts):
    """IoU of two masks over the pixels that two functions let count."""
    both = either = 0
    for row in range(len(mask)):
        for column in range(len(mask)):
            one, two = (
                bool(m[row, column]) and count(row, column)
                for m, count in zip((mask, other), counts, strict=True)
            )
            both, either = both + (one and two), either + (one or two)
    return both / either if either else math.nan


@pytest.mark.parametrize("ratio", [0.001, 0.16, 5.0])
def test_boundary_iou_is_of_pixels_near_the_contour(ratio):
    masks, others = random_masks(0), random_masks(1)
    distance = max(1, round(ratio * math.hypot(9, 9)))
    slow = [
        iou_where(
            mask,
            other,
            [lambda r, c, m=m: near(m, r, c, distance, False, False) for m in pair],
        )
        for mask, other in zip(masks, others, strict=True)
        for pair in [(mask, other)]
    ]
    assert boundary_iou(masks, others, ratio).tolist() == pytest.approx(slow)


def test_a_wide_boundary_is_the_whole_mask():
    masks, others = random_masks(0), random_masks(1)
    whole = (masks & others).sum((1, 2)) / (masks | others).sum((1, 2))
    assert boundary_iou(masks, others, 2.0).tolist() == pytest.approx(whole.tolist())
    assert boundary_iou(masks, others, 0.05).tolist() != pytest.approx(whole.tolist())


@pytest.mark.parametrize("width", [1, 2])
def test_trimap_iou_is_of_pixels_on_either_side_of_the_true_contour(width):
    masks, truths = random_masks(2), random_masks(3)

    def in_band(truth):
        def count(row, column):
            place = (row, column, width)
            with_mask = near(truth, *place, True, False)
            return with_mask and near(truth, *place, False, True)

        return count

    slow = [
        iou_where(mask, truth, [in_band(truth)] * 2)
        for mask, truth in zip(masks, truths, strict=True)
    ]
    assert trimap_iou(masks, truths, width).tolist() == pytest.approx(slow)


def test_equal_masks_have_equal_edges_and_no_masks_have_none():
    masks = random_masks(0)
    assert boundary_iou(masks, masks).tolist() == [1] * 4
    assert trimap_iou(masks, masks, 1).tolist() == [1] * 4
    empty = torch.zeros_like(masks)
    assert boundary_iou(empty, empty).isnan().all()
    assert trimap_iou(masks, empty, 1).isnan().all()
    assert boundary_iou(masks, empty).tolist() == [0] * 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: boundary_iou(m, m[:2]), r"pairs of masks, got \(4, 9, 9\) and \(2"),
        (lambda m: boundary_iou(m.float(), m), r"masks \(N, H, W\), bool, got float32"),
        (lambda m: boundary_iou(m, m, 0), "ratio above 0, got 0"),
        (lambda m: trimap_iou(m, m, 0), "width of at least 1, got 0"),
    ],
)
def test_edges_of_what_is_no_mask_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(random_masks(0))


def segments(numbers, labels, crowd=None):
    """Segments 1, 2, ... of a map (H, W); 0 is void."""
    masks = numbers == torch.arange(1, len(labels) + 1)[:, None, None]
    found = {"masks": masks, "labels": torch.tensor(labels, dtype=torch.int64)}
    return found if crowd is None else {**found, "crowd": torch.tensor(crowd).bool()}


def quality_by_the_code(predictions, targets, label):
    """PQ, SQ and RQ of a class, written as panopticapi's loop is."""
    iou = right = wrong = missed = 0
    for said, true in zip(predictions, targets, strict=True):
        annotated = true["masks"].any(0)
        crowd = true.get("crowd", torch.zeros(len(true["labels"]))).tolist()
        rows = [
            m
            for m, k in zip(said["masks"], said["labels"], strict=True)
            if k == label and m.any()
        ]
        objects = [
            (m, c)
            for m, k, c in zip(true["masks"], true["labels"], crowd, strict=True)
            if k == label and m.any()
        ]
        hit = set()
        for mask in rows:
            void = int((mask & ~annotated).sum())
            for j, (other, is_crowd) in enumerate(objects):
                shared = int((mask & other).sum())
                union = int(mask.sum()) + int(other.sum()) - shared - void
                if not is_crowd and shared and shared / union > 0.5:
                    iou, right = iou + shared / union, right + 1
                    hit.add(j)
                    break
            else:
                excused = void + sum(int((mask & o).sum()) for o, c in objects if c)
                wrong += excused / int(mask.sum()) <= 0.5
        missed += sum(
            j not in hit and not is_crowd for j, (_, is_crowd) in enumerate(objects)
        )
    count = right + wrong / 2 + missed / 2
    if not count:
        return (math.nan,) * 3
    return iou / count, iou / right if right else 0.0, right / count


@st.composite
def pictures(draw):
    """A map of segments, their labels, and which of them are crowds."""
    side, count = 4, draw(st.integers(0, 4))
    numbers = st.lists(st.integers(0, count), min_size=side * 2, max_size=side * 2)
    made = torch.tensor(draw(numbers)).view(2, side).repeat_interleave(2, 0)
    labels = [draw(st.integers(0, 2)) for _ in range(count)]
    crowd = [draw(st.sampled_from([False, False, True])) for _ in range(count)]
    return made, labels, crowd


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.tuples(pictures(), pictures(), st.booleans()), max_size=3))
def test_panoptic_quality_is_that_of_its_code(drawn):
    targets = [segments(*true) for true, _, _ in drawn]
    predictions = [
        segments(*(true if same else other)[:2]) for true, other, same in drawn
    ]
    ours = panoptic_quality(predictions, targets, 3, classes=("a", "b", "c"))
    slow = [quality_by_the_code(predictions, targets, k) for k in range(3)]
    each = [ours[f"PQ_{name}"] for name in "abc"]
    assert each == pytest.approx([pq for pq, _, _ in slow], nan_ok=True)
    means = torch.tensor(slow, dtype=torch.float64).nanmean(0).tolist()
    found = [ours[name] for name in ("PQ", "SQ", "RQ")]
    assert found == pytest.approx(means, nan_ok=True)


def test_panoptic_quality_by_hand():
    true = segments(torch.tensor([[1, 1, 1, 1], [2, 2, 3, 3]]), [0, 1, 1])
    said = segments(torch.tensor([[1, 1, 1, 2], [2, 2, 2, 3]]), [0, 1, 1])
    ours = panoptic_quality([said], [true], 3, classes=("sky", "cat", "dog"))
    # sky: 3 of 4 pixels; cats: 2 of 4 + 2 - 2 pixels is no match; 1 of 2 neither
    assert ours["PQ_sky"] == pytest.approx(3 / 4)
    assert ours["PQ_cat"] == 0
    assert math.isnan(ours["PQ_dog"])
    assert (ours["PQ"], ours["RQ"]) == (pytest.approx(3 / 8), 0.5)


ONE = segments(torch.tensor([[1, 1], [0, 2]]), [0, 1])
BOTH = {**ONE, "masks": torch.ones(2, 2, 2, dtype=torch.bool)}


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([ONE], [], 2), {}, "same images, got 1 and 0"),
        (([ONE], [ONE], 1), {}, "labels from 0 to 0, got 1"),
        (([BOTH], [ONE], 2), {}, "no two share a pixel, got 2 at one"),
        (([ONE], [ONE], 2), {"classes": ["cat"]}, "each of 2 classes, got 1"),
        (([ONE], [{}], 2), {}, "tensor 'masks', got an empty dict"),
    ],
)
def test_what_is_no_segmentation_is_refused(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        panoptic_quality(*arguments, **options)


def test_pixels_near_a_border_are_found():
    targets = torch.zeros(1, 9, 9, dtype=torch.int64)
    targets[0, :, 5:] = 3
    near = near_border(targets, 2)[0]
    assert torch.equal(near, near[:1].expand(9, -1))
    assert near[0].nonzero().flatten().tolist() == [3, 4, 5, 6]
    with pytest.raises(ValueError, match="width"):
        near_border(targets, 0)
