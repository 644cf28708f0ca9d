"""Two first looks compared, and small networks whose features are shown."""

from dataclasses import replace
from functools import partial

from edulib.chapters.zfnet.networks import alexnet_small, zfnet_small
from edulib.data.splits import photo_patches, scenes
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.experiments.recipes import PHOTOS

EXPERIMENTS = {
    "zfnet-first-look": Experiment(
        variants={
            name: Variant(
                build=build,
                data=partial(scenes, train=2000, val=2000, scale="large"),
                recipe=PHOTOS,
            )
            for name, build in (
                ("7x7, stride 2", zfnet_small),
                ("11x11, stride 4", alexnet_small),
            )
        },
        seeds=(0, 1, 2),
    ),
}

CHECKPOINTS = {
    "zfnet-small-scenes": CheckpointRecipe(
        builder="edulib.chapters.zfnet.networks.zfnet_small",
        arguments={},
        data=partial(scenes, train=2000, val=500, scale="large"),
        recipe=PHOTOS,
        minimum=0.85,
    ),
    "zfnet-small-photos": CheckpointRecipe(
        builder="edulib.chapters.zfnet.networks.zfnet_small",
        arguments={"num_classes": 64},
        data=photo_patches,
        recipe=replace(PHOTOS, epochs=6, weight_decay=0.2),
        minimum=0.95,
    ),
    "alexnet-small-photos": CheckpointRecipe(
        builder="edulib.chapters.zfnet.networks.alexnet_small",
        arguments={"num_classes": 64},
        data=photo_patches,
        recipe=replace(PHOTOS, epochs=6, weight_decay=0.2),
        minimum=0.95,
    ),
}
