"""Scales and shapes of anchors taken out, and the small detector that is shipped."""

from dataclasses import replace
from functools import partial

from edulib.chapters.fasterrcnn.networks import small_proposer
from edulib.chapters.fasterrcnn.recall import Proposals
from edulib.data.splits import annotated_scenes
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.experiments.recipes import DETECTORS
from edulib.training import Detection

DATA = partial(annotated_scenes, train=2500, val=500, image_size=128, varied=True)
SMALL = partial(annotated_scenes, train=2500, val=500, image_size=96, varied=True)
RECIPE = replace(DETECTORS, batch_size=8)
BUILDS = {
    "three scales, three ratios": small_proposer,
    "three scales, squares": partial(small_proposer, ratios=(1,)),
    "one scale, three ratios": partial(small_proposer, scales=(34,)),
    "one scale, squares": partial(small_proposer, scales=(34,), ratios=(1,)),
    "25 pixels, three ratios": partial(small_proposer, scales=(25,)),
    "25 pixels, squares": partial(small_proposer, scales=(25,), ratios=(1,)),
}
"""The scales fit scenes of 128 pixels. On 96 half of the objects are below 25 pixels:
one scale gets a second chance there, as the paper tries one scale at two sizes."""

EXPERIMENTS = {
    "fasterrcnn-anchors": Experiment(
        variants={
            name: Variant(build, SMALL, replace(DETECTORS, epochs=4), Proposals())
            for name, build in BUILDS.items()
        },
        seeds=(0, 1, 2),
    ),
}

CHECKPOINTS = {
    "fasterrcnn-small-scenes": CheckpointRecipe(
        builder="edulib.chapters.fasterrcnn.networks.small_faster_rcnn",
        arguments={},
        data=DATA,
        recipe=replace(RECIPE, epochs=3),
        minimum=0.75,
        half=True,
        objective=Detection(),
        measure="AP50",
    ),
}
