"""Images of different sizes become one batch, with zeros on the right and below."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision import tv_tensors

from edulib.data import pad_images, pad_maps

SIZES = st.lists(
    st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=4
)


@given(SIZES, st.integers(1, 33))
def test_every_image_is_in_the_upper_left_corner_of_zeros(sizes, multiple):
    images = [torch.rand(2, *size) + 1 for size in sizes]
    batch = pad_images(images, multiple)
    assert len(batch) == len(images)
    for axis, side in enumerate(batch.shape[-2:]):
        largest = max(size[axis] for size in sizes)
        assert side % multiple == 0
        assert largest <= side < largest + multiple
    for padded, image in zip(batch, images, strict=True):
        height, width = image.shape[1:]
        assert torch.equal(padded[:, :height, :width], image)
        assert (padded != 0).sum() == image.numel()


def test_images_of_one_size_are_stacked():
    images = torch.rand(3, 3, 5, 7)
    assert torch.equal(pad_images(list(images)), images)
    assert torch.equal(pad_images(images), images)


def test_torchvisions_types_become_plain_tensors():
    batch = pad_images([tv_tensors.Image(torch.rand(3, 4, 4))], 8)
    masks = pad_maps(tv_tensors.Mask(torch.ones(2, 4, 4, dtype=torch.bool)), 8, 6)
    assert type(batch) is type(masks) is torch.Tensor
    assert masks.dtype == torch.bool
    assert masks.shape == (2, 8, 6)
    assert masks.sum() == 32
    assert pad_maps(torch.ones(0, 4, 4), 5, 5).shape == (0, 5, 5)


def test_gradients_come_back():
    images = [torch.ones(1, 2, 3, requires_grad=True), torch.ones(1, 4, 1)]
    pad_images(images, 4).sum().backward()
    assert torch.equal(images[0].grad, torch.ones(1, 2, 3))


@pytest.mark.parametrize(
    ("images", "multiple", "message"),
    [
        ([], 1, "as many channels, got none"),
        ([torch.rand(3, 4, 4), torch.rand(1, 4, 4)], 1, r"got float32 \(3, 4, 4\) and"),
        ([torch.zeros(3, 4, 4).byte()], 1, "divide by 255"),
        ([torch.rand(4, 4)], 1, r"expected images \(\.\.\., C, H, W\)"),
        ([torch.rand(3, 4, 4)], 0, "a multiple of at least 1, got 0"),
    ],
)
def test_wrong_images(images, multiple, message):
    with pytest.raises(ValueError, match=message):
        pad_images(images, multiple)


def test_maps_that_are_too_large():
    with pytest.raises(
        ValueError, match=r"at most 3 x 9 pixels, got float32 \(1, 4, 4\)"
    ):
        pad_maps(torch.rand(1, 4, 4), 3, 9)
