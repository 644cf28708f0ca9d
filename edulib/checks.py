"""The door: what a user hands in, looked at once, and refused in one line.

Outputs of models, labels and images of data sets come from code that is not ours. Each
function here raises one ``ValueError`` that quotes the value and the rule.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from operator import index
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

SUM = 1e-2  # by which probabilities, in half precision even, may miss 1
NAMED = 5  # keys in a message


def describe(value: Any) -> str:
    """Say in a few words what a value is: a tensor's type and shape, a dict's keys."""
    if isinstance(value, Tensor):
        kind = "" if value.layout is torch.strided else f"{value.layout} "
        words = f"{kind}{value.dtype} {tuple(value.shape)}".replace("torch.", "")
        return f"{words} without values" if value.is_meta else words
    kind = type(value).__name__
    if isinstance(value, dict) and value:
        more = ", ..." if len(value) > NAMED else ""
        return f"a {kind} with {', '.join(map(repr, list(value)[:NAMED]))}{more}"
    if isinstance(value, dict):
        return f"an empty {kind}"
    if isinstance(value, tuple | list):
        return f"a {kind} of {len(value)}"
    if value is None or isinstance(value, bool | int | float | str):
        return repr(value)
    return f"a {kind}"


def is_dense(value: Any) -> bool:
    """Whether a value is a tensor of rows: neither sparse nor on the meta device."""
    return (
        isinstance(value, Tensor)
        and value.layout is torch.strided
        and not value.is_meta
    )


def check_output(output: Any, wanted: str, ndim: int | None = None) -> Tensor:
    """Refuse a model's output that is no tensor of floating-point numbers.

    Args:
        output: what the model returned.
        wanted: what it should be, with its shape.
        ndim: number of its axes, where that is known.

    Returns:
        The output.
    """
    fits = isinstance(output, Tensor) and output.is_floating_point()
    if fits and ndim in (None, output.ndim):
        return output
    remedy = "" if isinstance(output, Tensor) else ": wrap the model so that it does"
    raise ValueError(
        f"expected the model to return {wanted}, floating point, "
        f"got {describe(output)}{remedy}"
    )


def check_class_numbers(
    labels: Tensor, logits: Tensor, ignore_index: int | None = None
) -> None:
    """Refuse labels that are not int64, or no class of the logits (B, K, ...)."""
    if labels.dtype != torch.int64:
        raise ValueError(
            f"expected labels of type torch.int64, got {labels.dtype}: "
            "use labels.long()"
        )
    if ignore_index is not None:
        labels = labels[labels != ignore_index]
    if not labels.numel():
        return
    lowest, highest = labels.min().item(), labels.max().item()
    if lowest < 0 or highest >= logits.shape[1]:
        remedy = f"build the model with num_classes={highest + 1} or more"
        raise ValueError(
            f"expected labels from 0 to below the number of classes, got logits "
            f"{tuple(logits.shape)} and labels {lowest} to {highest}: "
            f"{remedy if lowest >= 0 else 'number the classes from 0'}"
        )


def check_probabilities(labels: Tensor) -> None:
    """Refuse labels (B, K) that are no distribution over the classes in each row."""
    if not labels.is_floating_point():
        raise ValueError(
            f"expected probabilities (B, classes), floating point, "
            f"got {describe(labels)}: of one-hot labels use labels.argmax(1)"
        )
    wrong = ~(((labels.sum(1) - 1).abs() < SUM) & (labels >= 0).all(1))
    if wrong.any():
        row = labels[wrong][0]
        raise ValueError(
            "expected probabilities of at least 0 that add up to 1, got "
            f"{row.min():.3g} to {row.max():.3g} with the sum {row.sum():.3g}"
        )


def check_finite(inputs: Tensor | list, first: int) -> None:
    """Refuse NaN and infinite numbers among inputs.

    Args:
        inputs: a tensor (B, ...) or a list of B.
        first: number of the first of them in its set.
    """
    if isinstance(inputs, Tensor) and inputs.isfinite().all():
        return
    for number, part in enumerate(inputs, first):
        if isinstance(part, Tensor) and not part.isfinite().all():
            value = part[~part.isfinite()][0]
            raise ValueError(
                f"expected inputs of finite numbers, got {value} in example {number}, "
                f"{describe(part)}"
            )


def output_of_one(model: nn.Module, inputs: Tensor | list) -> Any:
    """Return what a model makes of the first of several inputs.

    Raises:
        ValueError: if the inputs are no tensor (B, ...), or the model cannot take them.
    """
    if not isinstance(inputs, Tensor):
        raise ValueError(_why_no_tensor(inputs))
    said = f"expected inputs that the model takes, got {describe(inputs[:1])}"
    with told(said, _converted(inputs, model)):
        return model(inputs[:1])


@contextmanager
def told(said: str, remedy: str = "") -> Iterator[None]:
    """Say of an error in code that is not ours, such as a model's, what it was given.

    The error itself, with its place in that code, is the cause of what is raised. Want
    of memory is no fault of what was given, and stays as it is.

    Args:
        said: what was expected, and what the code was given.
        remedy: what to do about it, said last.

    Raises:
        ValueError: after every error.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError):
        raise
    except Exception as error:
        raise ValueError(f"{said}: {reason_of(error)}{remedy}") from error


def reason_of(error: Exception) -> str:
    """Return the first line of an error, and its kind where that is no ValueError."""
    line = str(error).partition("\n")[0]
    kind = "" if isinstance(error, ValueError) and line else type(error).__name__
    return ": ".join(filter(None, (kind, line)))


def _why_no_tensor(inputs: list) -> str:
    """Say of inputs that stayed a list whether their shapes or their kinds do it."""
    kinds = list(dict.fromkeys(map(describe, inputs)))
    got = " and ".join(kinds[:2])
    if len(kinds) > 1 and all(isinstance(part, Tensor) for part in inputs):
        return (
            f"expected inputs of one shape, got {got}: resize or crop them; of two "
            "whole sets give a tuple (inputs, targets)"
        )
    remedy = "give examples (input, target), or inputs alone"
    if isinstance(inputs[0], tuple | list):
        remedy = "join the parts into one tensor, which the model takes apart"
    return f"expected inputs that are one tensor each, got {got}: {remedy}"


def _converted(inputs: Tensor, model: nn.Module) -> str:
    """Say how inputs become numbers of the model's type, if they are of another."""
    wanted = {p.dtype for p in model.parameters() if p.is_floating_point()}
    if inputs.dtype == torch.uint8:
        return "; of bytes use inputs / 255"
    if len(wanted) != 1 or inputs.dtype in wanted or inputs.is_complex():
        return ""
    return f"; use inputs.to({wanted.pop()})"


def check_images(images: Any, channels: int | None = None, ndim: int = 4) -> None:
    """Refuse what is no floating-point images with 1 for white.

    Args:
        images: (N, C, H, W), or (..., C, H, W) where ``ndim`` is 3.
        channels: C, where it has to be one number.
        ndim: number of axes, at least; exactly where it is 4.
    """
    shape = f"({'N' if ndim == 4 else '...'}, {channels or 'C'}, H, W)"
    fits = isinstance(images, Tensor) and images.is_floating_point() and images.numel()
    if not fits or not (images.ndim == ndim or images.ndim > ndim == 3):
        bytes_ = isinstance(images, Tensor) and images.dtype == torch.uint8
        raise ValueError(
            f"expected images {shape}, floating point in [0, 1], got "
            f"{describe(images)}{': divide by 255' if bytes_ else ''}"
        )
    if channels is not None and images.shape[-3] != channels:
        raise ValueError(f"expected images {shape}, got {describe(images)}")


def check_unit_range(images: Tensor) -> None:
    """Refuse images with values outside [0, 1], or none: NaN."""
    low, high = images.min().item(), images.max().item()
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"expected images with values in [0, 1], got {low:.4g} to {high:.4g}: "
            "divide by the value of white"
        )


def has_numbers(value: Any) -> bool:
    """Whether a value is a dense tensor of real numbers that can be read."""
    if not isinstance(value, Tensor) or value.layout is not torch.strided:
        return False
    return not (value.is_meta or value.is_quantized or value.is_complex())


def check_whole(
    name: str, value: Any, low: int | None = None, high: int | None = None
) -> int:
    """Refuse what is no whole number of a range.

    Args:
        name: what it is, as "an image size".
        value: the number.
        low: the least, where there is one.
        high: the greatest, where there is one.

    Returns:
        The number, as an int.
    """
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    fits, rule, reason = is_whole, "that is a whole number", ""
    if low is not None:
        fits = fits and low <= value and (high is None or value <= high)
        rule = f"of at least {low}" if high is None else f"of {low} to {high}"
        reason = "" if is_whole else ", which is no whole number"
    if not fits:
        raise ValueError(f"expected {name} {rule}, got {value!r}{reason}")
    return int(value)


def check_number(
    name: str, value: Any, low: float = -math.inf, high: float = math.inf
) -> float:
    """Refuse what is no finite number of a range.

    Args:
        name: what it is, as "a share".
        value: the number; also one of NumPy's, or a tensor of one.
        low: the least.
        high: the greatest.

    Returns:
        The number, as a float.
    """
    number = math.nan
    if hasattr(type(value), "__float__") and not _is_truth(value):
        with suppress(TypeError, ValueError, RuntimeError, OverflowError):  # of several
            number = float(value)
    if not (math.isfinite(number) and low <= number <= high):
        bounds = f" from {low:g} to {high:g}".replace(" from -inf", "")
        rule = f"a finite number{bounds.replace(' to inf', '')}"
        raise ValueError(f"expected {name}, {rule}, got {value!r}")
    return number


def as_whole(value: Any) -> int | None:
    """Return a whole number, NumPy's or a tensor of one, as an int; None if it is none.

    A truth value is none, of whatever type.
    """
    try:
        return None if _is_truth(value) else index(value)
    except (TypeError, RuntimeError):  # the latter of a tensor without values
        return None


def as_wholes(values: Any, count: int) -> tuple[int, ...] | None:
    """Return so many whole numbers, in a sequence or a tensor; None if they are not."""
    try:
        numbers = tuple(map(as_whole, values))
    except TypeError:
        return None
    return None if len(numbers) != count or None in numbers else numbers


def check_shape(shape: Any) -> tuple[int, int, int]:
    """Refuse what is no shape of an image (C, H, W), and return it as ints."""
    sides = as_wholes(shape, 3)
    if sides is None or min(sides) < 1:
        raise ValueError(
            "expected whole numbers above 0 as the shape of an image (C, H, W), "
            f"got {shape if isinstance(shape, tuple | list) else describe(shape)}"
        )
    return sides


def check_position(
    position: Any, sides: tuple[int, int], where: str = ""
) -> tuple[int, int]:
    """Refuse what is no place in a map.

    Args:
        position: row and column.
        sides: rows and columns of the map.
        where: what has them, as " of the model".

    Returns:
        Row and column, as ints.
    """
    at = as_wholes(position, len(sides))
    if at is None or not all(0 <= k < side for k, side in zip(at, sides, strict=True)):
        raise ValueError(
            f"expected a position (row, column) within {sides}{where}, got {position!r}"
        )
    return at


def _is_truth(value: Any) -> bool:
    return getattr(value, "dtype", type(value)) in (bool, torch.bool)
