"""What the measures of detection are given, looked at, and refused in one line."""

from collections.abc import Mapping

import torch
from torch import Tensor

from edulib.checks import describe


def check_detection(detection: Mapping[str, Tensor], masks: bool) -> None:
    """Refuse detections of an image that are not as ``compare`` takes them.

    Args:
        detection: scores, labels, and boxes or masks.
        masks: whether it is masks.
    """
    _check_shapes("detections", detection, masks)
    scores = _tensor("detections", detection, "scores")
    if scores.shape != detection["labels"].shape or not scores.is_floating_point():
        raise ValueError(
            f"expected scores (N,), floating point, for labels "
            f"{tuple(detection['labels'].shape)}, got {describe(scores)}"
        )
    _check_finite("scores", scores)


def check_target(target: Mapping[str, Tensor], masks: bool) -> None:
    """Refuse objects of an image that are not as ``compare`` takes them.

    Args:
        target: labels, boxes or masks, and where known crowd and area.
        masks: whether it is masks.
    """
    _check_shapes("a target", target, masks)
    shape = target["labels"].shape
    crowd, area = target.get("crowd"), target.get("area")
    if crowd is not None and (crowd.dtype != torch.bool or crowd.shape != shape):
        raise ValueError(
            f"expected crowd (N,), bool, for labels {tuple(shape)}, got "
            f"{describe(crowd)}"
        )
    if area is not None:
        if not area.is_floating_point() or area.shape != shape:
            raise ValueError(
                f"expected area (N,), floating point, for labels {tuple(shape)}, got "
                f"{describe(area)}"
            )
        _check_finite("areas", area)


def check_boxes(boxes: Tensor) -> None:
    """Refuse what is no boxes (N, 4) with their edges in order."""
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not boxes.is_floating_point():
        raise ValueError(
            f"expected boxes (N, 4), floating point, got {describe(boxes)}"
        )
    _check_finite("boxes", boxes)
    wrong = (boxes[:, 2:] < boxes[:, :2]).any(1)
    if wrong.any():
        raise ValueError(
            "expected boxes x1, y1, x2, y2 with x1 <= x2 and y1 <= y2, got "
            f"{[round(edge, 4) for edge in boxes[wrong][0].tolist()]}"
        )


def check_masks(masks: Tensor) -> None:
    """Refuse what is no masks (N, H, W) of bool."""
    if masks.ndim != 3 or masks.dtype != torch.bool:
        raise ValueError(f"expected masks (N, H, W), bool, got {describe(masks)}")


def check_one_size(masks: Tensor, others: Tensor) -> None:
    """Refuse masks of two sizes; no masks have any size."""
    if len(masks) and len(others) and masks.shape[1:] != others.shape[1:]:
        raise ValueError(
            f"expected masks of one size, got {tuple(masks.shape)} and "
            f"{tuple(others.shape)}"
        )


def _check_shapes(what: str, found: Mapping[str, Tensor], masks: bool) -> None:
    """Refuse boxes or masks, and their labels."""
    name = "masks" if masks else "boxes"
    shapes = _tensor(what, found, name)
    check_masks(shapes) if masks else check_boxes(shapes)
    labels = _tensor(what, found, "labels")
    if labels.shape != shapes.shape[:1] or labels.dtype != torch.int64:
        raise ValueError(
            f"expected labels (N,), torch.int64, for {name} {tuple(shapes.shape)}, "
            f"got {describe(labels)}"
        )
    if labels.numel() and labels.min() < 0:
        raise ValueError(
            f"expected labels from 0, got {labels.min()}: number the classes from 0"
        )


def _tensor(what: str, found: Mapping[str, Tensor], name: str) -> Tensor:
    """Return one of the tensors of a dict."""
    value = found.get(name) if isinstance(found, Mapping) else None
    if not isinstance(value, Tensor):
        raise ValueError(
            f"expected {what} of an image with a tensor {name!r}, got {describe(found)}"
        )
    return value


def _check_finite(what: str, values: Tensor) -> None:
    wrong = ~values.isfinite()
    if wrong.any():
        raise ValueError(f"expected {what} that are finite, got {values[wrong][0]}")
