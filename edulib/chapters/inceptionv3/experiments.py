"""A 5x5 convolution against two small ones, with and without a ReLU between them."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from edulib.chapters.inceptionv3.networks import window5_narrow, window5_small
from edulib.data.splits import Split, scenes
from edulib.experiments import Experiment, Variant
from edulib.training import Recipe

SHORT = Recipe(epochs=12, optimizer="adamw", lr=0.005, clip_norm=1.0)
SCENES = partial(scenes, train=1000, val=2000, image_size=32)
MORE_SCENES = partial(scenes, train=2000, val=2000, image_size=32)


def variants(
    build: Callable, data: Callable[[], Split], recipe: Recipe
) -> dict[str, Variant]:
    """Return the twins that one of the builders of ``networks.py`` makes."""
    twins = {
        "5x5": partial(build, "5x5"),
        "3x3, 3x3": partial(build, "3x3, 3x3"),
        "3x3, linear, 3x3": partial(build, "3x3, 3x3", relu_between=False),
        "3x3, 3x3, equal cost": partial(build, "3x3, 3x3", equal_cost=True),
        "1x5, 5x1, equal cost": partial(build, "1x5, 5x1", equal_cost=True),
    }
    return {name: Variant(twin, data, recipe) for name, twin in twins.items()}


EXPERIMENTS = {
    "inceptionv3-window": Experiment(
        variants=variants(window5_small, SCENES, SHORT), seeds=(0, 1, 2)
    ),
    # The same with a fifth of the multiply-adds and twice the images
    "inceptionv3-narrow": Experiment(
        variants=variants(window5_narrow, MORE_SCENES, replace(SHORT, epochs=10)),
        seeds=(0, 1, 2),
    ),
}

LARGER = {
    "inceptionv3-window-large": Experiment(
        variants=variants(
            window5_small,
            partial(scenes, train=20_000, val=4000, image_size=32, cached=True),
            replace(SHORT, epochs=30, batch_size=128),
        ),
        seeds=(0, 1, 2),
    ),
}
