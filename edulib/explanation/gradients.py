"""Gradients that are there, or one error that says why they are not."""

import torch
from torch import Tensor


def gradient_of(
    end: Tensor,
    start: Tensor,
    names: tuple[str, str],
    weights: Tensor | None = None,
) -> Tensor:
    """Return the gradient of one tensor by another.

    Args:
        end: what is differentiated.
        start: by what.
        names: of both, for the message.
        weights: what the elements of `end` are weighed by; 1 by default.

    Raises:
        ValueError: if no gradient leads from the one back to the other.
    """
    to, back = names
    if not (end.requires_grad and start.requires_grad):
        first = back if not start.requires_grad else to
        raise ValueError(
            f"{first} does not depend on the image, or no gradient leads back to it: "
            "the model detaches it on the way, runs under torch.no_grad() or "
            "torch.inference_mode(), or makes whole numbers of it"
        )
    weights = torch.ones_like(end) if weights is None else weights
    try:
        (found,) = torch.autograd.grad(end, start, weights, allow_unused=True)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise ValueError(f"no gradient leads from {to} to {back}: {error}") from error
    if found is None:
        raise ValueError(f"{to} does not depend on {back}, or not by a gradient")
    return found
