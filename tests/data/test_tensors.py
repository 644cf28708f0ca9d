"""Whole sets in memory."""

import pytest
import torch
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


def test_labels_that_are_no_integers():
    with pytest.raises(ValueError, match="integer labels, got str"):
        as_tensors([(torch.zeros(3, 4, 4), "cat")])
