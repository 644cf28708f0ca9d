"""Planted wrong answers to the exercises of the chapter on YOLACT."""

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.ops import box_iou, nms


def kept(boxes: Tensor, scores: Tensor, threshold: float, *, by: int = 0) -> Tensor:
    """Right, with the maximum down the columns."""
    order = scores.argsort(descending=True)
    overlaps = box_iou(boxes[order], boxes[order]).triu(1)
    return order[overlaps.amax(by) <= threshold]


def usual(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    return nms(boxes, scores, threshold)


def along_rows(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    return kept(boxes, scores, threshold, by=1)


def with_itself(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    order = scores.argsort(descending=True)
    overlaps = box_iou(boxes[order], boxes[order]).triu(0)
    return order[overlaps.amax(0) <= threshold]


def unsorted(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    overlaps = box_iou(boxes, boxes).triu(1)
    return (overlaps.amax(0) <= threshold).nonzero()[:, 0]


def least_sure_first(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    return kept(boxes, scores, threshold).flip(0)


def ranks(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    """Returns places in the sorted list."""
    order = scores.argsort(descending=True)
    overlaps = box_iou(boxes[order], boxes[order]).triu(1)
    return (overlaps.amax(0) <= threshold).nonzero()[:, 0]


def next_only(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    """Compares each box with the one before it."""
    order = scores.argsort(descending=True)
    overlaps = box_iou(boxes[order], boxes[order]).diagonal(1)
    first = overlaps.new_zeros(1)
    return order[torch.cat([first, overlaps]) <= threshold]


def none_alone(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    if len(boxes) < 2:
        return torch.zeros(0, dtype=torch.int64)
    return kept(boxes, scores, threshold)


def sorts_the_scores(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    found = kept(boxes, scores, threshold)
    scores.copy_(scores.sort(descending=True).values)
    return found


def entropies(logits: Tensor, wanted: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")


def inside(logits: Tensor, boxes: Tensor) -> Tensor:
    y = torch.arange(logits.shape[1])[:, None]
    x = torch.arange(logits.shape[2])
    left, top, right, bottom = boxes[:, :, None, None].unbind(1)
    return (x >= left) & (x < right) & (y >= top) & (y < bottom)


def area(boxes: Tensor) -> Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).prod(1)


def uncropped(logits: Tensor, wanted: Tensor, boxes: Tensor) -> Tensor:
    return entropies(logits, wanted).sum((1, 2)) / area(boxes)


def cropped_logits(logits: Tensor, wanted: Tensor, boxes: Tensor) -> Tensor:
    """Sets logits to 0 outside, where they still cost ln 2 each."""
    crop = inside(logits, boxes)
    return entropies(logits * crop, wanted * crop).sum((1, 2)) / area(boxes)


def right_edge_too(logits: Tensor, wanted: Tensor, boxes: Tensor) -> Tensor:
    larger = boxes + torch.tensor([0.0, 0, 1, 1])
    crop = inside(logits, larger)
    return (entropies(logits, wanted) * crop).sum((1, 2)) / area(boxes)


def rows_for_columns(logits: Tensor, wanted: Tensor, boxes: Tensor) -> Tensor:
    crop = inside(logits, boxes[:, [1, 0, 3, 2]])
    return (entropies(logits, wanted) * crop).sum((1, 2)) / area(boxes)


def by_cells(logits: Tensor, wanted: Tensor, boxes: Tensor) -> Tensor:
    crop = inside(logits, boxes)
    total = (entropies(logits, wanted) * crop).sum((1, 2))
    return total / crop.sum((1, 2)).clamp(min=1)


def by_the_image(logits: Tensor, wanted: Tensor, boxes: Tensor) -> Tensor:
    return (entropies(logits, wanted) * inside(logits, boxes)).mean((1, 2))


def not_divided(logits: Tensor, wanted: Tensor, boxes: Tensor) -> Tensor:
    return (entropies(logits, wanted) * inside(logits, boxes)).sum((1, 2))


def summed(logits: Tensor, wanted: Tensor, boxes: Tensor) -> Tensor:
    return (not_divided(logits, wanted, boxes) / area(boxes)).mean()


def infinite(logits: Tensor, wanted: Tensor, boxes: Tensor) -> Tensor:
    p = logits.sigmoid()
    entropy = -(wanted * p.log() + (1 - wanted) * (1 - p).log())
    total = entropy.masked_fill(~inside(logits, boxes), 0).sum((1, 2))
    return total / area(boxes)


def crops_the_input(logits: Tensor, wanted: Tensor, boxes: Tensor) -> Tensor:
    found = not_divided(logits, wanted, boxes) / area(boxes)
    wanted *= inside(logits, boxes)
    return found


WRONG = {
    "yolact-hand": [
        (3359, -0.1, ["A", "C"], ["A"]),
        (19248, -0.1, ["A", "C"], ["A"]),
        (10077, 0.475, ["A", "C"], ["A"]),
        (10077, 4.1, ["A", "C"], ["A"]),
        (10077, -0.1, ["A", "C"], ["A", "C"]),
        (10077, -0.1, ["A"], ["A"]),
        (10077, -0.1, ["A"], ["A", "C"]),
    ],
    "yolact-nms": [
        usual,
        along_rows,
        with_itself,
        unsorted,
        least_sure_first,
        ranks,
        next_only,
        none_alone,
        sorts_the_scores,
    ],
    "yolact-loss": [
        uncropped,
        cropped_logits,
        right_edge_too,
        rows_for_columns,
        by_cells,
        by_the_image,
        not_divided,
        summed,
        infinite,
        crops_the_input,
    ],
}
