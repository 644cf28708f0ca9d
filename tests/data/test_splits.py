"""Training and validation sets in pairs."""

import pytest
import torch

from edulib.data.splits import photo_patches


@pytest.fixture(scope="module")
def patches():
    return photo_patches(train=24, val=16, num_classes=8)


def test_photo_patches_cannot_be_told_by_tint_or_contrast(patches):
    for images, _ in patches:
        torch.testing.assert_close(
            images.mean((2, 3)), torch.full((len(images), 3), 0.5), atol=0.01, rtol=0
        )
        torch.testing.assert_close(
            images.std((1, 2, 3)), torch.full((len(images),), 0.2), atol=0.01, rtol=0
        )


def test_photo_patches_of_both_sets_show_the_same_places(patches):
    (train, train_labels), (val, val_labels) = patches
    assert torch.equal(train_labels[:16], val_labels)
    assert not any(torch.equal(one, other) for one in train for other in val)
