"""Images made alike in mean colour and contrast."""

import pytest
import torch

from edulib.data import global_contrast_normalization


def test_tint_and_contrast_are_taken_away():
    torch.manual_seed(0)
    images = 0.5 + 0.1 * torch.rand(3, 3, 16, 16)
    tint = torch.tensor([0.1, -0.2, 0.0])[:, None, None]
    found = global_contrast_normalization(images, 0.1)
    torch.testing.assert_close(
        global_contrast_normalization(1.5 * images - 0.1 + tint, 0.1), found
    )
    torch.testing.assert_close(found.mean((2, 3)), torch.full((3, 3), 0.5))
    torch.testing.assert_close(found.std((1, 2, 3)), torch.full((3,), 0.1))


def test_stays_within_range_and_does_not_divide_by_zero():
    images = torch.zeros(2, 1, 8, 8)
    images[0, 0, 0, 0] = 1
    found = global_contrast_normalization(images)
    assert found.min() >= 0
    assert found.max() == 1
    assert found[1].eq(0.5).all()


def test_one_image_without_a_batch_is_refused():
    with pytest.raises(ValueError, match=r"got float32 \(3, 8, 8\)"):
        global_contrast_normalization(torch.zeros(3, 8, 8))
