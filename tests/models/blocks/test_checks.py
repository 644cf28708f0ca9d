"""Bad input to a model: one clear error with the remedy."""

import numpy as np
import pytest
import torch

from edulib.models.blocks.checks import check_images, check_num_classes


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_images_pass(dtype):
    assert check_images(torch.zeros(2, 3, 32, 40, dtype=dtype), 3, 32) is None


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (torch.zeros(2, 1, 32, 32), ValueError, r"\(2, 1, 32, 32\).*in_channels=1"),
        (torch.zeros(2, 32, 32, 3), ValueError, r"permute\(0, 3, 1, 2\)"),
        (torch.zeros(3, 32, 32), ValueError, r"\(3, 32, 32\).*unsqueeze\(0\)"),
        (torch.zeros(2, 3, 31, 64), ValueError, r"H, W >= 32, got \(2, 3, 31, 64\)"),
        (torch.zeros(2, 3, 64, 31), ValueError, r"H, W >= 32, got \(2, 3, 64, 31\)"),
        (torch.zeros(3), ValueError, r"\(B, 3, H, W\).*got \(3,\)"),
        (
            torch.zeros(2, 3, 32, 32, dtype=torch.uint8),
            TypeError,
            r"floating-point images .*got torch\.uint8: divide by 255",
        ),
        (torch.zeros(2, 3, 32, 32, dtype=torch.int64), TypeError, r"torch\.int64$"),
        (np.zeros((2, 3, 32, 32)), TypeError, "got ndarray: .*to_image"),
    ],
)
def test_bad_images_are_named(images, error, message):
    with pytest.raises(error, match=message):
        check_images(images, 3, 32)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "ten", None])
def test_bad_num_classes_is_quoted(wrong):
    with pytest.raises(ValueError, match=f"num_classes.*>= 1, got {wrong!r}"):
        check_num_classes(wrong)


def test_images_may_have_a_largest_size():
    check_images(torch.zeros(1, 3, 16, 16), 3, 16, max_size=16)
    with pytest.raises(ValueError, match=r"W <= 16, got \(1, 3, 16, 17\): resize"):
        check_images(torch.zeros(1, 3, 16, 17), 3, 16, max_size=16)
