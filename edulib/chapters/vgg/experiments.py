"""Pairs of 3x3 against 5x5, and transfer to few images."""

from dataclasses import replace
from functools import partial

from edulib.chapters.vgg.networks import vgg_small_5x5, vgg_small_pairs
from edulib.chapters.vgg.transfer import few_scenes, fine_tuned, from_nothing, frozen
from edulib.data.splits import photo_patches, scenes
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.experiments.recipes import FEW_IMAGES, PHOTOS

PER_CLASS = (5, 20, 100)
FORMS = {"3x3 3x3": vgg_small_pairs, "5x5": vgg_small_5x5}

EXPERIMENTS = {
    "vgg-filters": Experiment(
        variants={
            form: Variant(
                build=build,
                data=partial(scenes, train=2000, val=500, image_size=32, scale="large"),
                recipe=replace(FEW_IMAGES, epochs=20, lr=0.001),
            )
            for form, build in FORMS.items()
        },
        seeds=(0, 1, 2),
    ),
    "vgg-transfer": Experiment(
        variants={
            f"{build.__name__} {per_class}": Variant(
                build=build,
                data=partial(few_scenes, per_class=per_class),
                recipe=replace(FEW_IMAGES, epochs=12, batch_size=25, lr=0.001),
            )
            for per_class in PER_CLASS
            for build in (from_nothing, fine_tuned, frozen)
        },
        seeds=(0, 1, 2),
    ),
}

LARGER = {
    "vgg-filters-large": Experiment(
        variants={
            form: Variant(
                build=build,
                data=partial(
                    scenes, train=20_000, val=2000, image_size=64, cached=True
                ),
                recipe=replace(FEW_IMAGES, epochs=30, batch_size=128, lr=0.001),
            )
            for form, build in FORMS.items()
        },
        seeds=(0, 1, 2),
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
