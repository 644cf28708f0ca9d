"""What the poolings read, as drawn, against rounding by hand."""

import pytest
import torch

from edulib.chapters.maskrcnn.pictures import (
    cells_read,
    middles,
    middles_read,
    read_mask,
    tint_mask,
)


def test_one_bin_reads_the_rounded_region():
    box = torch.tensor([42.0, 20, 70, 58])  # 2.6, 1.25, 4.4, 3.6 cells
    assert cells_read(box, 16, 1, 96).flatten().tolist() == [48, 16, 80, 80]


def test_bins_overlap_where_cells_are_few():
    box = torch.tensor([0.0, 0, 30, 30])  # rounded, cells 0 to 2
    first, second = cells_read(box, 16, 2, 96)[0].tolist()
    assert first == [0, 0, 32, 32]
    assert second == [16, 0, 48, 32]


def test_a_bin_outside_of_the_map_has_no_cells():
    cells = cells_read(torch.tensor([60.0, 10, 95, 40]), 16, 7, 96)
    assert cells[0, -1].isnan().all()
    assert cells[0, 0].isfinite().all()


def test_aligned_bins_stand_half_a_cell_away_everywhere():
    boxes = torch.tensor([[20.0, 18, 55, 61], [33, 40, 70, 77]])
    for stride in (4, 8):
        off = middles_read(boxes, stride, 7, 96, "align") - middles(boxes, 7)
        torch.testing.assert_close(off, torch.full_like(off, stride / 2))


def test_middles_go_across_then_down():
    found = middles(torch.tensor([[0.0, 10, 40, 30]]), 2)
    assert found[0, 0].tolist() == [[10, 15], [30, 15]]
    assert found[0, 1].tolist() == [[10, 25], [30, 25]]


@pytest.mark.parametrize("pooling", ["pool", "align"])
def test_a_mask_that_fills_the_image_is_read_as_1(pooling):
    box = torch.tensor([20.0, 18, 55, 61])
    read = read_mask(torch.ones(96, 96).bool(), box, 16, pooling)
    torch.testing.assert_close(read, torch.ones_like(read))


def test_a_tint_covers_the_mask_and_leaves_the_rest():
    image, mask = torch.full((3, 80, 90), 0.5), torch.zeros(80, 90)
    mask[5:9, 12:20] = 0.6
    box = torch.tensor([-3.0, 2, 25, 12])  # at the corner: shown from 0 on
    tinted = tint_mask(image, mask, box, 0.5)
    assert tinted.shape == (3, 64, 64)
    assert (tinted[:, 5:9, 12:20] != 0.5).any(0).all()
    assert (tinted[:, 13:] == 0.5).all()
    assert (tint_mask(image, mask, box, 0.7)[:, 5:9, 12:20] == 0.5).all()
    assert (image == 0.5).all()
