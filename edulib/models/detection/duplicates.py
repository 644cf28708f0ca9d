"""What every one-stage detector ends with: of boxes that show the same, the surest."""

from torch import Tensor
from torchvision.ops import batched_nms


def without_duplicates(
    boxes: Tensor,
    scores: Tensor,
    labels: Tensor,
    nms_threshold: float,
    most: int | None = None,
) -> dict[str, Tensor]:
    """Return the detections of an image, the surest first.

    Args:
        boxes: (N, 4), xyxy in pixels.
        scores: (N,).
        labels: (N,), int64; boxes of two kinds leave each other alone.
        nms_threshold: IoU above which the less sure of two boxes of a kind goes.
        most: how many are kept; None for all.

    Returns:
        ``boxes`` (M, 4), ``scores`` (M,) and ``labels`` (M,).
    """
    kept = batched_nms(boxes, scores, labels, nms_threshold)[:most]
    return {"boxes": boxes[kept], "scores": scores[kept], "labels": labels[kept]}
