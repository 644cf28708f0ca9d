"""What the objectives refuse: outputs and targets that do not fit each other."""

from typing import Any

import torch
from torch import Tensor


def check_output(output: Any, wanted: str) -> None:
    """Refuse a model that returns no tensor.

    Args:
        output: what the model returned.
        wanted: what it should be, with its shape.
    """
    if isinstance(output, Tensor):
        return
    found = type(output).__name__
    if isinstance(output, dict):
        found += f" with {', '.join(map(repr, output))}"
    elif isinstance(output, tuple | list):
        found += f" of {len(output)}"
    raise ValueError(
        f"expected the model to return a tensor, {wanted}, got a {found}: wrap the "
        "model, or train it with an objective of its own"
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
        raise ValueError(
            f"expected labels from 0 to below the number of classes, got logits "
            f"{tuple(logits.shape)} and labels {lowest} to {highest}: build the model "
            f"with num_classes={highest + 1} or more, and number classes from 0"
        )
