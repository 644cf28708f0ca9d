"""What the trainings say of the three claims of the chapter on normalisation."""

from collections.abc import Mapping, Sequence
from math import inf
from statistics import fmean

from edulib.chapters.normalization.experiments import RATES
from edulib.experiments import last_epochs
from edulib.notebook.claims import Verdict, judge

STEPS = 46  # in an epoch: 1,442 digits in batches of at most 32
TESTS, MANY_TESTS = 355, 1442  # test digits of the trainings at four rates, of others
FEWER = 14  # times, says the paper

Runs = Mapping[str, Mapping[str, Sequence]]


def lowest(runs: Runs, name: str) -> list[float]:
    """Return the lowest test error of each seed, in percent."""
    return [100 * min(errors) for errors in runs[name]["val_error"]]


def base_rate(runs: Runs) -> float:
    """Return the rate at which the plain stack gets best, in the mean of its seeds."""
    return min(RATES, key=lambda rate: fmean(lowest(runs, f"plain {rate:g}")))


def steps_to(errors: Sequence[float], goal: float) -> float:
    """Return the steps until the error is at most the goal; infinite if never.

    Args:
        errors: after each epoch.
        goal: in the same unit.

    Example:
        >>> steps_to([0.5, 0.2, 0.3, 0.1], goal=0.2)
        92
    """
    reached = (epoch for epoch, error in enumerate(errors, 1) if error <= goal)
    return STEPS * next(reached, inf)


def steps_to_plains_best(runs: Runs, name: str) -> list[float]:
    """Return, for each seed, the steps to the plain stack's best error, same seed."""
    goals = lowest(runs, f"plain {base_rate(runs):g}")
    pairs = zip(runs[name]["val_error"], goals, strict=True)
    return [steps_to(errors, goal / 100) for errors, goal in pairs]


def steps_to_accuracy(runs: Runs, name: str, accuracy: float) -> list[float]:
    """Return, for each seed, the steps to a test accuracy in percent."""
    return [steps_to(errors, 1 - accuracy / 100) for errors in runs[name]["val_error"]]


def fastest_rate(runs: Runs) -> float:
    """Return the rate at which batch norm gets there first, in the mean."""
    return min(
        RATES,
        key=lambda rate: fmean(steps_to_plains_best(runs, f"batch norm {rate:g}")),
    )


def steps_verdict(runs: Runs) -> Verdict:
    """Return the verdict on "the same accuracy with 14 times fewer training steps".

    It holds if so with every seed, in part if with every seed there are fewer.
    """
    plain = steps_to_plains_best(runs, f"plain {base_rate(runs):g}")
    norm = steps_to_plains_best(runs, f"batch norm {fastest_rate(runs):g}")
    ratios = [p / n for p, n in zip(plain, norm, strict=True)]
    return Verdict.of(min(ratios) > 1, min(ratios) >= FEWER, opposite=max(ratios) < 1)


def rate_verdict(runs: Runs) -> Verdict:
    """Return the verdict on "a higher rate fails without, and serves with it".

    Of the rates above the plain stack's best: with batch norm the best error of the
    same seed counts as no higher than the plain one's at its best, without it as
    higher, at every rate and with every seed.
    """
    best = lowest(runs, f"plain {base_rate(runs):g}")
    higher = [rate for rate in RATES if rate > base_rate(runs)]
    fails, serves = [], []
    for rate in higher:
        plain = judge(lowest(runs, f"plain {rate:g}"), best, TESTS)
        norm = judge(lowest(runs, f"batch norm {rate:g}"), best, TESTS)
        fails.append(plain is Verdict.HOLDS)
        serves.append(norm in (Verdict.OPPOSITE, Verdict.UNTESTED))
    return Verdict.of(
        bool(higher) and all(fails),
        bool(higher) and all(serves),
        opposite=not any(fails) and not any(serves),
    )


def batches_verdict(runs: Runs) -> Verdict:
    """Return the verdict on "with 2 images, group norm has the lower error"."""
    two, group = last_epochs(runs["batch norm 2"]), last_epochs(runs["group norm"])
    return judge(two, group, MANY_TESTS)
