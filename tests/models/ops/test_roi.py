"""RoIPool and RoIAlign: against loops over bins and samples, and torchvision."""

import math

import pytest
import torch
from box_helpers import box_sets, few, random_boxes
from hypothesis import given
from hypothesis import strategies as st
from torchvision import ops as theirs
from torchvision.ops.poolers import LevelMapper

from edulib.models.ops.roi import level_of, roi_align, roi_pool

MAPS = torch.randn(2, 3, 9, 11, generator=torch.Generator().manual_seed(0)).double()
SCALES = st.sampled_from([1.0, 0.5, 1 / 3])
SIZES = st.sampled_from([(1, 1), (2, 3), (7, 7)])


def away(x: float) -> int:
    """C's round: halves away from 0."""
    return int(math.copysign(math.floor(abs(x) + 0.5), x))


def slow_pool(image, box, output_size, scale):
    """Bin by bin, cell by cell."""
    left, top, right, bottom = (away(x * scale) for x in box)
    width, height = max(right - left + 1, 1), max(bottom - top + 1, 1)
    down, across = output_size
    result = torch.zeros(len(image), down, across, dtype=image.dtype)
    for i in range(down):
        rows = range(
            top + math.floor(i * height / down),
            top + math.ceil((i + 1) * height / down),
        )
        for j in range(across):
            columns = range(
                left + math.floor(j * width / across),
                left + math.ceil((j + 1) * width / across),
            )
            cells = [
                image[:, y, x]
                for y in rows
                for x in columns
                if 0 <= y < image.shape[1] and 0 <= x < image.shape[2]
            ]
            if cells:
                result[:, i, j] = torch.stack(cells).max(0).values
    return result


def slow_read(image, y, x):
    """The image at one point, between four cells."""
    height, width = image.shape[1:]
    if not (-1 <= y <= height and -1 <= x <= width):
        return torch.zeros(len(image), dtype=image.dtype)
    y, x = min(max(y, 0.0), height - 1), min(max(x, 0.0), width - 1)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    upper = image[:, top, left] * (left + 1 - x) + image[:, top, right] * (x - left)
    lower = image[:, bottom, left] * (left + 1 - x) + image[:, bottom, right] * (
        x - left
    )
    return upper * (top + 1 - y) + lower * (y - top)


def slow_align(image, box, output_size, scale, samples, aligned):
    """Bin by bin, sample by sample."""
    left, top, right, bottom = (x * scale - 0.5 * aligned for x in box)
    width, height = right - left, bottom - top
    if not aligned:
        width, height = max(width, 1.0), max(height, 1.0)
    down, across = output_size
    result = torch.zeros(len(image), down, across, dtype=image.dtype)
    for i in range(down):
        for j in range(across):
            for k in range(samples**2):
                y = top + (i + (k // samples + 0.5) / samples) * height / down
                x = left + (j + (k % samples + 0.5) / samples) * width / across
                result[:, i, j] += slow_read(image, y, x) / samples**2
    return result


@few
@given(box_sets(max_size=3), box_sets(max_size=2), SIZES, SCALES)
def test_pooling_is_a_slow_loop_and_torchvisions(first, second, size, scale):
    found = roi_pool(MAPS, [first, second], size, scale)
    assert torch.equal(found, theirs.roi_pool(MAPS, [first, second], size, scale))
    images = [0] * len(first) + [1] * len(second)
    boxes = torch.cat([first, second]).tolist()
    assert found.shape == (len(boxes), 3, *size)
    for image, box, pooled in zip(images, boxes, found, strict=True):
        assert torch.equal(pooled, slow_pool(MAPS[image], box, size, scale))


@pytest.mark.parametrize("samples", [1, 2, 3])
@pytest.mark.parametrize("aligned", [True, False])
@few
@given(box_sets(max_size=2), box_sets(max_size=1), SIZES, SCALES)
def test_aligning_is_a_slow_loop(samples, aligned, first, second, size, scale):
    found = roi_align(MAPS, [first, second], size, scale, samples, aligned)
    images = [0] * len(first) + [1] * len(second)
    boxes = torch.cat([first, second]).tolist()
    assert found.shape == (len(boxes), 3, *size)
    for image, box, pooled in zip(images, boxes, found, strict=True):
        expected = slow_align(MAPS[image], box, size, scale, samples, aligned)
        torch.testing.assert_close(pooled, expected, rtol=0, atol=1e-12)


FUNCTIONS = {
    "pool": (roi_pool, theirs.roi_pool, ()),
    **{
        f"align {samples} {aligned}": (roi_align, theirs.roi_align, (samples, aligned))
        for samples in (1, 2, 3)
        for aligned in (True, False)
    },
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("size", [(7, 7), (3, 5)])
def test_hundreds_and_their_gradients_are_torchvisions(name, size):
    ours, reference, rest = FUNCTIONS[name]
    boxes = [random_boxes(90, seed=seed) for seed in (0, 1)]
    results = []
    for function in (ours, reference):
        maps = (MAPS > 0).double().requires_grad_()  # many tie for the maximum
        value = function(maps, boxes, size, 0.1, *rest)
        weights = torch.linspace(-1, 1, value.numel(), dtype=value.dtype)
        loss = (value.flatten() * weights).sum()
        results.append((value, torch.autograd.grad(loss, maps)[0]))
    torch.testing.assert_close(*results, rtol=0, atol=1e-10)


def test_aligning_has_a_gradient_for_the_boxes():
    boxes = random_boxes(3, size=8, seed=2).requires_grad_()
    maps = MAPS[:1]
    for aligned in (True, False):
        assert torch.autograd.gradcheck(
            lambda b, a=aligned: roi_align(maps, [b], (2, 2), 1.0, 2, a), boxes
        )


def test_the_right_edge_is_part_of_a_pooled_region():
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    assert roi_pool(ramp, [torch.tensor([[0.0, 0, 3, 3]])], (1, 1), 1.0).item() == 3
    assert roi_pool(ramp, [torch.tensor([[0.0, 0, 8, 3]])], (1, 1), 1.0).item() == 7
    halves = torch.tensor([[0.0, 0, 2.5, 0], [0, 0, 1.5, 0], [0, 0, 2.49, 0]])
    assert roi_pool(ramp, [halves], (1, 1), 1.0).flatten().tolist() == [3, 2, 2]


def test_half_a_cell_is_what_aligned_is_about():
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)  # cell j, whose centre is at j + 0.5
    box = [torch.tensor([[2.0, 2, 4, 4]])]  # cells 2 and 3, mean 2.5
    assert roi_align(ramp, box, (1, 1), 1.0).item() == 2.5
    assert roi_align(ramp, box, (1, 1), 1.0, aligned=False).item() == 3
    thin = [torch.tensor([[3.0, 3, 3.2, 3.2]])]
    assert roi_align(ramp, thin, (1, 1), 1.0).item() == pytest.approx(2.6)
    assert roi_align(ramp, thin, (1, 1), 1.0, aligned=False).item() == 3.5


def test_a_region_outside_the_map_is_zero():
    outside = [torch.tensor([[40.0, 40, 50, 50], [-50, -50, -40, -40]])]
    assert roi_pool(torch.ones(1, 1, 8, 8), outside, (2, 2), 1.0).eq(0).all()
    assert roi_align(torch.ones(1, 1, 8, 8), outside, (2, 2), 1.0).eq(0).all()


def test_a_region_may_be_much_larger_than_the_map():
    huge = [torch.tensor([[-1e9, -1e9, 1e9, 1e9]])]
    ramp = torch.arange(64.0).view(1, 1, 8, 8)
    assert roi_pool(ramp, huge, (1, 1), 1.0).item() == 63


@pytest.mark.parametrize("function", [roi_pool, roi_align])
def test_no_regions_have_no_bins(function):
    none = torch.zeros(0, 4)
    assert function(torch.ones(2, 5, 8, 8), [none, none], (3, 2), 1.0).shape == (
        0,
        5,
        3,
        2,
    )
    assert function(torch.ones(0, 5, 8, 8), [], (3, 2), 1.0).shape == (0, 5, 3, 2)


@pytest.mark.parametrize("function", [roi_pool, roi_align])
def test_regions_that_are_no_boxes_are_refused(function):
    with pytest.raises(ValueError, match="each of 1 images, got 2 of them"):
        function(torch.ones(1, 1, 8, 8), [torch.zeros(1, 4)] * 2, (1, 1), 1.0)
    with pytest.raises(ValueError, match="finite numbers, got"):
        function(torch.ones(1, 1, 8, 8), [torch.full((1, 4), math.nan)], (1, 1), 1.0)


def test_levels_are_equation_1():
    sides = torch.tensor([0.0, 1, 28, 56, 111.9, 112, 223.9, 224, 447, 448, 5000])
    boxes = torch.stack([sides * 0, sides * 0, sides, sides], dim=1)
    levels = level_of(boxes)
    assert levels.dtype == torch.int64
    assert levels.tolist() == [2, 2, 2, 2, 2, 3, 3, 4, 4, 5, 5]
    assert level_of(boxes, 3, 4, 5).tolist() == [3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4]
    tall = torch.tensor([0.0, 0, 56, 224])  # as large as 112 x 112
    assert level_of(tall).item() == 3


def test_levels_of_thousands_are_torchvisions():
    boxes = random_boxes(3000, size=1500)
    assert torch.equal(level_of(boxes), LevelMapper(2, 5)([boxes]) + 2)
    with pytest.raises(ValueError, match="x2 >= x1"):
        level_of(boxes.flip(1))
