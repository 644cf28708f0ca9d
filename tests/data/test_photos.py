"""Photographs and their patches: real, known, and the same for everybody."""

from hashlib import sha256

import pytest
import torch
from torchvision import tv_tensors

from edulib.data import PHOTOS, ExemplarPatches, as_tensors, photographs, photos


def test_all_photographs_are_there_in_color():
    found = photos()
    assert list(found) == [photo.name for photo in PHOTOS]
    assert len(found) == 10
    for image in found.values():
        assert image.dtype == torch.float32
        assert image.shape[0] == 3
        assert min(image.shape[1:]) >= 300
        assert 0 <= image.min() < image.max() <= 1
        assert (image[0] - image[2]).abs().max() > 0.2


def test_every_photograph_names_its_source_and_license():
    for photo in PHOTOS:
        assert photo.source
        assert photo.shows
        assert any(word in photo.license for word in ("CC", "public", "restrictions"))


def test_a_choice_of_photographs():
    assert list(photos(["cat", "coffee"])) == ["cat", "coffee"]
    with pytest.raises(ValueError, match=r"out of .*'cat'.*, got \['dog'\]"):
        photos(["cat", "dog"])


def test_photographs_are_fresh_copies():
    photos(["cat"])["cat"].zero_()
    assert photos(["cat"])["cat"].max() > 0.5


def test_patches_are_the_same_every_time():
    patches = ExemplarPatches(40, 24, num_classes=8, seed=3)
    images, labels = as_tensors(patches)
    assert images.shape == (40, 3, 24, 24)
    assert labels.tolist() == [k % 8 for k in range(40)]
    again = ExemplarPatches(40, 24, num_classes=8, seed=3)
    assert torch.equal(again[33][0], images[33])
    assert isinstance(again[33][0], tv_tensors.Image)
    assert again.places == patches.places
    assert ExemplarPatches(1, num_classes=8, seed=4).places != patches.places


def test_patches_of_a_class_are_alike_and_of_others_are_not():
    images, labels = as_tensors(ExemplarPatches(160, 16, num_classes=16))
    colors = images.mean((2, 3))
    middles = torch.stack([colors[labels == k].mean(0) for k in range(16)])
    within = (colors - middles[labels]).norm(dim=1).mean()
    assert within < 0.4 * torch.pdist(middles).mean()


def test_validation_has_the_same_places_and_other_patches():
    train, val = (
        ExemplarPatches(32, 16, num_classes=8, split=s) for s in ("train", "val")
    )
    assert train.places == val.places
    seen = {sha256(image.numpy().tobytes()).digest() for image, _ in train}
    assert not any(sha256(i.numpy().tobytes()).digest() in seen for i, _ in val)


def test_places_show_something_and_lie_apart():
    patches = ExemplarPatches(100, 32, num_classes=100)
    assert as_tensors(patches)[0].std((1, 2, 3)).min() > 0.02
    assert len(set(patches.places)) == 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length": 0}, "a length of at least 1, got 0"),
        ({"num_classes": 0}, "number of classes of at least 1, got 0"),
        ({"seed": 1.5}, r"a seed that is a whole number, got 1\.5"),
        ({"length": 2.5}, r"a length of at least 1, got 2\.5"),
        ({"num_classes": True}, "number of classes of at least 1, got True"),
        ({"image_size": 32.5}, r"image size of 8 to 224, got 32\.5"),
        ({"image_size": 4}, "image size of 8 to 224, got 4"),
        ({"split": "test"}, "split out of .*, got 'test'"),
        ({"names": ["moon"]}, r"photographs out of .*, got \['moon'\]"),
        ({"num_classes": 200, "names": ["cat"]}, "room for .* places .* expected 200"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ExemplarPatches(**{"length": 5, **arguments})


def test_indices_behave_as_those_of_a_list():
    patches = ExemplarPatches(5, 16, num_classes=3)
    assert torch.equal(patches[-1][0], patches[4][0])
    assert len(list(patches)) == 5
    with pytest.raises(IndexError, match="no patch 5 among 5"):
        patches[5]


def test_a_missing_file_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(photographs, "_folder", lambda package: tmp_path / package)
    photographs._read.cache_clear()
    with pytest.raises(FileNotFoundError, match="reinstall scikit-image"):
        photos(["cat"])
