"""Inception blocks with and without shortcuts, at one price."""

from dataclasses import replace
from functools import partial

from edulib.chapters.inceptionv4.networks import SmallInception
from edulib.data.splits import scenes
from edulib.experiments import Experiment, Variant
from edulib.training import Recipe

DEPTH = 5
RECIPE = Recipe(epochs=12, lr=0.1)
SCENES = partial(scenes, train=3000, val=2000, image_size=32, cached=True)
TWINS = {kind: partial(SmallInception, kind, DEPTH) for kind in ("residual", "pure")}

EXPERIMENTS = {
    "inceptionv4-twins": Experiment(
        variants={
            kind: Variant(build, SCENES, RECIPE) for kind, build in TWINS.items()
        },
        seeds=(0, 1, 2),
    ),
    # Is it the shortcut, or what else differs? One seed, for its cost.
    "inceptionv4-controls": Experiment(
        variants={
            "no shortcut": Variant(
                partial(SmallInception, "no shortcut", DEPTH), SCENES, RECIPE
            ),
        },
        seeds=(0,),
    ),
}

LARGER = {
    "inceptionv4-twins-large": Experiment(
        variants={
            kind: Variant(
                build,
                partial(scenes, train=20_000, val=10_000, image_size=32, cached=True),
                replace(RECIPE, epochs=40, batch_size=128),
            )
            for kind, build in TWINS.items()
        },
        seeds=(0, 1, 2),
    ),
}
