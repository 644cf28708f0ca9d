"""Answers that would persuade the check instead of solving the exercise.

Each is made for all exercises to which it applies, from their planted wrong answers.
"""

import functools
import inspect
import sys

import pytest
import torch
from exercise_cells import wrong_answers
from test_values import Any, Fake
from torch import nn

from edulib.exercises import check, compare, list_exercises, parts
from edulib.exercises.registry import books_own
from edulib.models.classification.densenet import (
    DenseBlock,
    DenseBottleneck,
    DenseLayer,
)
from edulib.models.classification.googlenet import Inception, conv_relu
from edulib.models.classification.highway import Highway

NAMES = list_exercises()
ENGINE = ("answer", "check", "compare", "registry", "result", "values")


def wrong(name):
    return wrong_answers(name.partition("-")[0])[name]


@functools.cache
def honest_scores(name):
    """What the planted wrong answers get when nobody cheats."""
    return scores(name)


def scores(name):
    return [check(name, a, hidden=True, timeout=3).score for a in wrong(name)]


VALUES = [name for name in NAMES if isinstance(wrong(name)[0], tuple)]
CODE = [name for name in NAMES if name not in VALUES]
OWN = [name for name in NAMES if books_own(name)]


@pytest.mark.parametrize("name", VALUES)
def test_a_number_that_equals_everything_earns_nothing(name):
    result = check(name, (Any(1),) * len(wrong(name)[0]), hidden=True)
    assert result.score == 0
    assert "is an Any" in result.rows[0].message


def disguised(answer):
    """The same answer, whose tensors are close to everything and numbers equal."""
    if isinstance(answer, type) and issubclass(answer, torch.autograd.Function):
        forward = staticmethod(lambda ctx, x: fake(answer.forward(ctx, x)))
        backward = staticmethod(lambda ctx, x: fake(answer.backward(ctx, x)))
        return type("Own", (answer,), {"forward": forward, "backward": backward})
    if isinstance(answer, type):
        forward = answer.forward
        return type(
            "Own", (answer,), {"forward": lambda self, x: fake(forward(self, x))}
        )
    return lambda *inputs: fake(answer(*inputs))


def fake(value):
    if isinstance(value, torch.Tensor):
        return value.as_subclass(Fake)
    if isinstance(value, nn.Module):
        value.register_forward_hook(lambda module, given, output: fake(output))
        return value
    return value if value is None else type("Any", (), {"__eq__": lambda *_: True})()


@pytest.mark.parametrize("name", CODE)
def test_results_of_an_own_class_earn_nothing_more(name):
    before = honest_scores(name)
    for answer, score in zip(wrong(name), before, strict=True):
        result = check(name, disguised(answer), hidden=True)
        assert not result.passed
        assert result.score <= score, answer


def tensors_agree(monkeypatch):
    """Everything that a check could ask of a tensor is true."""

    def true(*args, **options):
        return torch.tensor(True)

    for name in ("all", "any", "equal", "allclose", "isclose", "isfinite"):
        monkeypatch.setattr(torch.Tensor, name, true)
    for name in ("all", "any", "equal", "allclose", "isclose", "isfinite"):
        monkeypatch.setattr(torch, name, true)
    monkeypatch.setattr(torch.testing, "assert_close", true)


def tolerances_are_large(monkeypatch):
    """Every default of the comparisons is enormous."""
    for value in vars(compare).values():
        if inspect.isfunction(value):
            _enlarge(monkeypatch, value)


def _enlarge(monkeypatch, function):
    for key, default in (function.__kwdefaults__ or {}).items():
        if type(default) in (int, float):
            monkeypatch.setitem(function.__kwdefaults__, key, 1e9)
    large = tuple(
        1e9 if type(value) in (int, float) else value
        for value in function.__defaults__ or ()
    )
    monkeypatch.setattr(function, "__defaults__", large or None)


def failed_is_passed(monkeypatch):
    """Every text and number that stands for a state is that of success."""
    for module in ENGINE:
        owner = sys.modules[f"edulib.exercises.{module}"]
        for name in ("FAILED", "NOT_ATTEMPTED", "PASSED"):
            monkeypatch.setattr(owner, name, "passed", raising=False)
        for name, value in list(vars(owner).items()):
            if name.isupper() and type(value) is str:
                monkeypatch.setattr(owner, name, "passed")


@pytest.mark.parametrize(
    "tamper", [tensors_agree, tolerances_are_large, failed_is_passed]
)
@pytest.mark.parametrize("name", NAMES)
def test_tampering_earns_nothing(name, tamper, monkeypatch):
    before = honest_scores(name)
    tamper(monkeypatch)
    assert scores(name) == before


# What the book's own class is built with, from the arguments of the exercise's
BUILT_WITH = {
    Inception: lambda *given: (*given, conv_relu, 5),
    Highway: lambda width, *_: (nn.Linear(width, width), nn.Linear(width, width)),
    DenseBlock: lambda *given: (DenseLayer, *given),
    DenseLayer: lambda depth, *given: given,
    DenseBottleneck: lambda depth, *given: given,
}


def build(book, arguments):
    return book(*BUILT_WITH.get(book, lambda *given: given)(*arguments))


def direct(book):
    return book


def by_child(book):
    return type("Mine", (book,), {})


def by_function(book):
    return lambda *arguments: build(book, arguments)


def by_forward(book):
    return type("Mine", (nn.Module,), dict(vars(book)))


def by_composition(book):
    class Mine(nn.Module):
        def __init__(self, *arguments):
            super().__init__()
            self.inner = build(book, arguments)

        def forward(self, x):
            return self.inner(x)

    return Mine


@pytest.mark.parametrize("module", [None, "mine"])
@pytest.mark.parametrize(
    "borrow", [direct, by_child, by_function, by_forward, by_composition]
)
@pytest.mark.parametrize("name", OWN)
def test_the_books_own_class_earns_nothing(name, borrow, module, monkeypatch):
    for book in books_own(name):
        if not isinstance(book, type) and borrow is not direct:
            continue  # of a function only the function itself is the book's own
        if module:
            monkeypatch.setattr(book, "__module__", module)
        result = check(name, borrow(book), hidden=True)
        assert result.score == 0
        assert "This is the book's own" in result.rows[0].message


@pytest.mark.parametrize("name", NAMES)
def test_no_module_that_the_checks_import_is_an_answer(name):
    checks = sys.modules[parts(name)[0].run.__module__]
    for value in vars(checks).values():
        if isinstance(value, type) and issubclass(value, nn.Module):
            assert check(name, value, hidden=True).score == 0, value
