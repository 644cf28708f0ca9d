"""Regions pooled or aligned, kinds that compete or not, masks of 14 or 28 cells."""

from dataclasses import replace
from functools import partial

from edulib.chapters.maskrcnn.measures import StrictDetection
from edulib.chapters.maskrcnn.networks import BOXES, small_mask_rcnn
from edulib.data.splits import annotated_scenes
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.experiments.recipes import DETECTORS
from edulib.training import Detection

SCENES = partial(annotated_scenes, train=2500, val=500, image_size=96, varied=True)
DATA = partial(SCENES, target="masks")
RECIPE = replace(DETECTORS, batch_size=8)
BUILDS = {
    "aligned": small_mask_rcnn,
    "pooled": partial(small_mask_rcnn, "pool"),
    "aligned, stride 16": partial(small_mask_rcnn, stride=16),
    "pooled, stride 16": partial(small_mask_rcnn, "pool", stride=16),
    "softmax": partial(small_mask_rcnn, competing=True),
    "14 cells": partial(small_mask_rcnn, side=14),
}

EXPERIMENTS = {
    "maskrcnn-branches": Experiment(
        variants={
            name: Variant(
                build, DATA, replace(RECIPE, epochs=1), StrictDetection(masks=True)
            )
            for name, build in BUILDS.items()
        },
        seeds=(0, 1, 2),
    ),
}

CHECKPOINTS = {
    BOXES: CheckpointRecipe(
        builder="edulib.chapters.maskrcnn.networks.small_boxes",
        arguments={},
        data=SCENES,
        recipe=replace(RECIPE, epochs=6),
        minimum=0.7,
        half=True,
        objective=Detection(),
        measure="AP50",
    ),
    "maskrcnn-small-scenes": CheckpointRecipe(
        builder="edulib.chapters.maskrcnn.networks.small_mask_rcnn",
        arguments={},
        data=DATA,
        recipe=replace(RECIPE, epochs=3),
        minimum=0.7,
        half=True,
        objective=StrictDetection(masks=True),
        measure="AP50",
        base=BOXES,
    ),
}
