"""Gradients that are there and not 0, or one error that says why they are not."""

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


def check_alive(
    gradients: Tensor, names: tuple[str, str], maps: Tensor | None = None
) -> None:
    """Refuse gradients that are 0 everywhere: a map of nothing looks like an answer.

    Each image of a batch is looked at by itself, as if it had come alone.

    Args:
        gradients: of each image, (B, ...).
        names: of what was differentiated, and by what.
        maps: the latter, where the two are multiplied, (B, ...).

    Raises:
        ValueError: if those of an image are all 0, or its maps are; says which image.
    """
    to, back = names
    _check_any(
        gradients,
        f"the gradient of {to} is 0 everywhere in {back}",
        "the one does not depend on the other here, as where weights between them are "
        "all 0 (a head that was not trained), no unit between them is active, or one "
        "is saturated",
    )
    if maps is not None:
        _check_any(maps, f"{back} is 0 everywhere", "no unit of it is active")


def _check_any(found: Tensor, what: str, reason: str) -> None:
    counts = found.flatten(1).count_nonzero(1).tolist()
    dead = [number for number, count in enumerate(counts) if not count]
    if dead:
        which = "" if len(dead) == len(counts) else f" (image {dead[0]} of the batch)"
        raise ValueError(f"{what}{which}: {reason}")
