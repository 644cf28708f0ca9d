"""An average against a dense layer at the end of a small network."""

from dataclasses import replace
from functools import partial

from edulib.chapters.nin.networks import nin_small, nin_small_dense
from edulib.data.splits import scenes
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.experiments.recipes import FEW_IMAGES
from edulib.training import Recipe

HEADS = {"average": nin_small, "dense": nin_small_dense}

EXPERIMENTS = {
    "nin-heads": Experiment(
        variants={
            head: Variant(
                build=build,
                data=partial(scenes, train=600, val=500, image_size=32, scale="large"),
                recipe=FEW_IMAGES,
            )
            for head, build in HEADS.items()
        },
        seeds=(0, 1, 2),
    ),
}

LARGER = {
    "nin-heads-large": Experiment(
        variants={
            head: Variant(
                build=build,
                data=partial(
                    scenes, train=20_000, val=2000, image_size=32, cached=True
                ),
                recipe=replace(FEW_IMAGES, batch_size=128),
            )
            for head, build in HEADS.items()
        },
        seeds=(0, 1, 2),
    ),
}

CHECKPOINTS = {
    "nin-small-scenes": CheckpointRecipe(
        builder="edulib.chapters.nin.networks.nin_small",
        arguments={},
        data=partial(scenes, train=2000, val=500, scale="large"),
        recipe=Recipe(epochs=20, optimizer="adamw", lr=0.005, clip_norm=1.0),
        min_accuracy=0.8,
    ),
}
