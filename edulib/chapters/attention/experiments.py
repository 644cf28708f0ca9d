"""Positions: none, fixed or learned; and scores, divided by the root of d or not."""

from functools import partial

from edulib.chapters.attention.networks import (
    SCALES,
    with_learned,
    with_sines,
    without_positions,
)
from edulib.data.splits import digits
from edulib.experiments import Experiment, Variant
from edulib.training import Recipe

SEEDS = (0, 1, 2)
DIGITS = partial(digits, image_size=16)
RECIPE = Recipe(
    epochs=15,
    batch_size=32,
    optimizer="adamw",
    lr=0.003,
    weight_decay=0.05,
    clip_norm=1.0,
    schedule="cosine",
    warmup=0.1,
)
POSITIONS = {"none": without_positions, "sines": with_sines, "learned": with_learned}


def compared(builds: dict) -> Experiment:
    """Return the experiment that trains these networks, all else equal."""
    variants = {name: Variant(build, DIGITS, RECIPE) for name, build in builds.items()}
    return Experiment(variants, SEEDS)


EXPERIMENTS = {
    "attention-positions": compared(POSITIONS),
    "attention-scale": compared(SCALES),
}
