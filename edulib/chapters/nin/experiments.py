"""Three ends of a small network, with mlpconv and with plain layers."""

from dataclasses import replace
from functools import partial

from edulib.chapters.nin.networks import (
    nin_small,
    nin_small_dense,
    plain_small,
    plain_small_dense,
)
from edulib.data.splits import scenes
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.experiments.recipes import FEW_IMAGES
from edulib.training import Recipe

# Section 4.6 of the paper: what stands in front, and what ends the network
ENDS = {
    "mlpconv, average": nin_small,
    "mlpconv, dense": nin_small_dense,
    "mlpconv, dropout and dense": partial(nin_small_dense, dropout=0.5),
    "plain, average": plain_small,
    "plain, dense": plain_small_dense,
    "plain, dropout and dense": partial(plain_small_dense, dropout=0.5),
}
FEW_SCENES = partial(scenes, train=600, val=2000, image_size=32, scale="large")

EXPERIMENTS = {
    "nin-ends": Experiment(
        variants={
            end: Variant(build=build, data=FEW_SCENES, recipe=FEW_IMAGES)
            for end, build in ENDS.items()
        },
        seeds=(0, 1, 2),
    ),
    # Do the nine layers of mlpconv want more images than three plain ones?
    "nin-more-images": Experiment(
        variants={
            end: Variant(
                build=ENDS[end],
                data=partial(
                    scenes, train=2400, val=2000, image_size=32, scale="large"
                ),
                recipe=FEW_IMAGES,
            )
            for end in ("mlpconv, average", "plain, average")
        },
        seeds=(0,),
    ),
}

LARGER = {
    "nin-ends-large": Experiment(
        variants={
            end: Variant(
                build=build,
                data=partial(
                    scenes, train=20_000, val=2000, image_size=32, cached=True
                ),
                recipe=replace(FEW_IMAGES, batch_size=128),
            )
            for end, build in ENDS.items()
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
        minimum=0.8,
    ),
}
