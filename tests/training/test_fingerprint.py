"""A set of examples is known again, and any other label makes it another set."""

from collections import UserDict
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset, Subset, TensorDataset
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2
from training_helpers import QUICK, examples, network

from edulib.data.reading import listed_files
from edulib.training import fit
from edulib.training.batches import read_example
from edulib.training.fingerprint import describe_examples

MANY = 200  # examples, of which a fingerprint reads 64: not number 5


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("wrap", [lambda *pair: pair, TensorDataset])
def test_one_number_among_many_examples_is_another_set(part, wrap):
    one, other = examples(MANY), [column.clone() for column in examples(MANY)]
    other[part][5] += 1
    assert describe_examples(wrap(*one)) != describe_examples(wrap(*other))
    assert describe_examples(wrap(*one)) == describe_examples(wrap(*examples(MANY)))
    assert describe_examples(one) == describe_examples(TensorDataset(*one))


class Own(Dataset):
    """A data set that has no lists of its labels or files, only examples."""

    def __init__(self, inputs: Tensor, labels: Tensor) -> None:
        self.inputs, self.labels_of = inputs, labels

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.inputs[index], self.labels_of[index]


@pytest.mark.parametrize("workers", [0, 2])
def test_one_label_among_many_examples_of_an_own_dataset_is_another_set(workers):
    images, labels = examples(MANY)
    other = labels.clone()
    other[5] += 1
    one = describe_examples(Own(images, labels), workers)
    assert one == describe_examples(Own(images, labels))
    assert one != describe_examples(Own(images, other), workers)


@pytest.mark.parametrize("workers", [0, 2])
def test_reading_all_targets_leaves_random_numbers_alone(workers):
    own = Own(*examples(MANY))
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    describe_examples(own, workers)
    assert torch.equal(torch.rand(2), expected)


class BrokenAt(Own):
    """One of its examples, none of the 64, cannot be read."""

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        if index == 5:
            raise OSError("truncated file")
        return super().__getitem__(index)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_example_that_cannot_be_read_is_named_in_one_line(workers):
    with pytest.raises(OSError, match=r"^cannot read example 5: truncated file$"):
        describe_examples(BrokenAt(*examples(MANY)), workers)


def test_a_resume_with_one_other_label_is_refused(tmp_path):
    images, labels = examples(MANY)
    file = tmp_path / "net.pt"
    fit(network(), Own(images, labels), recipe=QUICK, checkpoint=file)
    other = labels.clone()
    other[5] = (other[5] + 1) % (other.max() + 1)
    with pytest.raises(ValueError, match="begun with training set"):
        fit(network(), Own(images, other), recipe=QUICK, checkpoint=file)


class Listed(Own):
    """A data set that has, as a reader's may, lists of more or less anything."""

    def __init__(self, lists: dict, inputs: Tensor, labels: Tensor) -> None:
        super().__init__(inputs, labels)
        vars(self).update(lists)


LISTS = {
    "names of classes": {"labels": ["a", "b", "c"]},
    "a method": {"targets": lambda: None, "labels": max},
    "none": {"targets": None, "samples": None},
    "no numbers": {"labels": np.array(["a"] * MANY), "targets": [[1], [1, 2]]},
    "other labels": {"samples": [(f"{k}.png", 0) for k in range(MANY)]},
    "labels as they were": {
        "targets": examples(MANY)[1],
        "labels": examples(MANY)[1].numpy(),
        "samples": [(f"{k}.png", k) for k in examples(MANY)[1].tolist()],
    },
    "of another length": {"labels": torch.zeros(3), "targets": torch.tensor(3)},
    "no files": {"samples": [torch.zeros(1)] * MANY, "targets": ()},
    "sentences": {"samples": [("a" * 9000 + chr(0), 1)] * MANY},
}


@pytest.mark.parametrize("lists", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("wrap", [lambda own: own, lambda own: Subset(own, range(150))])
def test_one_other_label_is_another_set_whatever_lists_it_has(lists, wrap):
    images, labels = examples(MANY)
    other = labels.clone()
    other[5] += 1
    one = describe_examples(wrap(Listed(lists, images, labels)))
    assert one == describe_examples(wrap(Listed(lists, *examples(MANY))))
    assert one != describe_examples(wrap(Listed(lists, images, other)))


class Named(NamedTuple):
    image: Tensor
    label: object


EXAMPLES = {
    "dict": lambda image, label: {"image": image, "label": label},
    "mapping": lambda image, label: UserDict(image=image, label=label),
    "noisy dict": lambda image, label: {"image": image + next(COUNT), "label": label},
    "named": Named,
    "nested": lambda image, label: (image, (0, {"label": [label]})),
    "array": lambda image, label: (image, np.asarray(label)),
    "array of words": lambda image, label: (image, np.array([f"class {label}"])),
    "array of objects": lambda image, label: (image, np.array([f"{label}", 1], object)),
}
COUNT = iter(range(10**6))


@pytest.mark.parametrize("kind", EXAMPLES.values(), ids=EXAMPLES)
@pytest.mark.parametrize("length", [MANY, 30])
def test_one_other_label_is_another_set_in_whatever_form(kind, length):
    class Formed(Own):
        def __getitem__(self, index):
            return kind(*super().__getitem__(index))

    images, labels = examples(length)
    other = labels.clone()
    other[5] += 1
    one = describe_examples(Formed(images, labels))
    assert one == describe_examples(Formed(images, labels))
    assert one != describe_examples(Formed(images, other))


@pytest.mark.parametrize("length", [MANY, 30])
def test_labels_that_are_never_the_same_are_known_by_the_list(length):
    class Drawn(Listed):
        def __getitem__(self, index):
            image, label = super().__getitem__(index)
            return image, label + next(COUNT)

    images, labels = examples(length)
    other = labels.clone()
    other[5] += 1
    one, same, changed = (
        describe_examples(Drawn({"targets": listed}, images, listed))
        for listed in (labels, labels.clone(), other)
    )
    assert one == same != changed


def test_files_of_a_set_are_compared(tmp_path):
    file = tmp_path / "5.png"
    described = set()
    for content in (b"a", b"ab"):
        file.write_bytes(content)
        folder = Listed({"samples": [(str(file), 0)] * MANY}, *examples(MANY))
        described.add(describe_examples(folder))
    assert len(described) == 2


def test_a_target_transform_of_a_folder_is_seen(tmp_path):
    """The list of an ImageFolder holds the labels before it."""
    for folder in "ab":
        (tmp_path / folder).mkdir()
        for number in range(40):
            place = tmp_path / folder / f"{number:02}.png"
            Image.new("L", (2, 2), number).save(place)
    described = [
        describe_examples(ImageFolder(tmp_path, v2.ToImage(), change))
        for change in (None, None, lambda label: 1 - label, lambda label: label)
    ]
    assert described[0] == described[1] == described[3] != described[2]


def test_a_broken_example_of_a_set_with_odd_lists_is_named_by_its_number():
    broken = BrokenAt(*examples(MANY))
    broken.samples = torch.zeros(MANY, 2)
    with pytest.raises(OSError, match=r"^cannot read example 5: truncated file$"):
        read_example(broken, 5)


def test_empty_rows_are_no_files():
    examples = torch.utils.data.TensorDataset(torch.zeros(2, 1))
    examples.samples = [(), ()]
    assert listed_files(examples) == ()
