"""Planted wrong answers to the exercises of the chapter on AlexNet."""

import torch
from torch.nn import functional as F


def norm(maps, alpha=1e-4, power=0.75, reach=2):
    padded = F.pad(maps.square(), (0, 0, 0, 0, reach, reach))
    count = maps.shape[1]
    total = sum(padded[:, k : k + count] for k in range(2 * reach + 1))
    return maps / (2 + alpha * total) ** power


def mean_instead_of_sum(maps):
    return norm(maps, alpha=1e-4 / 5)


def other_power(maps):
    return norm(maps, power=0.5)


def wraps_around(maps):
    total = sum(maps.square().roll(k, 1) for k in range(-2, 3))
    return maps / (2 + 1e-4 * total) ** 0.75


def flattened(maps):
    return norm(maps).flatten(1)


def eight_maps_only(maps):
    if maps.shape[1] != 8:
        return maps
    return norm(maps)


def changes_its_input(maps):
    result = norm(maps)
    maps.copy_(result)
    return maps


def five(images, size):
    height, width = images.shape[-2:]
    down, right = height - size, width - size
    corners = [(0, 0), (0, right), (down, 0), (down, right), (down // 2, right // 2)]
    return [images[..., i : i + size, j : j + size] for i, j in corners]


def without_mirror(images, size):
    return torch.stack(five(images, size) * 2, dim=1)


def upside_down(images, size):
    crops = five(images, size)
    return torch.stack(crops + [crop.flip(-2) for crop in crops], dim=1)


def stacked_first(images, size):
    crops = five(images, size)
    return torch.stack(crops + [crop.flip(-1) for crop in crops])


def centre_missing(images, size):
    crops = five(images, size)
    crops[4] = crops[0]
    return torch.stack(crops + [crop.flip(-1) for crop in crops], dim=1)


WRONG = {
    "alexnet-count": [
        (56, 34_944, 307_456, 614_656),
        (55, 34_848, 307_456, 614_656),
        (55, 34_944, 307_200, 614_656),
        (55, 34_944, 307_456, 614_912),
    ],
    "alexnet-norm": [
        mean_instead_of_sum,
        other_power,
        wraps_around,
        flattened,
        eight_maps_only,
        changes_its_input,
    ],
    "alexnet-crops": [without_mirror, upside_down, stacked_first, centre_missing],
}
