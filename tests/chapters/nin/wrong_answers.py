"""Planted wrong answers to the exercises of the chapter on Network in Network."""

import math

import torch
import torch.nn.functional as F


def right_mlpconv(x, layers, kernel_size):
    values = F.unfold(x, kernel_size).movedim(1, -1)
    for layer in layers:
        values = layer(values).relu()
    rows, columns = (side - kernel_size + 1 for side in x.shape[-2:])
    return values.movedim(-1, 1).unflatten(-1, (rows, columns))


def windows_not_folded(x, layers, kernel_size):
    return right_mlpconv(x, layers, kernel_size).flatten(2)


def last_relu_missing(x, layers, kernel_size):
    values = F.unfold(x, kernel_size).movedim(1, -1)
    for layer in layers[:-1]:
        values = layer(values).relu()
    values = layers[-1](values)
    rows, columns = (side - kernel_size + 1 for side in x.shape[-2:])
    return values.movedim(-1, 1).unflatten(-1, (rows, columns))


def three_layers_only(x, layers, kernel_size):
    return right_mlpconv(x, [layers[0], layers[1], layers[2]], kernel_size)


def square_only(x, layers, kernel_size):
    maps = right_mlpconv(x, layers, kernel_size).flatten(2)
    side = x.shape[-1] - kernel_size + 1
    return maps.unflatten(-1, (side, side))


def same_padding(x, layers, kernel_size):
    return right_mlpconv(F.pad(x, [kernel_size // 2] * 4), layers, kernel_size)


def right_pool(maps, r):
    values = maps.flatten(2)
    return (torch.logsumexp(r * values, 2) - math.log(values.shape[2])) / r


def keeps_rows(maps, r):
    return (torch.logsumexp(r * maps, 3) - math.log(maps.shape[3])) / r


def sum_not_mean(maps, r):
    return torch.logsumexp(r * maps.flatten(2), 2) / r


def overflows(maps, r):
    return (r * maps).exp().mean((2, 3)).log() / r


def plain_average(maps, r):
    return maps.mean((2, 3))


def detached(maps, r):
    return right_pool(maps.detach(), r)


WRONG = {
    "nin-count": [
        (9216 * 1000, 257000, 0, 9216000),
        (9217000, 256000, 0, 9216000),
        (9217000, 257000, 1000, 9216000),
        (9217000, 257000, 0, 256000),
    ],
    "nin-mlpconv": [
        windows_not_folded,
        last_relu_missing,
        three_layers_only,
        square_only,
        same_padding,
    ],
    "nin-soft-pool": [
        keeps_rows,
        sum_not_mean,
        overflows,
        plain_average,
        detached,
    ],
}
