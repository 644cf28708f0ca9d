"""One network from three seeds: with the crop, without it, and with NMS."""

from dataclasses import replace
from functools import partial

from edulib.chapters.yolact.measures import ThreeWays
from edulib.chapters.yolact.networks import small_yolact
from edulib.data.splits import annotated_scenes
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.experiments.recipes import DETECTORS

DATA = partial(
    annotated_scenes, train=2500, val=500, image_size=96, target="masks", varied=True
)
RECIPE = replace(DETECTORS, batch_size=8)

EXPERIMENTS = {
    "yolact-crop": Experiment(
        variants={
            "true box": Variant(
                small_yolact, DATA, replace(RECIPE, epochs=1), ThreeWays(masks=True)
            ),
        },
        seeds=(0, 1, 2),
    ),
}

CHECKPOINTS = {
    "yolact-small-scenes": CheckpointRecipe(
        builder="edulib.chapters.yolact.networks.small_yolact",
        arguments={},
        data=DATA,
        recipe=replace(RECIPE, epochs=4),
        minimum=0.4,
        half=True,
        objective=ThreeWays(masks=True),
        measure="mask_AP50",
    ),
}
