"""The digits: all of them, split without overlap, resized well."""

import pytest
import torch
from sklearn.datasets import load_digits
from torchvision import tv_tensors
from torchvision.transforms import v2

from edulib.data import Digits, as_tensors


def test_the_two_splits_hold_every_digit_once():
    (train, train_labels), (test, test_labels) = (
        as_tensors(Digits(split)) for split in ("train", "test")
    )
    together = torch.cat([train, test]).flatten(1)
    published = torch.tensor(load_digits().data, dtype=torch.float32) / 16
    order, published_order = (
        sorted(map(tuple, pictures.tolist())) for pictures in (together, published)
    )
    assert order == published_order
    labels = torch.cat([train_labels, test_labels])
    published_labels = torch.tensor(load_digits().target)
    assert torch.equal(labels.bincount(), published_labels.bincount())


def test_the_split_is_stratified_and_always_the_same():
    test = Digits("test")
    assert len(test) == 355
    assert len(Digits("train")) == 1442
    assert set(test.labels.bincount().tolist()) <= {34, 35, 36}
    assert torch.equal(test.images, Digits("test").images)


def test_items():
    image, label = Digits("train")[3]
    assert isinstance(image, tv_tensors.Image)
    assert image.shape == (1, 8, 8)
    assert image.dtype == torch.float32
    assert image.min() == 0
    assert 0.8 < image.max() <= 1
    assert type(label) is int


@pytest.mark.parametrize("size", [8, 12, 16, 28, 32])
def test_a_larger_picture_shows_the_same(size):
    small, large = Digits("test").images, Digits("test", size).images
    assert large.shape == (355, 1, size, size)
    assert 0 <= large.min() < large.max() <= 1
    back = torch.nn.functional.interpolate(large, (8, 8), mode="area")
    pairs = torch.stack([back.flatten(1), small.flatten(1)], 1)
    assert min(torch.corrcoef(pair)[0, 1] for pair in pairs) > 0.9


def test_transforms_are_applied():
    digits = Digits("test", transforms=v2.Pad(2))
    assert digits[0][0].shape == (1, 12, 12)
    assert as_tensors(digits)[0].shape == (355, 1, 12, 12)


def test_tensors_are_copies():
    images, _ = as_tensors(Digits("test"))
    images.zero_()
    assert Digits("test").images.max() == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "val"}, "split out of .*, got 'val'"),
        ({"image_size": 7}, "image size of 8 to 32, got 7"),
        ({"image_size": 8.5}, r"image size of 8 to 32, got 8\.5"),
        ({"image_size": "8"}, "image size of 8 to 32, got '8'"),
        ({"image_size": 64}, "image size of 8 to 32, got 64"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        Digits(**arguments)
