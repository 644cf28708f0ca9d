"""Comparisons that say what differs and why that might be.

Each function raises `WrongAnswerError`, whose message is written for a student. What
they need is bound when this module is imported, so that a submission which replaces
`torch.testing.assert_close` changes nothing here.
"""

from math import isclose

import torch
from torch import Tensor, nn

_close = torch.isclose
_finite = torch.isfinite


class WrongAnswerError(AssertionError):
    """An answer that is not right; the message tells its author what to look at."""


class NotAttemptedError(Exception):
    """A part of an answer is still `...`."""


def expect(condition: bool, message: str) -> None:
    """Raise `WrongAnswerError` with the message unless the condition holds."""
    if not condition:
        raise WrongAnswerError(message)


def expect_equal(actual: object, expected: object, what: str = "your answer") -> None:
    """Compare two plain values: numbers, strings, tuples.

    Floats may differ by 1e-6 of their size. The expected value is not shown, so that
    the student can go on thinking.

    Raises:
        NotAttemptedError: if the value is still `...`.
    """
    if actual is ...:
        raise NotAttemptedError
    expect(actual is not None, f"{what} is None: is a `return` missing?")
    if isinstance(expected, float) and isinstance(actual, int | float):
        expect(isclose(actual, expected, rel_tol=1e-6), f"{what} is {actual}, not yet.")
        return
    expect(
        isinstance(actual, type(expected)),
        f"{what} is a {type(actual).__name__}, expected a {type(expected).__name__}.",
    )
    expect(actual == expected, f"{what} is {actual!r}, which is not right yet.")


def expect_unchanged(given: Tensor, before: Tensor) -> None:
    """Compare what was handed to an answer with a copy made before."""
    expect(torch.equal(given, before), "the input has changed: work on a new tensor.")


def expect_shape(
    actual: object, shape: tuple[int, ...], what: str = "the output"
) -> None:
    """Compare the shape of a tensor and guess at what turned it."""
    expect(actual is not None, f"{what} is None: is a `return` missing?")
    expect(
        isinstance(actual, Tensor),
        f"{what} is a {type(actual).__name__}, expected a tensor.",
    )
    got, wanted = tuple(actual.shape), tuple(shape)
    if got != wanted:
        raise WrongAnswerError(
            f"{what} has shape {got}, expected {wanted}{_why_shape(got, wanted)}."
        )


def expect_close(
    actual: object,
    expected: Tensor,
    what: str = "the output",
    *,
    rtol: float = 1e-4,
    atol: float = 1e-5,
) -> None:
    """Compare two tensors and guess at why they differ.

    Args:
        actual: what the answer computed.
        expected: what the reference computed.
        what: how the message calls it.
        rtol: allowed difference relative to the expected value.
        atol: allowed difference besides.
    """
    expect_shape(actual, tuple(expected.shape), what)
    mine, right = actual.detach().double(), expected.detach().double()
    bad = int((~_finite(mine)).sum())
    expect(bad == 0, f"{what} holds {bad} values that are NaN or infinite.")
    close = _close(mine, right, rtol=rtol, atol=atol)
    if bool(close.all()):
        return
    place = tuple(int(i) for i in (~close).nonzero()[0])
    share = f"{int((~close).sum())} of {close.numel()} values"
    raise WrongAnswerError(
        f"{share} of {what} differ; at {place} yours is {mine[place]:.4g}, "
        f"expected {right[place]:.4g}{_why_value(mine, right)}."
    )


def copy_parameters(source: nn.Module, target: nn.Module) -> None:
    """Give `target` the parameters of `source`, in the order of their definition.

    With equal weights the two can be compared number by number, whatever names the
    student chose. Shapes may differ in dimensions of size 1.
    """
    wanted = [_without_ones(p) for p in source.parameters()]
    got = [_without_ones(p) for p in target.parameters()]
    expect(
        got == wanted,
        f"your parameters have the shapes {got}, expected {wanted}, in this order.",
    )
    with torch.no_grad():
        for mine, theirs in zip(target.parameters(), source.parameters(), strict=True):
            mine.copy_(theirs.reshape(mine.shape))


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


def _why_value(mine: Tensor, right: Tensor) -> str:
    if bool(_close(mine, -right, rtol=1e-3, atol=1e-6).all()):
        return ": the sign is the other way round"
    factor = float((mine * right).sum() / right.square().sum().clamp_min(1e-30))
    if factor and bool(_close(mine, factor * right, rtol=1e-3, atol=1e-6).all()):
        return f": yours is {factor:.3g} times the expected value everywhere"
    shift = float((mine - right).mean())
    if bool(_close(mine - right, torch.full_like(mine, shift), atol=1e-5).all()):
        return f": yours is off by {shift:.3g} everywhere; a bias, perhaps?"
    if mine.shape[-1] == mine.shape[-2:][0] and mine.dim() > 1:
        if bool(_close(mine.transpose(-1, -2), right, rtol=1e-3, atol=1e-6).all()):
            return ": rows and columns are exchanged"
    return ""
