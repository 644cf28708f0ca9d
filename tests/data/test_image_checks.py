"""Images that a function of the data room cannot take are refused, none is changed."""

import pytest
import torch

from edulib.data import PCAColor, global_contrast_normalization

IMAGES = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
WRONG = {
    "bytes": (lambda x: (x * 255).byte(), r"got uint8 \(2, 3, 8, 8\): divide by 255"),
    "whole numbers": (lambda x: x.long(), r"got int64 \(2, 3, 8, 8\)"),
    "one image": (lambda x: x[0], r"\(N, .*got float32 \(3, 8, 8\)"),
    "none": (lambda x: x[:0], r"got float32 \(0, 3, 8, 8\)"),
    "an array": (lambda x: x.numpy(), "got a ndarray"),
    "up to 255": (lambda x: x * 255, r"\[0, 1\], got .* to 25\d"),
    "around 0": (lambda x: x - x.mean(), r"\[0, 1\], got -0"),
    "NaN": (lambda x: x * torch.nan, "got nan to nan"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("take", [global_contrast_normalization, PCAColor])
def test_wrong_images(name, take):
    change, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        take(change(IMAGES))


def test_colours_of_bytes_are_not_shifted():
    shift = PCAColor(IMAGES)
    for name in ("bytes", "whole numbers", "an array"):
        change, message = WRONG[name]
        with pytest.raises(ValueError, match=message):
            shift(change(IMAGES))
    with pytest.raises(ValueError, match=r"\(\.\.\., 3, H, W\), got float32"):
        shift(IMAGES[:, :1])
    assert shift(IMAGES[0]).shape == (3, 8, 8)


@pytest.mark.parametrize("strength", [-0.1, float("nan"), float("inf"), "0.1", None])
def test_a_strength_that_is_none(strength):
    with pytest.raises(ValueError, match="strength of at least 0 and finite, got"):
        PCAColor(IMAGES, strength)
