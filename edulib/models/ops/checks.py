"""Checks of boxes: one clear error in place of a loss of NaN an hour later."""

from collections.abc import Sequence

import torch
from torch import Tensor


def check_boxes(boxes: Tensor, name: str = "boxes") -> None:
    """Raise unless these are boxes of finite numbers.

    Args:
        boxes: (..., 4), floating point; there may be none.
        name: what they are, for the message.

    Raises:
        ValueError: if they are not; the message quotes the first wrong box.
    """
    fits = isinstance(boxes, Tensor) and boxes.is_floating_point()
    if not fits or not boxes.ndim or boxes.shape[-1] != 4:
        raise ValueError(
            f"expected {name} (..., 4), floating point, got {_kind(boxes)}"
        )
    if boxes.is_meta:  # which has no values
        return
    if not boxes.isfinite().all():
        wrong = _first(boxes, ~boxes.isfinite().all(-1))
        raise ValueError(f"expected {name} of finite numbers, got {wrong}")


def check_sides(boxes: Tensor, name: str = "boxes", flat: bool = True) -> None:
    """Raise unless these are boxes whose second corner is right of and below the first.

    Args:
        boxes: (..., 4), xyxy, floating point; there may be none.
        name: what they are, for the message.
        flat: whether width and height may be 0.

    Raises:
        ValueError: if they are not; the message quotes the first wrong box.
    """
    check_boxes(boxes, name)
    first, last = boxes[..., :2], boxes[..., 2:]
    wrong = (last < first if flat else last <= first).any(-1)
    if not boxes.is_meta and wrong.any():
        sign = ">=" if flat else ">"
        raise ValueError(
            f"expected {name} (x1, y1, x2, y2) with x2 {sign} x1 and y2 {sign} y1, "
            f"got {_first(boxes, wrong)}"
        )


def check_scores(scores: Tensor, boxes: Tensor) -> None:
    """Raise unless there is a score, not NaN, for each of the boxes.

    Args:
        scores: (N,), floating point.
        boxes: (N, 4).

    Raises:
        ValueError: if the shapes do not fit or a score is NaN.
    """
    if boxes.ndim != 2 or not isinstance(scores, Tensor) or scores.ndim != 1:
        raise ValueError(
            f"expected boxes (N, 4) and scores (N,), got {_kind(boxes)} and "
            f"{_kind(scores)}"
        )
    if len(scores) != len(boxes):
        raise ValueError(
            f"expected a score for each of {len(boxes)} boxes, got {len(scores)}"
        )
    if scores.isnan().any():
        index = int(scores.isnan().nonzero()[0, 0])
        raise ValueError(f"expected scores that are numbers, got nan for box {index}")


def check_threshold(threshold: float) -> None:
    """Raise unless this can be a threshold of IoU.

    Raises:
        ValueError: if it is not from 0 to 1.
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f"expected a threshold of IoU from 0 to 1, got {threshold}")


def check_regions(features: Tensor, boxes: Sequence[Tensor]) -> None:
    """Raise unless there are regions (N_i, 4) for each image of a batch of maps.

    Args:
        features: (B, C, H, W).
        boxes: B tensors (N_i, 4).

    Raises:
        ValueError: if there are not.
    """
    if features.ndim != 4:
        raise ValueError(f"expected features (B, C, H, W), got {_kind(features)}")
    if isinstance(boxes, Tensor) or len(boxes) != len(features):
        given = _kind(boxes) if isinstance(boxes, Tensor) else f"{len(boxes)} of them"
        raise ValueError(
            f"expected boxes (N, 4) for each of {len(features)} images, got {given}"
        )
    for of_image in boxes:
        check_boxes(of_image)
        if of_image.ndim != 2:
            raise ValueError(f"expected boxes (N, 4), got {_kind(of_image)}")


def _first(boxes: Tensor, wrong: Tensor) -> str:
    return str([round(x, 4) for x in boxes[wrong][0].tolist()])


def _kind(value: object) -> str:
    if not isinstance(value, Tensor):
        return f"a {type(value).__name__}"
    remedy = "" if torch.is_floating_point(value) else ": use .float()"
    return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}{remedy}"
