"""Masks' loss in the true box, or in the whole image; each measured in three ways."""

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
BUILDS = {
    "true box": small_yolact,
    "whole image": partial(small_yolact, learn_crop=False),
}
VARIANTS = {
    name: Variant(build, DATA, replace(RECIPE, epochs=1), ThreeWays(masks=True))
    for name, build in BUILDS.items()
}

EXPERIMENTS = {
    "yolact-crop": Experiment({"true box": VARIANTS["true box"]}, seeds=(0, 1, 2)),
    "yolact-whole": Experiment(
        {"whole image": VARIANTS["whole image"]}, seeds=(0, 1, 2)
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
