"""Batch normalisation and the learning rate, in small batches, and with noise."""

from functools import partial

from edulib.chapters.normalization.data import few_digits
from edulib.chapters.normalization.networks import (
    batch_norm_stack,
    deep_stack,
    group_norm_stack,
    noisy_stack,
    split_stack,
)
from edulib.chapters.normalization.objective import MayDiverge
from edulib.data.splits import digits
from edulib.experiments import Experiment, Variant
from edulib.training import Recipe

SEEDS = (0, 1, 2)
DIGITS = partial(digits, image_size=16)
RATES = (0.002, 0.01, 0.05, 0.3)
STACKS = {"plain": deep_stack, "batch norm": batch_norm_stack}
# Its best accuracy is the goal of the others, so it may take its time where it learns.
LONG = {"plain 0.002": 40, "plain 0.01": 40}


def at_rate(rate: float, epochs: int) -> Recipe:
    """Return the recipe of the comparison of learning rates, which stay constant."""
    return Recipe(epochs=epochs, batch_size=32, lr=rate, schedule="constant")


SMALL = Recipe(epochs=40, batch_size=32, lr=0.05)
SPLITS = {f"batch norm {n}": partial(split_stack, images=n) for n in (2, 4, 8, 32)}

EXPERIMENTS = {
    "normalization-rates": Experiment(
        variants={
            (name := f"{network} {rate:g}"): Variant(
                build, DIGITS, at_rate(rate, LONG.get(name, 20)), MayDiverge()
            )
            for rate in RATES
            for network, build in STACKS.items()
        },
        seeds=SEEDS,
    ),
    # Statistics of few images; batch, order and number of steps are the same.
    "normalization-batches": Experiment(
        variants={
            name: Variant(build, few_digits, SMALL)
            for name, build in {**SPLITS, "group norm": group_norm_stack}.items()
        },
        seeds=SEEDS,
    ),
    "normalization-noise": Experiment(
        variants={
            "noisy 0.05": Variant(noisy_stack, DIGITS, at_rate(0.05, 20), MayDiverge())
        },
        seeds=SEEDS,
    ),
}
