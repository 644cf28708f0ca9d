"""Only plain values pass the border between a student's code and its check."""

import numpy as np
import pytest
import torch
from torch import nn

from edulib.exercises.values import WrongAnswerError, kind, numbers, plain


class Any(int):
    """An integer that equals everything."""

    __hash__ = int.__hash__

    def __eq__(self, other):
        return True


class Fake(torch.Tensor):
    """A tensor that is close to everything."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if getattr(function, "__name__", "") in ("isclose", "eq"):
            return torch.ones(1, dtype=torch.bool)
        return super().__torch_function__(function, types, args, kwargs or {})


class Misnamed(type):
    """A class of classes that lie about their name."""

    __name__ = property(lambda cls: "int")


@pytest.mark.parametrize("value", [3, -1.5, True, "text", None, ..., (), [1, (2.0,)]])
def test_builtin_values_stay_what_they_are(value):
    copied = plain(value)
    assert copied == value
    assert type(copied) is type(value)


def test_scalars_of_numpy_become_numbers():
    for value, expected in ((np.int64(3), int), (np.float32(2), float)):
        assert type(plain(value)) is expected
    assert plain(np.bool_(True)) is True


def test_tensors_are_copied_without_their_gradient():
    parameter = nn.Parameter(torch.tensor([1.0, 2.0]))
    copied = plain([parameter])[0]
    assert type(copied) is torch.Tensor
    assert not copied.requires_grad
    copied[0] = 7
    assert parameter.tolist() == [1, 2]


def test_types_and_precisions_of_tensors_are_kept():
    for dtype in (torch.bool, torch.int64, torch.bfloat16, torch.float64):
        assert plain(torch.ones(2, dtype=dtype)).dtype == dtype
        assert numbers(torch.ones(2, dtype=dtype)).tolist() == [1, 1]


def test_containers_are_built_anew():
    value = {"boxes": [torch.ones(1)], 3: (1, 2)}
    copied = plain(value)
    copied["boxes"].append(1)
    assert len(value["boxes"]) == 1
    assert copied[3] == (1, 2)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Any(3), "the output is an Any, expected a tensor, a number"),
        ([1, Any(3)], "the output holds an Any"),
        (torch.ones(2).as_subclass(Fake), "made from torch.Tensor is none"),
        (type("Text", (str,), {})("a"), "is a Text"),
        (type("Pair", (tuple,), {})((1, 2)), "is a Pair"),
        (Misnamed("Real", (), {})(), "is a Real"),
        (np.ones(2), "torch.from_numpy"),
        ({Any(3): 1}, "an Any as a key"),
        (object(), "is an object"),
        (10**1000, "too large a number"),
        ("a" * 100_001, "too long a text"),
        ([0] * 100_001, "more than 100000 items"),
        (torch.zeros(1).expand(10_000_001), "more than 10000000 numbers"),
        (torch.zeros(2, device="meta"), "without plain real numbers"),
        (torch.eye(2).to_sparse(), "without plain real numbers"),
        (torch.ones(2, dtype=torch.complex64), "without plain real numbers"),
    ],
)
def test_anything_else_is_refused(value, words):
    with pytest.raises(WrongAnswerError, match=words):
        plain(value)


def test_what_has_no_end_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises(WrongAnswerError, match="nested more than 20 deep"):
        plain(endless)


def test_a_replaced_method_of_tensors_changes_nothing(monkeypatch):
    def seven(self, *args, **options):
        return torch.full((2,), 7.0)

    for name in ("detach", "clone", "cpu", "double", "numpy", "numel", "layout"):
        monkeypatch.setattr(torch.Tensor, name, seven, raising=False)
    assert numbers(torch.arange(2)).tolist() == [0, 1]


def test_a_mode_that_is_left_open_changes_nothing():
    class Sevens(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            return torch.full((2,), 7.0)

    value = torch.arange(2)
    with Sevens():
        copied = numbers(value)
    assert copied.tolist() == [0, 1]


def test_numbers_are_those_of_a_tensor():
    with pytest.raises(WrongAnswerError, match="is a list, expected a tensor"):
        numbers([1.0])
    assert kind(torch.ones(1)) == "a tensor"
