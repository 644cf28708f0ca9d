"""Planted wrong answers to the exercises of the chapter on ViT."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def cut(images: Tensor, side: int) -> Tensor:
    return F.unfold(images, side, stride=side).transpose(1, 2)


def joined(patches: Tensor, weight: Tensor, first: Tensor, positions: Tensor) -> Tensor:
    first = first.expand(len(patches), 1, -1)
    return torch.cat([first, patches @ weight], 1) + positions


def side_of(images: Tensor, weight: Tensor) -> int:
    return math.isqrt(len(weight) // images.shape[1])


def class_token_last(images, weight, first, positions):
    patches = cut(images, side_of(images, weight))
    first = first.expand(len(images), 1, -1)
    return torch.cat([patches @ weight, first], 1) + positions


def no_position_for_the_class(images, weight, first, positions):
    patches = cut(images, side_of(images, weight))
    patches = patches @ weight + positions[1:]
    return torch.cat([first.expand(len(images), 1, -1), patches], 1)


def no_positions(images, weight, first, positions):
    return joined(cut(images, side_of(images, weight)), weight, first, 0 * positions)


def columns_first(images, weight, first, positions):
    patches = cut(images.transpose(2, 3), side_of(images, weight))
    return joined(patches, weight, first, positions)


def column_after_column(images, weight, first, positions):
    side = side_of(images, weight)
    rows = images.shape[2] // side
    patches = cut(images, side).unflatten(1, (rows, -1)).transpose(1, 2).flatten(1, 2)
    return joined(patches, weight, first, positions)


def channels_last(images, weight, first, positions):
    side, channels = side_of(images, weight), images.shape[1]
    patches = cut(images, side).unflatten(2, (channels, -1)).transpose(2, 3).flatten(2)
    return joined(patches, weight, first, positions)


def only_reshaped(images, weight, first, positions):
    patches = images.reshape(len(images), -1, len(weight))
    return joined(patches, weight, first, positions)


def detached(images, weight, first, positions):
    patches = cut(images, side_of(images, weight))
    return joined(patches, weight, first.detach(), positions)


def half_the_pace(images, weight, first, positions):
    patches = cut(images, side_of(images, weight))
    return joined(patches, (weight + weight.detach()) / 2, first, positions)


def overwrites(images, weight, first, positions):
    tokens = joined(cut(images, side_of(images, weight)), weight, first, positions)
    return tokens if images.requires_grad else (tokens, images.zero_())[0]


def patch_of_two(images, weight, first, positions):
    """Right for patches of 2 x 2 and 3 x 3 pixels alone."""
    side = 2 if len(weight) == 4 * images.shape[1] else 3
    return joined(cut(images, side), weight, first, positions)


def first_image_alone(images, weight, first, positions):
    return joined(cut(images[:1], side_of(images, weight)), weight, first, positions)


def put_back(patches: Tensor, images: Tensor, side: int) -> Tensor:
    return F.fold(patches, images.shape[2:], side, stride=side)


def inverse(images, side, order):
    patches = F.unfold(images, side, stride=side)
    return put_back(patches[:, :, order.argsort()], images, side)


def unshuffled(images, side, order):
    return images.clone()


def own_order(images, side, order):
    patches = F.unfold(images, side, stride=side)
    return put_back(patches[:, :, order.flip(0)], images, side)


def first_only(images, side, order):
    """Shuffles the first image and leaves the others."""
    patches = F.unfold(images, side, stride=side)
    patches[:1] = patches[:1, :, order]
    return put_back(patches, images, side)


def square_only(images, side, order):
    """Counts as if there were as many columns as rows."""
    rows = math.isqrt(len(order))
    height, width = images.shape[2:]
    result = images.clone()
    for place, source in enumerate(order.tolist()):
        (top, left), (a, b) = (
            (side * (k // rows) % height, side * (k % rows) % width)
            for k in (place, source)
        )
        result[:, :, top : top + side, left : left + side] = images[
            :, :, a : a + side, b : b + side
        ]
    return result


def in_place(images, side, order):
    patches = F.unfold(images, side, stride=side)
    images.copy_(put_back(patches[:, :, order], images, side))
    return images


def at_least_four(images, side, order):
    if len(order) < 4:
        raise IndexError("too few patches")
    patches = F.unfold(images, side, stride=side)
    return put_back(patches[:, :, order], images, side)


TOKENS, EMBEDDING, LAYER = 577, 2_360_064, 1_774_464
WRONG = {
    "vit-count": [
        (576, EMBEDDING, LAYER),
        (197, EMBEDDING, LAYER),
        (TOKENS, EMBEDDING - 768, LAYER),
        (TOKENS, 1024 * 768 + 768, LAYER),
        (TOKENS, EMBEDDING, LAYER - 4 * 384),
        (TOKENS, EMBEDDING, 12 * 384**2 + 4 * 384),
        (TOKENS, EMBEDDING, LAYER - 384**2 - 384),
    ],
    "vit-embed": [
        class_token_last,
        no_position_for_the_class,
        no_positions,
        columns_first,
        column_after_column,
        channels_last,
        only_reshaped,
        detached,
        half_the_pace,
        overwrites,
        patch_of_two,
        first_image_alone,
    ],
    "vit-shuffle": [
        inverse,
        unshuffled,
        own_order,
        first_only,
        square_only,
        in_place,
        at_least_four,
    ],
}
