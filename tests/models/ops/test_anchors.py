"""Anchors and default boxes: bit by bit torchvision's, and by hand."""

import math

import pytest
import torch
from torchvision.models import detection as theirs
from torchvision.models.detection.anchor_utils import (
    AnchorGenerator,
    DefaultBoxGenerator,
)
from torchvision.models.detection.image_list import ImageList

from edulib.models.ops.anchors import anchors_of, default_boxes, grid_anchors

SSD_SCALES = (0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05)
SSD_RATIOS = ((2,), (2, 3), (2, 3), (2, 3), (2,), (2,))
SSD_MAPS = [(n, n) for n in (38, 19, 10, 5, 3, 1)]
SSD_STRIDES = (8, 16, 32, 64, 100, 300)


@pytest.mark.parametrize("sizes", [(32,), (64, 128, 512), (40.3, 45.0, 17.0)])
@pytest.mark.parametrize("ratios", [(1.0,), (0.5, 1.0, 2.0), (0.33, 3.0)])
def test_the_anchors_of_a_cell_are_torchvisions(sizes, ratios):
    (expected,) = AnchorGenerator((sizes,), (ratios,)).cell_anchors
    assert torch.equal(anchors_of(sizes, ratios), expected)


def test_the_anchors_of_a_cell_by_hand():
    anchors = anchors_of([100, 900], [0.5, 1.0, 2.0])
    assert anchors[2].tolist() == [-50, -50, 50, 50]
    width, height = (anchors[:, 2:] - anchors[:, :2]).T
    ratios = [0.5, 0.5, 1, 1, 2, 2]
    assert (width * height).sqrt().tolist() == pytest.approx([100, 900] * 3, 0.02)
    assert (height / width).tolist() == pytest.approx(ratios, 0.03)


def test_halves_are_rounded_to_the_even_number():
    assert anchors_of([9, 11], [1.0]).abs()[:, 0].tolist() == [4, 6]  # of 4.5 and 5.5


def images_and_maps(image_size, map_sizes):
    images = torch.zeros(1, 3, *image_size)
    maps = [torch.zeros(1, 1, *size) for size in map_sizes]
    return ImageList(images, [image_size]), maps


@pytest.mark.parametrize("image_size", [(64, 96), (75, 100)])
def test_the_anchors_of_all_maps_are_torchvisions(image_size):
    sizes, ratios = ((32, 50), (64, 100)), ((0.5, 1.0, 2.0),) * 2
    map_sizes = [[math.ceil(n / stride) for n in image_size] for stride in (8, 16)]
    (expected,) = AnchorGenerator(sizes, ratios)(
        *images_and_maps(image_size, map_sizes)
    )
    found = []
    for size, ratio, (rows, columns) in zip(sizes, ratios, map_sizes, strict=True):
        strides = image_size[0] // rows, image_size[1] // columns
        found.append(grid_anchors(anchors_of(size, ratio), (rows, columns), strides))
    assert torch.equal(torch.cat(found), expected)


def test_the_order_is_row_cell_anchor():
    cell = torch.tensor([[-1.0, -1, 1, 1], [-2, -2, 2, 2]])
    grid = grid_anchors(cell, (2, 3), 10)
    assert grid.shape == (12, 4)
    assert grid[0].tolist() == [-1, -1, 1, 1]  # on the corner, not in the middle
    assert grid[1].tolist() == [-2, -2, 2, 2]
    assert grid[2].tolist() == [9, -1, 11, 1]
    assert grid[6].tolist() == [-1, 9, 1, 11]
    assert torch.equal(grid, grid_anchors(cell, (2, 3), (10, 10)))
    assert grid_anchors(cell.double(), (2, 3), 10).dtype == torch.float64
    assert grid_anchors(cell, (0, 3), 10).shape == (0, 4)


@pytest.mark.parametrize("strides", [SSD_STRIDES, None])
@pytest.mark.parametrize("image_size", [(300, 300), (300, 240)])
def test_default_boxes_are_torchvisions(image_size, strides):
    theirs = DefaultBoxGenerator(SSD_RATIOS, scales=SSD_SCALES, steps=strides)
    (expected,) = theirs(*images_and_maps(image_size, SSD_MAPS))
    boxes = default_boxes(image_size, SSD_MAPS, SSD_SCALES, SSD_RATIOS, strides)
    assert boxes.shape == (8732, 4)
    assert torch.equal(boxes, expected)


def test_those_of_torchvisions_ssd300_are_these():
    with torch.device("meta"):
        network = theirs.ssd300_vgg16(weights=None, weights_backbone=None)
    generator = network.anchor_generator
    assert tuple(generator.scales) == SSD_SCALES
    assert tuple(map(tuple, generator.aspect_ratios)) == SSD_RATIOS
    assert tuple(generator.steps) == SSD_STRIDES


def test_default_boxes_by_hand():
    boxes = default_boxes((100, 200), [(1, 2)], [0.25, 0.64], [(4,)])
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    sizes = boxes[:, 2:] - boxes[:, :2]
    assert (
        centres.tolist()
        == [pytest.approx([50, 50])] * 4 + [pytest.approx([150, 50])] * 4
    )
    shapes = [[50, 25], [80, 40], [100, 12.5], [25, 50]]
    assert sizes.tolist() == [pytest.approx(shape) for shape in shapes * 2]


def test_no_default_box_is_larger_than_the_image():
    boxes = default_boxes((300, 300), SSD_MAPS, SSD_SCALES, SSD_RATIOS)
    assert (boxes[:, 2:] - boxes[:, :2]).max().item() == pytest.approx(300)
    assert boxes.min() < 0


@pytest.mark.parametrize(
    ("sizes", "ratios", "message"),
    [
        ((32, 0), (1.0,), "sizes above 0, got 0"),
        ((32,), (1.0, -0.5), "ratios above 0, got -0.5"),
        ((math.nan,), (1.0,), "sizes above 0, got nan"),
    ],
)
def test_sizes_and_ratios_are_above_zero(sizes, ratios, message):
    with pytest.raises(ValueError, match=message):
        anchors_of(sizes, ratios)


def test_lists_that_do_not_fit_are_counted():
    maps, ratios = SSD_MAPS[:2], SSD_RATIOS[:2]
    with pytest.raises(ValueError, match=r"each of 2 maps .* got 2, 2 and 2"):
        default_boxes((300, 300), maps, SSD_SCALES[:2], ratios)
    with pytest.raises(ValueError, match=r"each of 2 maps .* got 2, 1 and 3"):
        default_boxes((300, 300), maps, SSD_SCALES[:3], ratios, [8])
