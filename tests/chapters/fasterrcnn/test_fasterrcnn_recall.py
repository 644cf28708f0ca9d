"""Recall of proposals, and what the network is compared with."""

import pytest
import torch

from edulib.chapters.fasterrcnn.recall import average_recall, best_of, recall
from edulib.chapters.fasterrcnn.rivals import grow_regions, sliding_windows
from edulib.models.ops.iou import pairwise_iou

OBJECTS = torch.tensor([[0.0, 0, 10, 10], [20, 20, 40, 40]])


def test_only_the_first_proposals_count():
    proposals = torch.tensor([[0.0, 0, 10, 5], [20, 20, 40, 40], [0, 0, 10, 10]])
    best = best_of(proposals, OBJECTS, (1, 2, 9))
    assert best.tolist() == [[0.5, 0], [0.5, 1], [1, 1]]
    assert recall(best[1], 0.5) == 1
    assert average_recall(best[1]) == pytest.approx((0.1 + 1) / 2)


def test_without_proposals_nothing_is_covered():
    assert best_of(torch.zeros(0, 4), OBJECTS, (5,)).tolist() == [[0, 0]]


def test_windows_are_all_anchors_in_the_order_of_the_seed():
    one, other = (
        sliding_windows((128, 128), torch.Generator().manual_seed(k)) for k in (0, 1)
    )
    assert one.shape == (16 * 16 * 9, 4)
    assert not torch.equal(one, other)
    assert torch.equal(one.sort(0).values, other.sort(0).values)


def test_regions_find_an_object_of_two_colours():
    image = torch.full((3, 64, 64), 0.2)
    image[0, 10:30, 20:44] = 0.9
    image[1, 30:50, 20:44] = 0.9
    found = grow_regions(image, torch.Generator().manual_seed(0))
    wanted = torch.tensor([[20.0, 10, 44, 30], [20, 30, 44, 50], [20, 10, 44, 50]])
    overlaps = pairwise_iou(wanted, found).max(1).values
    assert (overlaps > torch.tensor([0.9, 0.9, 0.7])).all()  # edges are blurred
    assert len(found.unique(dim=0)) == len(found)


def test_an_image_of_one_colour_is_one_region():
    found = grow_regions(torch.full((3, 32, 48), 0.5), torch.Generator())
    assert found.tolist() == [[0, 0, 48, 32]]
