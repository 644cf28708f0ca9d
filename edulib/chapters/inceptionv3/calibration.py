"""How often a classifier is right when it is so and so sure."""

import torch
from torch import Tensor


def reliability(logits: Tensor, labels: Tensor, bins: int = 10) -> list[dict]:
    """Return what a reliability diagram shows, a row for each bin with an image in it.

    The confidence of an answer is its probability. The bins cut the range from 0 to 1
    into equal parts; each holds its upper end, the first its lower end, too.

    Args:
        logits: (B, K).
        labels: (B,), class numbers.
        bins: how many.

    Returns:
        For each bin the share of the images in it ("share"), their mean confidence
        ("confidence") and the share that is answered right ("accuracy").
    """
    confidences, answers = logits.softmax(1).max(1)
    right = (answers == labels).to(confidences.dtype)
    places = (confidences * bins).ceil().long().clamp(1, bins) - 1
    rows = []
    for place in sorted(set(places.tolist())):
        inside = places == place
        rows.append(
            {
                "share": inside.to(confidences.dtype).mean().item(),
                "confidence": confidences[inside].mean().item(),
                "accuracy": right[inside].mean().item(),
            }
        )
    return rows


def calibration_error(rows: list[dict]) -> float:
    """Return the expected calibration error of a reliability diagram, from 0 to 1.

    Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017,
    equation 3. https://arxiv.org/abs/1706.04599
    """
    return sum(r["share"] * abs(r["accuracy"] - r["confidence"]) for r in rows)


def gaps(logits: Tensor, labels: Tensor) -> Tensor:
    """Return by how much the logit of the label exceeds the mean of the others."""
    own = logits.gather(1, labels[:, None])[:, 0]
    others = (logits.sum(1) - own) / (logits.shape[1] - 1)
    return torch.as_tensor(own - others)
