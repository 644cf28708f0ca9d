"""Branches against width at one price; branches, width and depth at twice the price."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from torch import nn

from edulib.chapters.resnext.data import small_scenes
from edulib.chapters.resnext.networks import SmallResNeXt, own_fan_out, small_start
from edulib.experiments import Experiment, Variant
from edulib.training import Recipe

SEEDS = (0, 1, 2)
RECIPE = Recipe(epochs=4, lr=0.1)

# Cardinality and width as in table 2 of the paper, a quarter as wide
ONE_PRICE = {
    "1x16d": partial(SmallResNeXt, 1, 16),
    "4x6d": partial(SmallResNeXt, 4, 6),
    "32x1d": partial(SmallResNeXt, 32, 1),
}

# Twice the multiply-adds of 1x16d, as in table 4
TWO_PRICES = {
    "deeper": partial(SmallResNeXt, 1, 16, depth=4),
    "wider": partial(SmallResNeXt, 1, 25),
    "2x16d": partial(SmallResNeXt, 2, 16),
}

# The 3x3 layers otherwise: at the fan-out of their own group, or all equally small
OWN_START = {"32x1d, own fan-out": partial(own_fan_out, 32, 1)}
SMALL_START = {"1x16d, small start": partial(small_start, 1, 16, 32)}


def _on_small_scenes(networks: dict[str, Callable[[], nn.Module]]) -> Experiment:
    return Experiment(
        variants={
            name: Variant(build, small_scenes, RECIPE)
            for name, build in networks.items()
        },
        seeds=SEEDS,
    )


EXPERIMENTS = {
    "resnext-cardinality": _on_small_scenes(ONE_PRICE),
    "resnext-double": _on_small_scenes(TWO_PRICES),
    "resnext-start": _on_small_scenes(OWN_START),
    # Does the small start alone help?
    "resnext-small-start": _on_small_scenes(SMALL_START),
    # Is the deeper network worse, or only slower? One seed, for its cost.
    "resnext-longer": Experiment(
        variants={
            name: Variant(TWO_PRICES[name], small_scenes, replace(RECIPE, epochs=10))
            for name in ("deeper", "2x16d")
        },
        seeds=(0,),
    ),
}

# The paper's form for CIFAR, at the paper's ratio of widths, on more and longer
LARGER = {
    "resnext-cardinality-large": Experiment(
        variants={
            name: Variant(
                build,
                partial(small_scenes, train=20_000, val=10_000),
                replace(RECIPE, epochs=30, batch_size=128),
            )
            for name, build in {
                **ONE_PRICE,
                "2x10d": partial(SmallResNeXt, 2, 10),
                **TWO_PRICES,
                "8x6d": partial(SmallResNeXt, 8, 6),
            }.items()
        },
        seeds=SEEDS,
    ),
}
