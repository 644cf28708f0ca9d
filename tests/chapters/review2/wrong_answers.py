"""Planted wrong answers to the exercises of the review of the second era."""

import torch


def network_first(neither, network, recipe, both):
    return network - neither, both - network


def recipe_first(neither, network, recipe, both):
    return both - recipe, recipe - neither


def alone(neither, network, recipe, both):
    return network - neither, recipe - neither


def swapped(neither, network, recipe, both):
    first = (network - neither + both - recipe) / 2
    return both - neither - first, first


def never_negative(neither, network, recipe, both):
    first = (network - neither + both - recipe) / 2
    return max(first, 0.0), max(both - neither - first, 0.0)


def quantiles(means):
    return torch.quantile(means, 0.05), torch.quantile(means, 0.95)


def other_images(first, second, picks):
    return quantiles(second[picks].mean(1) - first[picks.flip(0)].mean(1))


def other_way_round(first, second, picks):
    return quantiles((first - second)[picks].mean(1))


def wider(first, second, picks):
    means = (second - first)[picks].mean(1)
    return torch.quantile(means, 0.025), torch.quantile(means, 0.975)


def over_images(first, second, picks):
    return quantiles((second - first)[picks].mean(0))


def divides_by_all(first, second, picks):
    return quantiles((second - first)[picks].sum(1) / len(first))


WRONG = {
    "review2-price": [
        (589_824, 589_824, 69_632, 67_840, 53_186_560, 301_056, 401_408),
        (589_824, 18_432, 589_824, 67_840, 53_186_560, 301_056, 401_408),
        (590_080, 18_432, 69_632, 67_840, 53_186_560, 301_056, 401_408),
        (589_824, 18_432, 69_632, 67_840, 67_840, 301_056, 401_408),
        (589_824, 18_432, 69_632, 67_840, 53_186_560, 200_704, 200_704),
    ],
    "review2-split": [network_first, recipe_first, alone, swapped, never_negative],
    "review2-interval": [
        *(other_images, other_way_round, wider, over_images, divides_by_all),
    ],
}
