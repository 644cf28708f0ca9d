"""A 5x5 convolution against two small ones, with and without a ReLU between them."""

from dataclasses import replace
from functools import partial

from edulib.chapters.inceptionv3.networks import window5_small
from edulib.data.splits import scenes
from edulib.experiments import Experiment, Variant
from edulib.training import Recipe

SHORT = Recipe(epochs=12, optimizer="adamw", lr=0.005, clip_norm=1.0)
SCENES = partial(scenes, train=1000, val=2000, image_size=32)
NETWORKS = {
    "5x5": partial(window5_small, "5x5"),
    "3x3, 3x3": partial(window5_small, "3x3, 3x3"),
    "3x3, linear, 3x3": partial(window5_small, "3x3, 3x3", relu_between=False),
    "3x3, 3x3, equal cost": partial(window5_small, "3x3, 3x3", equal_cost=True),
    "1x5, 5x1": partial(window5_small, "1x5, 5x1"),
    "1x5, 5x1, equal cost": partial(window5_small, "1x5, 5x1", equal_cost=True),
}

EXPERIMENTS = {
    "inceptionv3-window": Experiment(
        variants={
            name: Variant(build, SCENES, SHORT) for name, build in NETWORKS.items()
        },
        seeds=(0, 1, 2),
    ),
}

LARGER = {
    "inceptionv3-window-large": Experiment(
        variants={
            name: Variant(
                build,
                partial(
                    scenes,
                    train=20_000,
                    val=4000,
                    image_size=32,
                    cached=True,
                ),
                replace(SHORT, epochs=30, batch_size=128),
            )
            for name, build in NETWORKS.items()
        },
        seeds=(0, 1, 2),
    ),
}
