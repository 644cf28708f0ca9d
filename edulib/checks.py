"""The door: what a user hands in, looked at once, and refused in one line.

Outputs of models, labels and images of data sets come from code that is not ours. Each
function here raises one ``ValueError`` that quotes the value and the rule.
"""

from typing import Any

import torch
from torch import Tensor, nn

SUM = 1e-2  # by which probabilities, in half precision even, may miss 1
NAMED = 5  # keys in a message


def describe(value: Any) -> str:
    """Say in a few words what a value is: a tensor's type and shape, a dict's keys."""
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
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


def check_finite(inputs: Tensor | list) -> None:
    """Refuse NaN and infinite numbers among inputs: a tensor (B, ...) or a list."""
    if isinstance(inputs, list):
        for part in inputs:
            check_finite(part)
    elif isinstance(inputs, Tensor) and inputs.is_floating_point():
        wrong = ~inputs.isfinite()
        if wrong.any():
            where = tuple(wrong.nonzero()[0].tolist())
            raise ValueError(
                f"expected inputs of finite numbers, got {inputs[where]} at "
                f"{list(where)} of {describe(inputs)}"
            )


def output_of_one(model: nn.Module, inputs: Tensor | list) -> Any:
    """Return what a model makes of the first of several inputs.

    Raises:
        ValueError: if the inputs are no tensor (B, ...), or the model cannot take them.
    """
    if not isinstance(inputs, Tensor):
        kinds = list(dict.fromkeys(map(describe, inputs)))
        raise ValueError(
            f"expected inputs of one shape, got {' and '.join(kinds[:2])}: resize or "
            "crop them; of two whole sets give a tuple (inputs, targets)"
        )
    try:
        return model(inputs[:1])
    except (RuntimeError, TypeError, AttributeError, IndexError) as error:
        reason = str(error).partition("\n")[0]
        remedy = "" if inputs.is_floating_point() else "; of bytes use inputs / 255"
        raise ValueError(
            f"expected inputs that the model takes, got {describe(inputs[:1])}: "
            f"{reason}{remedy}"
        ) from error
