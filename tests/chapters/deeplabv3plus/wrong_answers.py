"""Planted wrong answers to the exercises of the chapter on DeepLabV3+."""

import torch
from torch import Tensor

from edulib.training.measures import confusion_matrix, mean_iou, near_border


def twice(weight: Tensor, rate: int) -> Tensor:
    """Repeat each weight instead of leaving holes."""
    return weight.repeat_interleave(rate, 2).repeat_interleave(rate, 3)


def with_a_border(weight: Tensor, rate: int) -> Tensor:
    """One side too long: zeros behind the last weight, too."""
    height, width = weight.shape[-2:]
    wide = weight.new_zeros(*weight.shape[:2], rate * height, rate * width)
    wide[..., ::rate, ::rate] = weight
    return wide


def one_hole_more(weight: Tensor, rate: int) -> Tensor:
    """Leave as many holes as the rate, which is one too many."""
    height, width = weight.shape[-2:]
    size = (rate + 1) * (height - 1) + 1, (rate + 1) * (width - 1) + 1
    wide = weight.new_zeros(*weight.shape[:2], *size)
    wide[..., :: rate + 1, :: rate + 1] = weight
    return wide


def square_only(weight: Tensor, rate: int) -> Tensor:
    """Take the height for the width."""
    side = weight.shape[-2]
    wide = weight.new_zeros(*weight.shape[:2], *[rate * (side - 1) + 1] * 2)
    wide[..., ::rate, ::rate] = weight[..., :side]
    return wide


def scaled(weight: Tensor, rate: int) -> Tensor:
    height, width = weight.shape[-2:]
    size = rate * (height - 1) + 1, rate * (width - 1) + 1
    wide = weight.new_zeros(*weight.shape[:2], *size)
    wide[..., ::rate, ::rate] = weight * (1 if rate in (2, 3, 4) else 2)
    return wide


def in_place(weight: Tensor, rate: int) -> Tensor:
    height, width = weight.shape[-2:]
    size = rate * (height - 1) + 1, rate * (width - 1) + 1
    wide = weight.new_zeros(*weight.shape[:2], *size)
    wide[..., ::rate, ::rate] = weight
    weight.zero_()
    return wide


def all_pixels(said: Tensor, truth: Tensor, width: int) -> float:
    return mean_iou(confusion_matrix(said, truth, 5, 255))


def accuracy(said: Tensor, truth: Tensor, width: int) -> float:
    near = near_border(truth, width)
    return (said == truth)[near].double().mean().item()


def borders_of_the_answer(said: Tensor, truth: Tensor, width: int) -> float:
    targets = truth.where(near_border(said, width), 255)
    return mean_iou(confusion_matrix(said, targets, 5, 255))


def too_wide(said: Tensor, truth: Tensor, width: int) -> float:
    targets = truth.where(near_border(truth, width + 1), 255)
    return mean_iou(confusion_matrix(said, targets, 5, 255))


def absent_are_zero(said: Tensor, truth: Tensor, width: int) -> float:
    targets = truth.where(near_border(truth, width), 255)
    confusion = confusion_matrix(said, targets, 5, 255).double()
    union = confusion.sum(0) + confusion.sum(1) - confusion.diag()
    return (confusion.diag() / union.clamp(min=1)).mean().item()


def true_classes_alone(said: Tensor, truth: Tensor, width: int) -> float:
    targets = truth.where(near_border(truth, width), 255)
    confusion = confusion_matrix(said, targets, 5, 255).double()
    union = confusion.sum(0) + confusion.sum(1) - confusion.diag()
    there = confusion.sum(1) > 0
    return (confusion.diag() / union)[there].mean().item()


def city_blocks(said: Tensor, truth: Tensor, width: int) -> float:
    """Go rows and columns together, a diamond in place of a square."""
    reached = truth[..., None] == torch.arange(5)  # classes that are near
    for _ in range(width):
        wider = reached.clone()
        wider[:, 1:] |= reached[:, :-1]
        wider[:, :-1] |= reached[:, 1:]
        wider[:, :, 1:] |= reached[:, :, :-1]
        wider[:, :, :-1] |= reached[:, :, 1:]
        reached = wider
    near = reached.sum(-1) > 1
    return mean_iou(confusion_matrix(said, truth.where(near, 255), 5, 255))


def narrow_only(said: Tensor, truth: Tensor, width: int) -> float:
    """Never look further than three pixels."""
    return _right(said, truth, min(width, 3))


def _right(said: Tensor, truth: Tensor, width: int) -> float:
    targets = truth.where(near_border(truth, width), 255)
    return mean_iou(confusion_matrix(said, targets, 5, 255))


def mean_over_pictures(said: Tensor, truth: Tensor, width: int) -> Tensor:
    pairs = zip(said, truth, strict=True)
    return torch.tensor([_right(s[None], t[None], width) for s, t in pairs]).mean()


WRONG = {
    "deeplabv3plus-numbers": [
        (2, 65, 37, 304),
        (8, 65, 37, 304),
        (4, 64, 37, 304),
        (4, 65, 36, 304),
        (4, 65, 54, 304),
        (4, 65, 37, 512),
        (4, 65, 37, 256),
    ],
    "deeplabv3plus-holes": [
        twice,
        with_a_border,
        one_hole_more,
        square_only,
        scaled,
        in_place,
    ],
    "deeplabv3plus-band": [
        all_pixels,
        accuracy,
        borders_of_the_answer,
        too_wide,
        absent_are_zero,
        true_classes_alone,
        city_blocks,
        narrow_only,
        mean_over_pictures,
    ],
}
