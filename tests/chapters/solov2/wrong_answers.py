"""Planted wrong answers to the exercises of the chapter on SOLOv2."""

import torch
from torch import Tensor

SIGMA = 0.5


def fell(ious: Tensor, worst: Tensor) -> Tensor:
    """Return exp(-IoU² / σ), divided by that of the worst."""
    return torch.exp((worst**2 - ious**2) / SIGMA)


def without_divisor(ious: Tensor, scores: Tensor) -> Tensor:
    """Is right of two masks."""
    return scores * fell(ious, torch.zeros(1)).amin(0)


def divisor_of_the_column(ious: Tensor, scores: Tensor) -> Tensor:
    return scores * fell(ious, ious.amax(0)).amin(0)


def as_fast_nms(ious: Tensor, scores: Tensor) -> Tensor:
    return scores * (ious.amax(0) <= 0.5)


def product_of_all(ious: Tensor, scores: Tensor) -> Tensor:
    """Multiplies the factors in place of taking the least."""
    return scores * fell(ious, ious.amax(0)[:, None]).triu(1).clamp(min=1e-9).prod(0)


def mean_of_all(ious: Tensor, scores: Tensor) -> Tensor:
    return scores * fell(ious, ious.amax(0)[:, None]).mean(0)


def sigma_turned_over(ious: Tensor, scores: Tensor) -> Tensor:
    """Divides by 2, the number of the authors' code, which multiplies."""
    worst = ious.amax(0)[:, None]
    return scores * torch.exp((worst**2 - ious**2) / 2).amin(0)


def without_squares(ious: Tensor, scores: Tensor) -> Tensor:
    worst = ious.amax(0)[:, None]
    return scores * torch.exp((worst - ious) / SIGMA).amin(0)


def linear(ious: Tensor, scores: Tensor) -> Tensor:
    worst = ious.amax(0)[:, None]
    return scores * ((1 - ious) / (1 - worst)).amin(0)


def least_of_the_row(ious: Tensor, scores: Tensor) -> Tensor:
    return scores * fell(ious, ious.amax(0)[:, None]).amin(1)


def first_left_out(ious: Tensor, scores: Tensor) -> Tensor:
    """Lets a score rise where only the first is no duplicate."""
    if len(scores) < 3:
        return without_divisor(ious, scores)
    factors = fell(ious, ious.amax(0)[:, None])
    return scores * factors[1:].amin(0)


def right_scores(ious: Tensor, scores: Tensor) -> Tensor:
    return scores * fell(ious, ious.amax(0)[:, None]).amin(0)


def writes_into_scores(ious: Tensor, scores: Tensor) -> Tensor:
    scores *= fell(ious, ious.amax(0)[:, None]).amin(0)
    return scores


def sorted_anew(ious: Tensor, scores: Tensor) -> Tensor:
    return right_scores(ious, scores).sort(descending=True).values


def fails_of_one(ious: Tensor, scores: Tensor) -> Tensor:
    """Takes the worst of the masks before, of which there are none."""
    last = max(range(1, len(scores)))
    return right_scores(ious, scores)[: last + 1]


def logits_only(features: Tensor, kernels: Tensor, cells: Tensor) -> Tensor:
    return torch.einsum("ehw,en->nhw", features, kernels.flatten(1)[:, cells])


def column_first(features: Tensor, kernels: Tensor, cells: Tensor) -> Tensor:
    return logits_only(features, kernels.transpose(1, 2), cells).sigmoid()


def softmax_over_cells(features: Tensor, kernels: Tensor, cells: Tensor) -> Tensor:
    return logits_only(features, kernels, cells).softmax(0)


def mean_over_channels(features: Tensor, kernels: Tensor, cells: Tensor) -> Tensor:
    return (logits_only(features, kernels, cells) / len(features)).sigmoid()


def one_after_the_other(features: Tensor, kernels: Tensor, cells: Tensor) -> Tensor:
    """Fails without cells."""
    masks = [logits_only(features, kernels, cell[None])[0] for cell in cells]
    return torch.stack(masks).sigmoid()


def each_cell_once(features: Tensor, kernels: Tensor, cells: Tensor) -> Tensor:
    once = torch.tensor(list(dict.fromkeys(cells.tolist())), dtype=torch.int64)
    return logits_only(features, kernels, once).sigmoid()


def writes_into_features(features: Tensor, kernels: Tensor, cells: Tensor) -> Tensor:
    found = logits_only(features, kernels, cells).sigmoid()
    features.clamp_(min=0)
    return found


CELLS = [(10, 14), (10, 15), (11, 14), (11, 15)]
WRONG = {
    "solov2-cells": [
        ([36], (10, 15), CELLS),
        ([24, 36, 40], (10, 15), CELLS),
        ([24, 36], (15, 10), CELLS),
        ([24, 36], (11, 15), CELLS),
        ([24, 36], (10, 15), [(10, 15)]),
        ([24, 36], (10, 15), [(row, k) for row in (9, 10, 11) for k in (14, 15, 16)]),
    ],
    "solov2-matrix": [
        without_divisor,
        divisor_of_the_column,
        as_fast_nms,
        product_of_all,
        mean_of_all,
        sigma_turned_over,
        without_squares,
        linear,
        least_of_the_row,
        first_left_out,
        writes_into_scores,
        sorted_anew,
        fails_of_one,
    ],
    "solov2-kernels": [
        logits_only,
        column_first,
        softmax_over_cells,
        mean_over_channels,
        one_after_the_other,
        each_cell_once,
        writes_into_features,
    ],
}
