"""Training and validation sets in pairs."""

import pytest
import torch

from edulib.data.splits import annotated_scenes, photo_patches


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


def test_annotated_scenes_vary_where_they_are_learnt():
    (train, val), (varied, same) = (
        annotated_scenes(4, 3, 48, "masks", varied) for varied in (False, True)
    )
    assert (len(train), len(val)) == (4, 3)
    assert torch.equal(val[0][0], same[0][0])
    assert not torch.equal(val[0][0], train[0][0])
    torch.manual_seed(0)
    (one, target), (other, _) = varied[0], varied[0]
    assert not torch.equal(one, other)
    assert not torch.equal(one, train[0][0])
    assert target["masks"].shape == (len(target["boxes"]), 48, 48)
