"""Planted wrong answers to the exercises of the review of the third era."""

import math
from itertools import pairwise

GROWTH = (1_387_266_048, 5_549_064_192, 59_006_976, 944_111_616, 4608)


def instead(place, value):
    return (*GROWTH[:place], value, *GROWTH[place + 1 :])


def interpolated(costs, scores, cost, scale=math.log, ends=None):
    family = list(zip(costs, scores, strict=True))
    for (low, worse), (high, better) in pairwise(family):
        if low <= cost <= high:
            share = (scale(cost) - scale(low)) / (scale(high) - scale(low))
            return worse + share * (better - worse)
    return ends


def in_order(costs, scores):
    pairs = sorted(zip(costs, scores, strict=True))
    return [cost for cost, _ in pairs], [score for _, score in pairs]


def not_sorted(costs, scores, cost):
    return interpolated(costs, scores, cost, ends=scores[0])


def straight(costs, scores, cost):
    return interpolated(*in_order(costs, scores), cost, scale=float)


def nearest(costs, scores, cost):
    if not min(costs) <= cost <= max(costs):
        return None
    pairs = zip(costs, scores, strict=True)
    return min(pairs, key=lambda pair: abs(math.log(pair[0] / cost)))[1]


def sorted_apart(costs, scores, cost):
    return interpolated(sorted(costs), sorted(scores), cost)


def goes_on(costs, scores, cost):
    costs, scores = in_order(costs, scores)
    end = scores[0] if cost < costs[0] else scores[-1]
    return interpolated(costs, scores, cost, ends=end)


def slower(times):
    return (times[:, :, None] > times[:, None, :]).float().mean(0)


def by_means(times):
    means = times.mean(0)
    return ((means[None, :] - means[:, None]).sign() + 1) / 2


def ties_are_lost(times):
    shares = (times[:, :, None] < times[:, None, :]).float().mean(0)
    return shares.fill_diagonal_(0.5)


def over_networks(times):
    wins = times[:, :, None] < times[:, None, :]
    return wins.float().sum(0) / times.shape[1]


WRONG = {
    "review3-growth": [
        instead(0, 12 * 196 * 768),
        instead(1, 4 * 784 * 768**2),
        instead(2, 196**2 * 768),
        instead(3, 4 * GROWTH[2]),
        instead(4, 768),
    ],
    "review3-equal": [not_sorted, straight, nearest, sorted_apart, goes_on],
    "review3-faster": [slower, by_means, ties_are_lost, over_networks],
}
