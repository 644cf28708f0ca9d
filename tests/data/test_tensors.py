"""Whole sets in memory."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Subset

from edulib.data import Digits, as_tensors


def test_a_subset_goes_item_after_item():
    digits = Digits("test")
    images, labels = as_tensors(Subset(digits, [5, 3]))
    assert type(images) is torch.Tensor
    assert torch.equal(images, digits.images[[5, 3]])
    assert labels.tolist() == [digits[5][1], digits[3][1]]


def test_images_of_several_shapes():
    pairs = [(torch.zeros(3, 4, 4), 0), (torch.zeros(3, 5, 4), 1)]
    with pytest.raises(ValueError, match=r"one shape, got .*\(3, 5, 4\)"):
        as_tensors(pairs)


GOOD = torch.zeros(3, 4, 4)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([(GOOD, "cat")], "integer labels, got str with item 0"),
        ([(GOOD, 1), (GOOD, 1.5)], "integer labels, got float with item 1"),
        ([(GOOD, True)], "integer labels, got bool"),
        ([(GOOD, torch.tensor(1.0))], "integer labels, got Tensor"),
        ([(GOOD.byte(), 1)], r"in \[0, 1\], got uint8 \(3, 4, 4\): divide by 255"),
        ([(Image.new("L", (4, 4)), 1)], "floating point .*got a Image"),
        ([(GOOD.numpy(), 1)], "floating point .*got a ndarray"),
        ([GOOD], r"pairs of image and label, got item 0: float32 \(3, 4, 4\)"),
        ([(GOOD, 1), (GOOD, 1, 2)], "got item 1: a tuple of 3"),
        ([], "at least one pair"),
        (iter([(GOOD, 1)]), "map-style dataset, got a list_iterator"),
        (None, "map-style dataset, got None"),
    ],
)
def test_items_that_are_no_images_with_labels(pairs, message):
    with pytest.raises(ValueError, match=message):
        as_tensors(pairs)


@pytest.mark.parametrize("error", [KeyError("cat"), StopIteration(), TypeError("cat")])
def test_an_item_that_cannot_be_read_is_named(error):
    class Broken(list):
        def __getitem__(self, index):
            if index == 1:
                raise error
            return super().__getitem__(index)

    kind = type(error).__name__
    with pytest.raises(ValueError, match=f"^cannot read example 1: {kind}"):
        as_tensors(Broken([(GOOD, 1)] * 3))


@pytest.mark.parametrize("label", [3, np.int32(3), torch.tensor(3)])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_types_become_the_promised_ones(label, dtype):
    images, labels = as_tensors([(GOOD.to(dtype), label)] * 2)
    assert (images.dtype, labels.dtype) == (torch.float32, torch.int64)
    assert labels.tolist() == [3, 3]
