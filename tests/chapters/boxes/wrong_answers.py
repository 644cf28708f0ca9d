"""Planted wrong answers to the exercises of the chapter on boxes."""

import torch
from torch import Tensor

from edulib.models.ops.iou import iou, pairwise_iou


def across_kinds(
    boxes: Tensor, scores: Tensor, labels: Tensor, threshold: float
) -> Tensor:
    return _greedy(boxes, scores, torch.zeros_like(labels), threshold)


def all_pairs(
    boxes: Tensor, scores: Tensor, labels: Tensor, threshold: float
) -> Tensor:
    """Fast NMS: what was struck out strikes out, too."""
    order = scores.argsort(descending=True)
    same = labels[order][:, None] == labels[order]
    overlaps = (pairwise_iou(boxes[order], boxes[order]) * same).triu(1)
    if not len(order):
        return order
    return order[overlaps.max(0).values <= threshold]


def keeps_the_weakest(
    boxes: Tensor, scores: Tensor, labels: Tensor, threshold: float
) -> Tensor:
    return _greedy(boxes, -scores, labels, threshold)


def by_position(
    boxes: Tensor, scores: Tensor, labels: Tensor, threshold: float
) -> Tensor:
    """Right boxes, in the order in which they came."""
    return _greedy(boxes, scores, labels, threshold).sort().values


def fixed_threshold(
    boxes: Tensor, scores: Tensor, labels: Tensor, threshold: float
) -> Tensor:
    return _greedy(boxes, scores, labels, 0.5)


def of_the_smaller(
    boxes: Tensor, scores: Tensor, labels: Tensor, threshold: float
) -> Tensor:
    """Divides the shared area by the area of the box that may go."""
    order, kept = scores.argsort(descending=True), []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        low = torch.maximum(boxes[best, :2], boxes[rest, :2])
        high = torch.minimum(boxes[best, 2:], boxes[rest, 2:])
        area = (boxes[rest, 2:] - boxes[rest, :2]).prod(-1)
        share = (high - low).clamp(min=0).prod(-1) / area
        order = rest[(share <= threshold) | (labels[rest] != labels[best])]
    return torch.stack(kept) if kept else order


def threshold_struck_out(
    boxes: Tensor, scores: Tensor, labels: Tensor, threshold: float
) -> Tensor:
    return _greedy(boxes, scores, labels, threshold - 1e-6)


def mask_of_kept(
    boxes: Tensor, scores: Tensor, labels: Tensor, threshold: float
) -> Tensor:
    marks = torch.zeros(len(boxes), dtype=torch.bool)
    marks[_greedy(boxes, scores, labels, threshold)] = True
    return marks


def fails_on_none(
    boxes: Tensor, scores: Tensor, labels: Tensor, threshold: float
) -> Tensor:
    if not len(boxes):
        raise RuntimeError
    return _greedy(boxes, scores, labels, threshold)


def overwrites_scores(
    boxes: Tensor, scores: Tensor, labels: Tensor, threshold: float
) -> Tensor:
    kept = _greedy(boxes, scores, labels, threshold)
    scores.zero_()
    return kept


def _greedy(boxes: Tensor, scores: Tensor, labels: Tensor, threshold: float) -> Tensor:
    order, kept = scores.argsort(descending=True), []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        far = iou(boxes[best], boxes[rest]) <= threshold
        order = rest[far | (labels[rest] != labels[best])]
    return torch.stack(kept) if kept else order


def _hits(
    boxes: list,
    scores: list,
    objects: list,
    threshold: float,
    rule: str = "",
) -> tuple[Tensor, int]:
    """Return right or wrong by falling score over all images, and the objects."""
    ranks, hits = [], []
    for some, sure, there in zip(boxes, scores, objects, strict=True):
        overlaps = pairwise_iou(some, there).clone()
        order = sure.argsort(descending=True)
        if rule == "as given":
            order = torch.arange(len(sure))
        for k in order:
            ranks.append(sure[k].item())
            row = overlaps[k]
            right = bool(len(row)) and row.max().item() >= threshold
            hits.append(right)
            if right and rule != "again":
                overlaps[:, row.argmax()] = -1
    marks = torch.tensor(hits, dtype=torch.float64)
    if rule != "by image" and len(ranks):
        marks = marks[torch.tensor(ranks).argsort(descending=True)]
    return marks, sum(map(len, objects))


def _ap(hits: Tensor, count: int, points: int = 101, dents: bool = False) -> float:
    if not len(hits):
        return 0.0
    found = hits.cumsum(0)
    precision = found / torch.arange(1, len(found) + 1)
    best = precision if dents else precision.flip(0).cummax(0).values.flip(0)
    wanted = torch.arange(points).double() / (points - 1)
    first = torch.searchsorted(found / count, wanted)
    return torch.cat([best, best.new_zeros(1)])[first].mean().item()


def image_by_image(boxes: list, scores: list, objects: list, threshold: float) -> float:
    """Ranks within each image only."""
    return _ap(*_hits(boxes, scores, objects, threshold, "by image"))


def mean_of_images(boxes: list, scores: list, objects: list, threshold: float) -> float:
    parts = [
        _ap(*_hits([b], [s], [o], threshold))
        for b, s, o in zip(boxes, scores, objects, strict=True)
        if len(o)
    ]
    return sum(parts) / len(parts)


def found_again(boxes: list, scores: list, objects: list, threshold: float) -> float:
    """A second box on an object counts as right."""
    hits, count = _hits(boxes, scores, objects, threshold, "again")
    return _ap(hits, count)


def first_come(boxes: list, scores: list, objects: list, threshold: float) -> float:
    """Goes through the boxes of an image as they are given."""
    return _ap(*_hits(boxes, scores, objects, threshold, "as given"))


def only_the_best(boxes: list, scores: list, objects: list, threshold: float) -> float:
    """As VOC: a box whose best object is taken is wrong."""
    ranks, hits = [], []
    for some, sure, there in zip(boxes, scores, objects, strict=True):
        overlaps, free = pairwise_iou(some, there), [True] * len(there)
        for k in sure.argsort(descending=True):
            ranks.append(sure[k].item())
            best = int(overlaps[k].argmax()) if len(there) else None
            right = best is not None and overlaps[k, best] >= threshold and free[best]
            hits.append(bool(right))
            if right:
                free[best] = False
    order = torch.tensor(ranks).argsort(descending=True)
    return _ap(torch.tensor(hits).double()[order], sum(map(len, objects)))


def always_half(boxes: list, scores: list, objects: list, threshold: float) -> float:
    return _ap(*_hits(boxes, scores, objects, 0.5))


def strictly_above(boxes: list, scores: list, objects: list, threshold: float) -> float:
    return _ap(*_hits(boxes, scores, objects, threshold + 1e-6))


def pixels_counted(boxes: list, scores: list, objects: list, threshold: float) -> float:
    """As VOC: the last pixel is part of the box."""
    one = torch.tensor([0, 0, 1, 1])
    larger = [[some + one for some in lists] for lists in (boxes, objects)]
    return _ap(*_hits(larger[0], scores, larger[1], threshold))


def eleven_points(boxes: list, scores: list, objects: list, threshold: float) -> float:
    return _ap(*_hits(boxes, scores, objects, threshold), points=11)


def with_dents(boxes: list, scores: list, objects: list, threshold: float) -> float:
    return _ap(*_hits(boxes, scores, objects, threshold), dents=True)


def of_found_objects(
    boxes: list, scores: list, objects: list, threshold: float
) -> float:
    """Recall as a share of the objects that are found at all."""
    hits, _ = _hits(boxes, scores, objects, threshold)
    return _ap(hits, max(int(hits.sum()), 1))


def fails_without_boxes(
    boxes: list, scores: list, objects: list, threshold: float
) -> float:
    if not all(len(one) for one in boxes):
        raise RuntimeError
    return _ap(*_hits(boxes, scores, objects, threshold))


def skips_empty_images(
    boxes: list, scores: list, objects: list, threshold: float
) -> float:
    """Forgets wrong boxes where there is no object."""
    some = [k for k in range(len(boxes)) if len(objects[k])]
    chosen = [[several[k] for k in some] for several in (boxes, scores, objects)]
    return _ap(*_hits(*chosen, threshold))


WRONG = {
    "boxes-count": [
        (1 / 7, -1 / 30, 0.75, 0.6, 0.5),
        (1 / 6, 1 / 6, 0.75, 0.6, 0.5),
        (1 / 6, -1 / 30, 0.6, 0.75, 0.5),
        (1 / 6, -1 / 30, 0.75, 0.6, 0.2 * (1 + 2 / 3 + 3 / 4)),
        ("1/6", None, [0.75], 0, 0),
    ],
    "boxes-nms": [
        across_kinds,
        all_pairs,
        keeps_the_weakest,
        by_position,
        fixed_threshold,
        of_the_smaller,
        threshold_struck_out,
        mask_of_kept,
        fails_on_none,
        overwrites_scores,
    ],
    "boxes-ap": [
        image_by_image,
        mean_of_images,
        found_again,
        first_come,
        only_the_best,
        always_half,
        strictly_above,
        pixels_counted,
        eleven_points,
        with_dents,
        of_found_objects,
        fails_without_boxes,
        skips_empty_images,
    ],
}
