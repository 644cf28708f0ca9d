"""Planted wrong answers to the exercises of the chapter on Xception."""

import torch
from torch.nn import functional as F


def filtered(x, filters, padding=1):
    return F.conv2d(x, filters[:, None], padding=padding, groups=len(filters))


def mixed(maps, mix):
    return torch.einsum("oc,bchw->bohw", mix, maps)


def unpadded(x, filters, mix):
    return mixed(filtered(x, filters, padding=0), mix)


def turned(x, filters, mix):
    return mixed(filtered(x, filters.flip(1, 2)), mix)


def transposed(x, filters, mix):
    return mixed(filtered(x, filters.mT), mix)


def one_filter_for_all(x, filters, mix):
    return mixed(filtered(x, filters[:1].expand_as(filters)), mix)


def rectified(x, filters, mix):
    return mixed(filtered(x, filters).relu(), mix)


def not_mixed(x, filters, mix):
    return filtered(x, filters).repeat(1, 4, 1, 1)[:, : len(mix)]



def summed_over_channels(x, filters, mix):
    return mixed(filtered(x, filters).sum(1, keepdim=True).expand_as(x), mix)


def best(weight):
    left, sizes, right = torch.linalg.svd(
        weight.transpose(0, 1).flatten(2), full_matrices=False
    )
    filters = right[:, 0].view(weight.shape[1], *weight.shape[2:])
    return filters, (left[:, :, 0] * sizes[:, :1]).mT


def sizes_forgotten(weight):
    filters, mix = best(weight)
    return filters, mix / mix.norm(dim=0)


def mean_filter(weight):
    filters = weight.mean(0)
    shares = torch.einsum("ochw,chw->oc", weight, filters)
    return filters, shares / filters.square().sum((1, 2))


def second_value(weight):
    left, sizes, right = torch.linalg.svd(
        weight.transpose(0, 1).flatten(2), full_matrices=False
    )
    filters = right[:, 1].view(weight.shape[1], *weight.shape[2:])
    return filters, (left[:, :, 1] * sizes[:, 1:2]).mT


def three_by_three_only(weight):
    filters, mix = best(weight[..., :3, :3])
    return filters, mix


def exchanged(weight):
    return best(weight)[::-1]


def one_svd_for_all(weight):
    matrix = weight.flatten(1)
    left, sizes, right = torch.linalg.svd(matrix, full_matrices=False)
    filters = right[0].view(weight.shape[1:])
    return filters, (left[:, :1] * sizes[0]).expand(-1, weight.shape[1])


WRONG = {
    "xception-count": [
        (5_307_392 + 1, 536_536, 2_365_272, 11_648),
        (4_769_856, 529_984, 2_365_272, 11_648),
        (4_769_856, 536_536, 3_285, 11_648),
        (4_769_856, 536_536, 2_365_272, 18_200),
    ],
    "xception-separable": [
        unpadded,
        turned,
        transposed,
        one_filter_for_all,
        rectified,
        not_mixed,
        summed_over_channels,
    ],
    "xception-factor": [
        sizes_forgotten,
        mean_filter,
        second_value,
        three_by_three_only,
        exchanged,
        one_svd_for_all,
    ],
}
