"""Planted wrong answers to the exercises of the chapter on attention."""

import math

import torch
from torch import Tensor


def _attend(query, key, value, mask, *, root=None, axis=-1, fill=-math.inf) -> Tensor:
    scores = query @ key.mT / (math.sqrt(query.shape[-1]) if root is None else root)
    scores = scores.masked_fill(~mask, fill)
    blind = mask.sum(-1, keepdim=True) == 0
    weights = scores.masked_fill(blind, 0).softmax(axis).masked_fill(blind, 0)
    return weights @ value


def without_root(query, key, value, mask):
    return _attend(query, key, value, mask, root=1.0)


def divided_by_the_width(query, key, value, mask):
    return _attend(query, key, value, mask, root=query.shape[-1])


def root_of_the_values(query, key, value, mask):
    return _attend(query, key, value, mask, root=math.sqrt(value.shape[-1]))


def over_the_queries(query, key, value, mask):
    return _attend(query, key, value, mask, axis=-2)


def ignores_the_mask(query, key, value, mask):
    return _attend(query, key, value, torch.ones_like(mask))


def mask_turned_round(query, key, value, mask):
    return _attend(query, key, value, ~mask)


def hidden_get_zero_scores(query, key, value, mask):
    return _attend(query, key, value, mask, fill=0.0)


def masked_after_the_softmax(query, key, value, mask):
    weights = (query @ key.mT / math.sqrt(query.shape[-1])).softmax(-1)
    return (weights * mask) @ value


def blind_rows_are_nan(query, key, value, mask):
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    return scores.masked_fill(~mask, -math.inf).softmax(-1) @ value


def blind_rows_see_all(query, key, value, mask):
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    return scores.masked_fill(~mask, -1e9).softmax(-1) @ value


def changes_the_queries(query, key, value, mask):
    result = _attend(query, key, value, mask)
    query /= math.sqrt(query.shape[-1])
    return result


def one_head_only(query, key, value, mask):
    scores = query @ key.transpose(0, 1) / math.sqrt(query.shape[-1])
    blind = mask.sum(-1, keepdim=True) == 0
    scores = scores.masked_fill(~mask, -math.inf).masked_fill(blind, 0)
    return scores.softmax(-1).masked_fill(blind, 0) @ value


def _rotation(dim: int, step: float, sharp: float = 300.0, base: float = 1e4) -> Tensor:
    matrix = torch.zeros(dim, dim)
    for i in range(0, dim, 2):
        angle = torch.tensor(step / base ** (i / dim))
        sine, cosine = sharp * angle.sin(), sharp * angle.cos()
        matrix[i, i], matrix[i + 1, i] = cosine, sine
        matrix[i, i + 1], matrix[i + 1, i + 1] = -sine, cosine
    return matrix


def too_flat(dim, step):
    return _rotation(dim, step, 1.0), torch.eye(dim)


def other_way(dim, step):
    return _rotation(dim, -step), torch.eye(dim)


def always_one(dim, step):
    return _rotation(dim, 1), torch.eye(dim)


def both_turned(dim, step):
    return _rotation(dim, step), _rotation(dim, step, 1.0)


def frequencies_of_32(dim, step):
    matrix = torch.eye(dim)
    matrix[:32, :32] = _rotation(32, step)
    return matrix, torch.eye(dim)


def no_rotation(dim, step):
    return 300 * torch.eye(dim), torch.eye(dim)


def only_right(dim, step):
    return _rotation(dim, abs(step)), torch.eye(dim)


def not_zero(dim, step):
    return _rotation(dim, step or 1), torch.eye(dim)


def sharp_enough_for_few(dim, step):
    return _rotation(dim, step, 300.0 if abs(step) < 4 else 1.0), torch.eye(dim)


def too_flat_for_a_long_row(dim, step):
    return _rotation(dim, step, 300.0 if step in (0, 1, 2, -3) else 20.0), torch.eye(
        dim
    )


def one_matrix(dim, step):
    return _rotation(dim, step)


RIGHT = (2 * 196**2 * 768, 4 * 196 * 768**2, 12 * 196**2, 1536)


def with_one(place: int, value: int) -> tuple:
    """Return the right numbers with one of them replaced."""
    return tuple(value if k == place else x for k, x in enumerate(RIGHT))


WRONG = {
    "attention-count": [
        with_one(0, 196**2 * 768),
        with_one(0, 2 * 196**2 * 768 * 12),
        with_one(1, 3 * 196 * 768**2),
        with_one(1, 4 * 196**2 * 768),
        with_one(2, 196**2),
        with_one(2, 196 * 768),
        with_one(3, 768),
        with_one(3, 384),
    ],
    "attention-write": [
        without_root,
        divided_by_the_width,
        root_of_the_values,
        over_the_queries,
        ignores_the_mask,
        mask_turned_round,
        hidden_get_zero_scores,
        masked_after_the_softmax,
        blind_rows_are_nan,
        blind_rows_see_all,
        changes_the_queries,
        one_head_only,
    ],
    "attention-neighbour": [
        too_flat,
        other_way,
        always_one,
        both_turned,
        frequencies_of_32,
        no_rotation,
        only_right,
        not_zero,
        sharp_enough_for_few,
        too_flat_for_a_long_row,
        one_matrix,
    ],
}
