"""Planted wrong answers to the exercises of the review of the first era."""


def right_front(costs, scores):
    pairs = list(zip(costs, scores, strict=True))
    kept = [
        k
        for k, (cost, score) in enumerate(pairs)
        if not any(
            c <= cost and s >= score and (c, s) != (cost, score) for c, s in pairs
        )
    ]
    return sorted(kept, key=lambda k: (costs[k], k))


def everybody(costs, scores):
    return sorted(range(len(costs)), key=lambda k: costs[k])


def dearest_first(costs, scores):
    return right_front(costs, scores)[::-1]


def only_strictly(costs, scores):
    pairs = list(zip(costs, scores, strict=True))
    kept = [
        k
        for k, (cost, score) in enumerate(pairs)
        if not any(c < cost and s > score for c, s in pairs)
    ]
    return sorted(kept, key=lambda k: (costs[k], k))


def drops_twins(costs, scores):
    found = {(costs[k], scores[k]): k for k in right_front(costs, scores)[::-1]}
    return sorted(found.values(), key=lambda k: costs[k])


def ties_lost(first, second):
    return sum(a > b for a in first for b in second) / (len(first) * len(second))


def only_seed_by_seed(first, second):
    wins = [(a > b) + 0.5 * (a == b) for a, b in zip(first, second, strict=False)]
    return sum(wins) / len(wins)


def means_only(first, second):
    return float(sum(first) / len(first) > sum(second) / len(second))


def other_way_round(first, second):
    wins = [(a < b) + 0.5 * (a == b) for a in first for b in second]
    return sum(wins) / len(wins)


WRONG = {
    "review1-cost": [
        (102_760_448, 102_760_448, 36_928, 1_849_688_064),
        (102_764_544, 102_764_544, 36_928, 1_849_688_064),
        (102_764_544, 102_760_448, 36_864, 1_849_688_064),
        (102_764_544, 102_760_448, 36_928, 36_864),
    ],
    "review1-front": [everybody, dearest_first, only_strictly, drops_twins],
    "review1-wins": [ties_lost, only_seed_by_seed, means_only, other_way_round],
}
