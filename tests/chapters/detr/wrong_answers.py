"""Planted wrong answers to the exercises of the chapter on DETR."""

from itertools import permutations

import torch
from torch import Tensor

from edulib.models.ops.boxes import cxcywh_to_xyxy
from edulib.models.ops.iou import generalized_iou, iou


def terms(logits: Tensor, boxes: Tensor, labels: Tensor, truths: Tensor) -> tuple:
    p = logits.softmax(-1)[:, labels]
    distance = (boxes[:, None] - truths).abs().sum(-1)
    corners = cxcywh_to_xyxy(boxes)[:, None], cxcywh_to_xyxy(truths)
    return p, distance, generalized_iou(*corners), iou(*corners)


def with_logarithm(*given: Tensor) -> Tensor:
    p, distance, overlap, _ = terms(*given)
    return -p.log() + 5 * distance - 2 * overlap


def wrong_sign(*given: Tensor) -> Tensor:
    p, distance, overlap, _ = terms(*given)
    return p + 5 * distance - 2 * overlap


def overlap_added(*given: Tensor) -> Tensor:
    p, distance, overlap, _ = terms(*given)
    return -p + 5 * distance + 2 * overlap


def plain_iou(*given: Tensor) -> Tensor:
    p, distance, _, overlap = terms(*given)
    return -p + 5 * distance - 2 * overlap


def weights_swapped(*given: Tensor) -> Tensor:
    p, distance, overlap, _ = terms(*given)
    return -p + 2 * distance - 5 * overlap


def no_boxes(*given: Tensor) -> Tensor:
    return -terms(*given)[0]


def mean_distance(*given: Tensor) -> Tensor:
    p, distance, overlap, _ = terms(*given)
    return -p + 5 * distance / 4 - 2 * overlap


def edges_compared(logits, boxes, labels, truths):
    p, _, overlap, _ = terms(logits, boxes, labels, truths)
    distance = (cxcywh_to_xyxy(boxes)[:, None] - cxcywh_to_xyxy(truths)).abs().sum(-1)
    return -p + 5 * distance - 2 * overlap


def without_no_object(logits, boxes, labels, truths):
    """Leaves "no object" out of the softmax."""
    _, distance, overlap, _ = terms(logits, boxes, labels, truths)
    p = logits[:, :-1].softmax(-1)[:, labels]
    return -p + 5 * distance - 2 * overlap


def turned(*given: Tensor) -> Tensor:
    p, distance, overlap, _ = terms(*given)
    return (-p + 5 * distance - 2 * overlap).T


def overwrites(logits, boxes, labels, truths):
    p, distance, overlap, _ = terms(logits, boxes, labels, truths)
    boxes.copy_(cxcywh_to_xyxy(boxes))
    return -p + 5 * distance - 2 * overlap


def greedy(costs: Tensor) -> Tensor:
    """Takes the cheapest pair of all that are left."""
    left, found = costs.clone(), torch.zeros(costs.shape[1]).long()
    for _ in range(costs.shape[1]):
        row, column = divmod(int(left.argmin()), costs.shape[1])
        found[column] = row
        left[row], left[:, column] = torch.inf, torch.inf
    return found


def object_after_object(costs: Tensor) -> Tensor:
    left, found = costs.clone(), torch.zeros(costs.shape[1]).long()
    for column in range(costs.shape[1]):
        found[column] = left[:, column].argmin()
        left[found[column]] = torch.inf
    return found


def each_its_best(costs: Tensor) -> Tensor:
    if not costs.shape[1]:
        return torch.empty(0)
    return costs.argmin(0)


def most_expensive(costs: Tensor) -> Tensor:
    return exact(-costs)


def first_predictions_alone(costs: Tensor) -> Tensor:
    return exact(costs[: costs.shape[1]])


def objects_of_predictions(costs: Tensor) -> Tensor:
    found = exact(costs)
    turned = torch.full((len(costs),), -1)
    turned[found.long()] = torch.arange(len(found))
    return turned


def fails_without_objects(costs: Tensor) -> Tensor:
    if not costs.shape[1]:
        raise ValueError("no objects")
    return exact(costs)


def minus_one_without_objects(costs: Tensor) -> Tensor:
    return exact(costs) if costs.shape[1] else torch.full((len(costs),), -1)


def clears_costs(costs: Tensor) -> Tensor:
    found = exact(costs)
    costs.zero_()
    return found


def exact(costs: Tensor) -> Tensor:
    table, (rows, columns) = costs.tolist(), costs.shape
    ways = permutations(range(rows), columns)
    best = min(ways, key=lambda way: sum(table[r][c] for c, r in enumerate(way)))
    return torch.tensor(best)


PLACES, PAIRS, LAYER = 600, 5_760_000, 1_578_752
WRONG = {
    "detr-count": [
        (2400, PAIRS, LAYER),
        (20 * 31, PAIRS, LAYER),
        (PLACES, 360_000, LAYER),
        (PLACES, 2400, LAYER),
        (PLACES, PAIRS, LAYER - 4 * (256**2 + 256)),
        (PLACES, PAIRS, LAYER - 512),
        (PLACES, PAIRS, 9_473_024),
    ],
    "detr-cost": [
        with_logarithm,
        wrong_sign,
        overlap_added,
        plain_iou,
        weights_swapped,
        no_boxes,
        mean_distance,
        edges_compared,
        without_no_object,
        turned,
        overwrites,
    ],
    "detr-match": [
        greedy,
        object_after_object,
        each_its_best,
        most_expensive,
        first_predictions_alone,
        objects_of_predictions,
        fails_without_objects,
        minus_one_without_objects,
        clears_costs,
    ],
}
