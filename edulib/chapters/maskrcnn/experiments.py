"""Regions pooled or aligned, kinds that compete or not, masks of 14 or 28 cells."""

from dataclasses import replace
from functools import partial

from edulib.chapters.maskrcnn.measures import StrictDetection
from edulib.chapters.maskrcnn.networks import small_mask_rcnn
from edulib.data.splits import annotated_scenes
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.experiments.recipes import DETECTORS

DATA = partial(annotated_scenes, val=500, image_size=128, target="masks", varied=True)
RECIPE = replace(DETECTORS, batch_size=8)
COARSE = {"box_stride": 16, "mask_stride": 16}
BUILDS = {
    "aligned": small_mask_rcnn,
    "pooled": partial(small_mask_rcnn, "pool"),
    "aligned, stride 16": partial(small_mask_rcnn, **COARSE),
    "pooled, stride 16": partial(small_mask_rcnn, "pool", **COARSE),
    "softmax": partial(small_mask_rcnn, competing=True),
    "14 cells": partial(small_mask_rcnn, mask_side=14),
}

EXPERIMENTS = {
    "maskrcnn-parts": Experiment(
        variants={
            name: Variant(
                build,
                partial(DATA, train=2500),
                replace(RECIPE, epochs=1),
                StrictDetection(masks=True),
            )
            for name, build in BUILDS.items()
        },
        seeds=(0, 1, 2),
    ),
}

CHECKPOINTS = {
    "maskrcnn-small-scenes": CheckpointRecipe(
        builder="edulib.chapters.maskrcnn.networks.small_mask_rcnn",
        arguments={},
        data=partial(DATA, train=2500),
        recipe=replace(RECIPE, epochs=3),
        minimum=0.75,
        half=True,
        objective=StrictDetection(masks=True),
        measure="AP50",
    ),
}
