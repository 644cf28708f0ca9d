"""Each name of the command line's ``--data`` gives images, labels and their kind."""

import pytest
import torch
from torch.utils.data import Dataset
from torchvision import tv_tensors

from edulib.data import torchvision_sets
from edulib.data.sources import SIZES, load_source


class Pictures(Dataset):
    """Stands for a set of torchvision's: pictures of 40 x 30 or of 32 x 32."""

    def __init__(self, name, root, split, transforms, download):
        self.asked = (name, root, split, download)
        self.transforms = transforms
        small = name in ("cifar10", "fashion_mnist")
        self.shape = (3, 32, 32) if small else (3, 30, 40)
        self.classes = ["cat", "dog"]

    def __len__(self):
        return 4

    def __getitem__(self, index):
        picture = tv_tensors.Image(torch.rand(self.shape))
        return self.transforms(picture, self.target_of(index % 2))

    def target_of(self, label):
        name, size = self.asked[0], self.shape[1:]
        if not name.endswith(("boxes", "masks")):
            return label
        masks = tv_tensors.Mask(torch.ones(1, *size, dtype=torch.bool))
        if name == "voc_masks":
            return tv_tensors.Mask(masks[0].long())
        box = tv_tensors.BoundingBoxes(
            [[10.0, 0, 30, 30]], format="XYXY", canvas_size=size
        )
        target = {"boxes": box, "labels": torch.tensor([label])}
        return target | ({"masks": masks} if name == "coco_masks" else {})


@pytest.fixture(autouse=True)
def no_downloads(monkeypatch):
    monkeypatch.setattr(torchvision_sets, "torchvision_set", Pictures)


@pytest.mark.parametrize("name", ["cifar10", "imagenette", "folder"])
@pytest.mark.parametrize("size", [None, 24])
def test_files_come_in_one_size_and_are_fetched_but_for_a_folder(name, size):
    data = load_source(name, size, 1, "photos")
    expected = (3, size or SIZES[name], size or SIZES[name])
    for split, part in (("train", data.train), ("val", data.val)):
        assert part.asked == (name, "photos", split, name != "folder")
        image, label = part[1]
        assert tuple(image.shape) == expected
        assert label == 1
    assert (data.num_classes, data.in_channels) == (2, 3)


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("voc_boxes", "detection"),
        ("coco_boxes", "detection"),
        ("coco_masks", "instance_segmentation"),
        ("voc_masks", "segmentation"),
    ],
)
def test_annotated_files_are_made_square_with_what_they_show(name, task):
    data = load_source(name, 60, 1, "photos", task)
    assert (data.num_classes, data.in_channels) == (2, 3)
    image, target = data.val[1]
    assert image.shape == (3, 60, 60)
    if task == "segmentation":
        assert target.shape == (60, 60)
    else:
        assert target["boxes"].tolist() == [[15, 0, 45, 60]]
    if task == "instance_segmentation":
        assert target["masks"].shape == (1, 60, 60)
    torch.manual_seed(0)
    (one, _), (other, _) = data.train[0], data.train[0]
    assert not torch.equal(one, other)


def test_training_images_vary_and_validation_images_do_not():
    data = load_source("cifar10", None, 1, "photos")
    torch.manual_seed(0)
    picture = tv_tensors.Image(torch.rand(3, 32, 32))
    varied = [data.train.transforms(picture, 0)[0] for _ in range(4)]
    fixed = [data.val.transforms(picture, 0)[0] for _ in range(4)]
    assert any(not torch.equal(varied[0], other) for other in varied[1:])
    assert all(torch.equal(picture, other) for other in fixed)


def test_different_classes_in_train_and_val(monkeypatch):
    class Other(Pictures):
        def __init__(self, name, root, split, transforms, download):
            super().__init__(name, root, split, transforms, download)
            self.classes = [split]

    monkeypatch.setattr(torchvision_sets, "torchvision_set", Other)
    with pytest.raises(ValueError, match=r"same classes .*\['train'\] and \['val'\]"):
        load_source("folder", None, 1, "photos")


def test_scenes_and_digits_are_tensors():
    data = load_source("scenes", 32, 20, None)
    assert data.train[0].shape == (20, 3, 32, 32)
    assert data.val[0].shape == (5, 3, 32, 32)
    assert not torch.equal(data.train[0][:5], data.val[0])
    assert (data.num_classes, data.in_channels) == (10, 3)
    data = load_source("digits", None, 1, None)
    assert data.train[0].shape[1:] == (1, 32, 32)
    assert (data.num_classes, data.in_channels) == (10, 1)


def test_large_scenes_are_kept_as_a_dataset():
    data = load_source("scenes", 128, 20, None)
    assert isinstance(data.train, Dataset)
    image, label = data.train[0]
    assert image.shape == (3, 128, 128)
    assert 0 <= label < 10


@pytest.mark.parametrize(
    ("task", "names", "classes"),
    [
        ("detection", ["boxes", "labels"], 10),
        ("instance_segmentation", ["boxes", "labels", "masks"], 10),
        ("segmentation", None, 23),
    ],
)
def test_scenes_serve_every_task(task, names, classes):
    data = load_source("scenes", 48, 12, None, task)
    assert (len(data.train), len(data.val)) == (12, 3)
    assert (data.num_classes, data.in_channels) == (classes, 3)
    (image, target), (other, _) = data.train[0], data.val[0]
    assert image.shape == (3, 48, 48)
    assert not torch.equal(image, other)
    if names:
        assert sorted(target) == names
        assert target["labels"].max() < classes
    else:
        assert target.shape == (48, 48)
        assert target.max() < classes


def test_scenes_larger_than_they_can_be_drawn_are_enlarged_with_their_boxes():
    drawn, enlarged = (
        load_source("scenes", size, 4, None, "instance_segmentation")
        for size in (256, 300)
    )
    for k, split in ((1, "train"), (0, "val")):
        _, small = getattr(drawn, split)[k]
        image, target = getattr(enlarged, split)[k]
        assert image.shape == (3, 300, 300)
        assert target["masks"].shape[1:] == (300, 300)
        torch.testing.assert_close(
            target["boxes"], small["boxes"] * 300 / 256, check_dtype=False
        )


def test_one_class_is_nothing_to_tell_apart(monkeypatch):
    class One(Pictures):
        def __init__(self, name, root, split, transforms, download):
            super().__init__(name, root, split, transforms, download)
            self.classes = ["cat"]

    monkeypatch.setattr(torchvision_sets, "torchvision_set", One)
    with pytest.raises(ValueError, match=r"at least two classes .*got \['cat'\]"):
        load_source("folder", None, 1, "photos")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("imagenet", 32, 1), r"--data out of \('scenes', .*, got 'imagenet'"),
        (("digits", 8.5, 1), r"--image-size of at least 1, got 8\.5"),
        (("scenes", 32, "9"), "--length of at least 1, got '9'"),
    ],
)
def test_arguments_that_are_none(arguments, message):
    with pytest.raises(ValueError, match=message):
        load_source(*arguments, None)


@pytest.mark.parametrize(
    ("name", "task", "message"),
    [
        (
            "digits",
            "detection",
            r"--data out of \('scenes',.* --task detection, got 'd",
        ),
        ("scenes", "depth", r"--task out of \('classification', .*, got 'depth'"),
    ],
)
def test_data_that_is_not_for_the_task(name, task, message):
    with pytest.raises(ValueError, match=message):
        load_source(name, 32, 4, "photos", task)
