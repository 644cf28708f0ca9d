"""A network that is told places, decided in several ways, and one that is not."""

from dataclasses import replace
from functools import partial

from edulib.chapters.solov2.measures import Ways
from edulib.chapters.solov2.networks import small_solov2
from edulib.data.splits import annotated_scenes
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.experiments.recipes import DETECTORS
from edulib.training import Detection

DATA = partial(
    annotated_scenes, train=2500, val=500, image_size=128, target="masks", varied=True
)
RECIPE = replace(DETECTORS, batch_size=8)
BLIND = partial(small_solov2, coordinates=False)
ONCE = replace(RECIPE, epochs=1)

EXPERIMENTS = {
    "solov2-coordinates": Experiment(
        variants={
            "coordinates": Variant(small_solov2, DATA, ONCE, Ways()),
            "none": Variant(BLIND, DATA, ONCE, Detection(masks=True)),
        },
        seeds=(0, 1, 2),
    ),
}

CHECKPOINTS = {
    "solov2-small-scenes": CheckpointRecipe(
        builder="edulib.chapters.solov2.networks.small_solov2",
        arguments={},
        data=DATA,
        recipe=replace(RECIPE, epochs=5),
        minimum=0.7,
        half=True,
        objective=Detection(masks=True),
        measure="mask_AP50",
    ),
}
