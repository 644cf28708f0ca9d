"""Kernels of several sizes side by side, against one size at the same price."""

from dataclasses import replace
from functools import partial

from edulib.chapters.googlenet.data import scenes_of_sizes
from edulib.chapters.googlenet.networks import googlenet_small, one_size_small
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.training import Recipe

SHORT = Recipe(epochs=6, optimizer="adamw", lr=0.005, clip_norm=1.0)
LONG = replace(SHORT, epochs=30, batch_size=128)
SIZES = partial(scenes_of_sizes, train=7000, val=2000)

LARGER = {
    "googlenet-sizes": Experiment(
        variants={
            "several sizes": Variant(googlenet_small, SIZES, LONG),
            "3x3 alone": Variant(partial(one_size_small, 3), SIZES, LONG),
            "5x5 alone": Variant(partial(one_size_small, 5), SIZES, LONG),
        },
        seeds=(0, 1, 2),
    ),
}

CHECKPOINTS = {
    "googlenet-small-scenes": CheckpointRecipe(
        builder="edulib.chapters.googlenet.networks.googlenet_small",
        arguments={},
        data=scenes_of_sizes,
        recipe=SHORT,
        minimum=0.7,
    ),
}
