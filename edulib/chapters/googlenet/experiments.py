"""Kernels of several sizes side by side, against one size at the same price."""

from functools import partial

from edulib.chapters.googlenet.data import scenes_of_sizes
from edulib.chapters.googlenet.networks import googlenet_small, one_size_small
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.training import Recipe

SHORT = Recipe(epochs=6, optimizer="adamw", lr=0.005, clip_norm=1.0)
SIZES = partial(scenes_of_sizes, val=500)

EXPERIMENTS = {
    "googlenet-sizes": Experiment(
        variants={
            "several sizes": Variant(googlenet_small, SIZES, SHORT),
            "3x3 alone": Variant(partial(one_size_small, 3), SIZES, SHORT),
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
        min_accuracy=0.7,
    ),
}
