"""Depth, pairs of 3x3 against one 5x5, and the start of deep networks."""

from dataclasses import replace
from functools import partial

from edulib.chapters.vgg.data import centred_scenes
from edulib.chapters.vgg.networks import vgg_narrow, vgg_narrow_5x5
from edulib.data.splits import photo_patches
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.experiments.recipes import PHOTOS
from edulib.training.recipe import Recipe

SEEDS = (0, 1, 2)
LONG = Recipe(epochs=10, batch_size=32, optimizer="adamw", lr=0.001, clip_norm=1.0)
PAPERS = Recipe(epochs=3, batch_size=32, lr=0.01, schedule="constant", clip_norm=1.0)
STARTS = {"0.01": 0.01, "Glorot": "glorot"}

EXPERIMENTS = {
    "vgg-depth": Experiment(
        variants={
            form: Variant(partial(vgg_narrow, form), partial(centred_scenes, 4), LONG)
            for form in "ABDE"
        },
        seeds=SEEDS,
    ),
    "vgg-filters": Experiment(
        variants={"5x5": Variant(vgg_narrow_5x5, partial(centred_scenes, 4), LONG)},
        seeds=SEEDS,
    ),
    "vgg-start": Experiment(
        variants={
            f"{form} {name}": Variant(
                partial(vgg_narrow, form, start), partial(centred_scenes, 255), PAPERS
            )
            for form in "AD"
            for name, start in STARTS.items()
        },
        seeds=SEEDS,
    ),
}

LARGER = {
    "vgg-depth-large": Experiment(
        variants={
            form: Variant(
                partial(vgg_narrow, form),
                partial(centred_scenes, 4, train=20_000, val=10_000),
                replace(LONG, epochs=60, batch_size=128),
            )
            for form in "ABDE"
        },
        seeds=SEEDS,
    ),
}

CHECKPOINTS = {
    "vgg-small-photos": CheckpointRecipe(
        builder="edulib.chapters.vgg.networks.vgg_small",
        arguments={"num_classes": 64},
        data=photo_patches,
        recipe=replace(PHOTOS, epochs=20, weight_decay=0.05),
        min_accuracy=0.75,
    ),
}
