"""Planted wrong answers to the exercises of the chapter on EfficientNet."""

from itertools import combinations_with_replacement, product

import torch
import torch.nn.functional as F


def weighed(x, down, up):
    weights = (F.silu(x.mean((2, 3)) @ down.T) @ up.T).sigmoid()
    return x * weights[:, :, None, None]


def relu_inside(x, down, up):
    weights = (F.relu(x.mean((2, 3)) @ down.T) @ up.T).sigmoid()
    return x * weights[:, :, None, None]


def no_sigmoid(x, down, up):
    weights = F.silu(x.mean((2, 3)) @ down.T) @ up.T
    return x * weights[:, :, None, None]


def softmax(x, down, up):
    weights = (F.silu(x.mean((2, 3)) @ down.T) @ up.T).softmax(1)
    return x * weights[:, :, None, None]


def swish_twice(x, down, up):
    weights = F.silu(F.silu(x.mean((2, 3)) @ down.T) @ up.T).sigmoid()
    return x * weights[:, :, None, None]


def mean_of_the_batch(x, down, up):
    weights = (F.silu(x.mean((0, 2, 3)) @ down.T) @ up.T).sigmoid()
    return x * weights[None, :, None, None]


def maximum(x, down, up):
    weights = (F.silu(x.amax((2, 3)) @ down.T) @ up.T).sigmoid()
    return x * weights[:, :, None, None]


def added(x, down, up):
    return x + weighed(x, down, up)


def weights_alone(x, down, up):
    return weighed(torch.ones_like(x), down, up)


def mean_of_rows(x, down, up):
    """Right for one image with as many rows as columns only by its shape."""
    weights = (F.silu(x.mean(2) @ down.T.mean()) @ torch.eye(x.shape[3])).sigmoid()
    return x * weights[:, :, None, :]


def in_place(x, down, up):
    out = weighed(x, down, up)
    return out if x.requires_grad else x.copy_(out)


def detached(x, down, up):
    return weighed(x.detach(), down, up) + 0 * x


def gate_detached(x, down, up):
    weights = (F.silu(x.mean((2, 3)) @ down.T) @ up.T).sigmoid()
    return x * (weights.detach() + 0 * weights)[:, :, None, None]


def half_the_pace(x, down, up):
    return weighed(x, (down + down.detach()) / 2, up)


def factor_of(depth, width, resolution):
    return depth * width * width * resolution * resolution


def triples(values, cost, tolerance):
    grid = product(sorted(values), repeat=3)
    return [one for one in grid if abs(factor_of(*one) - cost) <= tolerance]


def linear_width(values, cost, tolerance):
    grid = product(sorted(values), repeat=3)
    return [(d, w, r) for d, w, r in grid if abs(d * w * r * r - cost) <= tolerance]


def not_above(values, cost, tolerance):
    return [
        t
        for t in product(sorted(values), repeat=3)
        if factor_of(*t) <= cost + tolerance
    ]


def not_below(values, cost, tolerance):
    return [
        t
        for t in product(sorted(values), repeat=3)
        if factor_of(*t) >= cost - tolerance
    ]


def strictly(values, cost, tolerance):
    grid = product(sorted(values), repeat=3)
    return [one for one in grid if abs(factor_of(*one) - cost) < tolerance]


def as_given(values, cost, tolerance):
    grid = product(values, repeat=3)
    return [one for one in grid if abs(factor_of(*one) - cost) <= tolerance]


def width_first(values, cost, tolerance):
    return [(w, d, r) for d, w, r in triples(values, cost, tolerance)]


def no_repetition_of_order(values, cost, tolerance):
    grid = combinations_with_replacement(sorted(values), 3)
    return [one for one in grid if abs(factor_of(*one) - cost) <= tolerance]


def sorts_in_place(values, cost, tolerance):
    values.sort()
    return triples(values, cost, tolerance)


def nearest_instead_of_nothing(values, cost, tolerance):
    grid = list(product(sorted(values), repeat=3))
    found = triples(values, cost, tolerance)
    return found or [min(grid, key=lambda t: abs(factor_of(*t) - cost))]


FACTOR = 1.2**2 * 1.1**4 * 1.15**4
WRONG = {
    "efficientnet-count": [
        (1.2 * 1.1**2 * 1.15**2, 120, 26),
        (1.2**2 * 1.1**2 * 1.15**2, 120, 26),
        (4.0, 120, 26),
        (FACTOR, 123, 26),
        (FACTOR, 128, 26),
        (FACTOR, 124, 26),
        (FACTOR, 120, 22),
        (FACTOR, 120, 23),
        (FACTOR, 120, 28),
    ],
    "efficientnet-squeeze": [
        relu_inside,
        no_sigmoid,
        softmax,
        swish_twice,
        mean_of_the_batch,
        maximum,
        added,
        weights_alone,
        mean_of_rows,
        in_place,
        detached,
        gate_detached,
        half_the_pace,
    ],
    "efficientnet-grid": [
        linear_width,
        not_above,
        not_below,
        strictly,
        as_given,
        width_first,
        no_repetition_of_order,
        sorts_in_place,
        nearest_instead_of_nothing,
    ],
}
