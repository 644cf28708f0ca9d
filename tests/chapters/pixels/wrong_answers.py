"""Planted wrong answers to the exercises of the chapter on maps and pyramids."""

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor


def _focal(logits: Tensor, targets: Tensor, gamma: float) -> tuple[Tensor, Tensor]:
    entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    p = logits.sigmoid()
    return entropy, targets * (1 - p) + (1 - targets) * p


def without_gamma(logits: Tensor, targets: Tensor, gamma: float) -> Tensor:
    return _focal(logits, targets, gamma)[0]


def weighs_the_sure(logits: Tensor, targets: Tensor, gamma: float) -> Tensor:
    entropy, wrong = _focal(logits, targets, gamma)
    return (1 - wrong) ** gamma * entropy


def objects_alone(logits: Tensor, targets: Tensor, gamma: float) -> Tensor:
    entropy, _ = _focal(logits, targets, gamma)
    return (1 - logits.sigmoid()) ** gamma * entropy


def mean_of_all(logits: Tensor, targets: Tensor, gamma: float) -> Tensor:
    entropy, wrong = _focal(logits, targets, gamma)
    return (wrong**gamma * entropy).mean()


def by_logarithm(logits: Tensor, targets: Tensor, gamma: float) -> Tensor:
    p = logits.sigmoid()
    right = targets * p + (1 - targets) * (1 - p)
    return -((1 - right) ** gamma) * right.log()


def neighbours_alone(maps: list[Tensor]) -> list[Tensor]:
    """Enlarge the map, not the sum."""
    pairs = pairwise(maps)
    return [x + F.interpolate(y, x.shape[-2:]) for x, y in pairs] + maps[-1:]


def smooth(maps: list[Tensor]) -> list[Tensor]:
    merged = [maps[-1]]
    for x in reversed(maps[:-1]):
        larger = F.interpolate(merged[0], x.shape[-2:], mode="bilinear")
        merged.insert(0, x + larger)
    return merged


def by_two(maps: list[Tensor]) -> list[Tensor]:
    merged = [maps[-1]]
    for x in reversed(maps[:-1]):
        merged.insert(0, x + F.interpolate(merged[0], scale_factor=2))
    return merged


def coarsest_first(maps: list[Tensor]) -> list[Tensor]:
    merged = [maps[-1]]
    for x in reversed(maps[:-1]):
        merged.append(x + F.interpolate(merged[-1], x.shape[-2:]))
    return merged


def in_place(maps: list[Tensor]) -> list[Tensor]:
    for fine, coarse in zip(maps[-2::-1], maps[:0:-1], strict=True):
        fine += F.interpolate(coarse, fine.shape[-2:])
    return maps


def without_the_coarsest(maps: list[Tensor]) -> list[Tensor]:
    return coarsest_first(maps)[:0:-1]


def empties_the_list(maps: list[Tensor]) -> list[Tensor]:
    merged = [maps.pop()]
    while maps:
        x = maps.pop()
        merged.insert(0, x + F.interpolate(merged[0], x.shape[-2:]))
    return merged


WRONG = {
    "pixels-sizes": [
        (252, 32, 2),
        (60, 32, 2),
        (68, 16, 2),
        (68, 256, 2),
        (68, 32, 3),
        (68, 32, 4),
    ],
    "pixels-focal": [
        without_gamma,
        weighs_the_sure,
        objects_alone,
        mean_of_all,
        by_logarithm,
    ],
    "pixels-topdown": [
        neighbours_alone,
        smooth,
        by_two,
        coarsest_first,
        in_place,
        without_the_coarsest,
        empties_the_list,
    ],
}
