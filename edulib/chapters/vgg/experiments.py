"""Depth, and the start of deep networks; on a GPU also 3x3 against 5x5."""

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
PAPERS = Recipe(batch_size=32, lr=0.01, schedule="constant", clip_norm=1.0)
# Configuration, start and epochs of 125 steps: the fixed sigma is given time to learn.
STARTS = {
    "A 0.01": ("A", 0.01, 16),
    "D 0.01": ("D", 0.01, 16),
    "D Glorot": ("D", "glorot", 3),
}

EXPERIMENTS = {
    "vgg-depth": Experiment(
        variants={
            form: Variant(partial(vgg_narrow, form), partial(centred_scenes, 4), LONG)
            for form in "ABDE"
        },
        seeds=SEEDS,
    ),
    # The ends of the comparison at half the width, an eighth of the paper's.
    "vgg-depth-half": Experiment(
        variants={
            form: Variant(
                partial(vgg_narrow, form, share=8), partial(centred_scenes, 4), LONG
            )
            for form in "AE"
        },
        seeds=SEEDS,
    ),
    "vgg-start": Experiment(
        variants={
            name: Variant(
                partial(vgg_narrow, form, start),
                partial(centred_scenes, 255),
                replace(PAPERS, epochs=epochs),
            )
            for name, (form, start, epochs) in STARTS.items()
        },
        seeds=SEEDS,
    ),
}

LARGER = {
    "vgg-depth-large": Experiment(
        variants={
            name: Variant(
                build,
                partial(centred_scenes, 4, train=20_000, val=10_000),
                replace(LONG, epochs=60, batch_size=128),
            )
            for name, build in {
                **{form: partial(vgg_narrow, form) for form in "ABDE"},
                "B with 5x5": vgg_narrow_5x5,
            }.items()
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
        minimum=0.75,
    ),
}
