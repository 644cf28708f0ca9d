"""Two values that differ in anything have two hashes; equal ones have one."""

from collections import deque, namedtuple
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision import tv_tensors

from edulib.training.hashing import hash_of

LONG = np.arange(5000.0)
OTHER = np.where(LONG == 2500, 0, LONG)
Pair = namedtuple("Pair", "one other")


@dataclass
class Label:
    value: object


class Plain:
    def __init__(self, value: object) -> None:
        self.value = value


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


def picture(mode: str = "L", color: object = 0) -> Image.Image:
    return Image.new(mode, (6, 6), color)


def palette(color: int) -> Image.Image:
    image = picture("P")
    image.putpalette([color] * 768)
    return image


def boxes(form: str) -> torch.Tensor:
    return tv_tensors.BoundingBoxes([[0, 0, 1, 1]], format=form, canvas_size=(2, 2))


DIFFERENT = [
    ([1, 23], [12, 3]),
    ((1, 11), (11, 1)),
    ([1, [2]], [[1], 2]),
    ([[1, 2], [3]], [[1], [2, 3]]),
    ([], [[]]),
    (["a", "b"], ["ab"]),
    (["1 of2"], [["2"]]),
    ({"a": "bc"}, {"ab": "c"}),
    ({1: 2}, [(1, 2)]),
    ([1], (1,)),
    (Pair(1, 2), (1, 2)),
    (1, True),
    (1, 1.0),
    ("1", 1),
    (b"a", "a"),
    (0.0, -0.0),
    (np.float32(1), np.float32(1.0000001)),
    (np.array([1, 2]), np.array([[1, 2]])),
    (np.array(["a", "b"], object), np.array(["ab"], object)),
    (LONG, OTHER),
    ({1, 2}, {1, 3}),
    (deque([LONG]), deque([OTHER])),
    (torch.tensor([1, 2]), torch.tensor([2, 1])),
    (torch.tensor([1j]), torch.tensor([1j]).conj()),
    (torch.eye(2).to_sparse(), torch.ones(2, 2).to_sparse()),
    (boxes("XYXY"), boxes("XYWH")),
    *((kind(LONG), kind(OTHER)) for kind in (Label, Plain, Slotted)),
    (partial(max, LONG), partial(max, OTHER)),
    (torch.relu, torch.tanh),
    (nn.ReLU, nn.Tanh),
    (picture(color=0), picture(color=200)),
    (picture("L"), picture("P")),
    (picture("RGB"), picture("HSV")),
    (palette(3), palette(4)),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_values_that_differ_have_two_hashes(one, other):
    assert hash_of(one) != hash_of(other)
    assert hash_of([one, one]) != hash_of([one, other])


@pytest.mark.parametrize(
    "make",
    [
        lambda: {"boxes": [1, 2], "names": {"a", "b"}},
        lambda: Label(np.array([{"a": 1}], object)),
        lambda: Plain(object()),
        lambda: picture("RGB", "red"),
        lambda: torch.arange(4).reshape(2, 2).t(),
        lambda: (test_values_that_differ_have_two_hashes, lambda: None),
    ],
)
def test_a_value_made_twice_has_one_hash(make):
    assert hash_of(make()) == hash_of(make())


def test_a_set_has_no_order():
    assert list({1, 9}) != list({9, 1})
    assert hash_of({1, 9}) == hash_of({9, 1})


def test_a_value_that_holds_itself_has_a_hash():
    one, other = [1], [2]
    one.append(one)
    other.append(other)
    assert hash_of(one) != hash_of(other)
