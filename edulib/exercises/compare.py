"""Comparisons that say what differs and why that might be.

Each function raises `WrongAnswerError`, whose message is written for a student. What is
compared is first made plain (see `edulib.exercises.values`) and tensors become arrays,
so that a submission which replaces a method of `torch.Tensor`, or returns an object
that equals everything, changes nothing here.
"""

from math import isclose

import numpy as np
from torch import Generator, Tensor, nn, no_grad, randn

from edulib.exercises.answer import Answer, read_parameters
from edulib.exercises.values import (
    NotAttemptedError,
    WrongAnswerError,
    kind,
    numbers,
    plain,
    with_article,
)


def expect(condition: bool, message: str) -> None:
    """Raise `WrongAnswerError` with the message unless the condition holds."""
    if not condition:
        raise WrongAnswerError(message)


def expect_equal(actual: object, expected: object, what: str = "your answer") -> None:
    """Compare two plain values: numbers, texts, tuples and lists of them.

    A number is right by its value: 120.0 for 120, and 2 for 2.0. Floats may differ by
    1e-6 of their size. The expected value is not shown, so that the student can go on
    thinking.

    Raises:
        NotAttemptedError: if the value is still `...`.
    """
    wanted = with_article(type(expected).__name__)
    value = plain(actual, what, wanted)
    if value is ...:
        raise NotAttemptedError
    expect(value is not None, f"{what} is None: is a `return` missing?")
    if type(expected) is int and type(value) is float and value.is_integer():
        value = int(value)
    if type(expected) is float and type(value) in (int, float):
        expect(isclose(value, expected, rel_tol=1e-6), f"{what} is {value}, not yet.")
        return
    expect(
        type(value) is type(expected),
        f"{what} is {kind(value)}, expected {wanted}.",
    )
    expect(_is_same(value, expected), f"{what} is {value!r}, which is not right yet.")


def expect_unchanged(given: Tensor, before: Tensor) -> None:
    """Compare what was handed to an answer with a copy made before."""
    same = is_equal(given, before)
    expect(same, "the input has changed: work on a new tensor.")


def is_equal(first: Tensor, second: Tensor) -> bool:
    """Return whether two tensors have the same shape and the same values."""
    one, other = numbers(first), numbers(second)
    return one.shape == other.shape and bool((one == other).all())


def expect_shape(
    actual: object, shape: tuple[int, ...], what: str = "the output"
) -> None:
    """Compare the shape of a tensor and guess at what turned it."""
    expect(actual is not None, f"{what} is None: is a `return` missing?")
    wanted = tuple(shape)
    text = f"a tensor of shape {wanted}"
    value = plain(actual, what, text)
    expect(type(value) is Tensor, f"{what} is {kind(value)}, expected {text}.")
    got = numbers(value).shape
    if got != wanted:
        raise WrongAnswerError(
            f"{what} has shape {got}, expected {wanted}{_why_shape(got, wanted)}."
        )


def expect_close(actual: object, expected: Tensor, what: str = "the output") -> None:
    """Compare two tensors, to about four digits, and guess at why they differ.

    Args:
        actual: what the answer computed.
        expected: what the reference computed.
        what: how the message calls it.
    """
    expect_within(actual, expected, what, rtol=1e-4, atol=1e-5)


def expect_within(
    actual: object, expected: Tensor, what: str, *, rtol: float, atol: float
) -> None:
    """Compare two tensors within a tolerance, and guess at why they differ.

    The tolerance has no default, which an answer could change.

    Args:
        actual: what the answer computed.
        expected: what the reference computed.
        what: how the message calls it.
        rtol: allowed difference relative to the expected value.
        atol: allowed difference besides.
    """
    right = numbers(expected)
    expect_shape(actual, right.shape, what)
    mine = numbers(actual)
    bad = int((~np.isfinite(mine)).sum())
    expect(bad == 0, f"{what} holds {bad} values that are NaN or infinite.")
    close = _close(mine, right, rtol, atol)
    if close.all():
        return
    place = tuple(int(i) for i in np.argwhere(~close)[0])
    share = f"{int((~close).sum())} of {close.size} values"
    raise WrongAnswerError(
        f"{share} of {what} differ; at {place} yours is {mine[place]:.4g}, "
        f"expected {right[place]:.4g}{_why_value(mine, right)}."
    )


def randomize(
    module: nn.Module, generator: Generator, spread: float, offset: float
) -> None:
    """Draw all parameters of a module anew, normally distributed.

    Args:
        module: any.
        generator: where the numbers come from.
        spread: their standard deviation.
        offset: added to parameters of one dimension, such as a normalisation's scales.
    """
    with no_grad():
        for parameter in module.parameters():
            noise = randn(parameter.shape, generator=generator)
            parameter.copy_(spread * noise + offset * (parameter.ndim == 1))


def copy_parameters(source: nn.Module, target: Answer) -> None:
    """Give an answer the parameters of `source`, in the order of their definition.

    With equal weights the two can be compared number by number, whatever names the
    student chose. Shapes may differ in dimensions of size 1.
    """
    ours = list(read_parameters(source).values())
    wanted = [_without_ones(p) for p in ours]
    got = [_without_ones(p) for p in target.parameters().values()]
    expect(
        got == wanted,
        f"your parameters have the shapes {got}, expected {wanted}, in this order.",
    )
    target.fill(ours)


def _is_same(value: object, expected: object) -> bool:
    """Whether two plain values are equal, tensors within them included."""
    if type(value) is not type(expected):
        return False
    if type(value) is Tensor:
        return is_equal(value, expected)
    if type(value) in (tuple, list):
        return len(value) == len(expected) and all(map(_is_same, value, expected))
    if type(value) is dict:
        return value.keys() == expected.keys() and all(
            _is_same(value[key], expected[key]) for key in value
        )
    return value == expected


def _without_ones(parameter: Tensor) -> tuple[int, ...]:
    return tuple(size for size in parameter.shape if size > 1)


def _why_shape(got: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    if sorted(got) == sorted(wanted):
        return " (the same sizes in another order: a transpose too many or too few?)"
    if got == wanted[1:]:
        return " (the dimension of the batch is missing)"
    if len(got) == len(wanted) and got[:-2] == wanted[:-2] and len(got) == 4:
        return " (height and width differ: look at kernel size, stride and padding)"
    if len(got) == len(wanted) == 4 and got[0] == wanted[0] and got[2:] == wanted[2:]:
        return " (the number of channels differs)"
    if _product(got) == _product(wanted):
        return " (as many numbers, arranged differently: a reshape?)"
    return ""


def _product(sizes: tuple[int, ...]) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total


def _close(mine: np.ndarray, right: np.ndarray, rtol: float, atol: float) -> np.ndarray:
    return abs(mine - right) <= atol + rtol * abs(right)


def _why_value(mine: np.ndarray, right: np.ndarray) -> str:
    if _close(mine, -right, 1e-3, 1e-6).all():
        return ": the sign is the other way round"
    factor = float((mine * right).sum() / max((right * right).sum(), 1e-30))
    if factor and _close(mine, factor * right, 1e-3, 1e-6).all():
        return f": yours is {factor:.3g} times the expected value everywhere"
    shift = float((mine - right).mean())
    if _close(mine - right, np.full_like(mine, shift), 1e-5, 1e-5).all():
        return f": yours is off by {shift:.3g} everywhere; a bias, perhaps?"
    if mine.ndim > 1 and mine.shape[-1] == mine.shape[-2]:
        if _close(mine.swapaxes(-1, -2), right, 1e-3, 1e-6).all():
            return ": rows and columns are exchanged"
    return ""
