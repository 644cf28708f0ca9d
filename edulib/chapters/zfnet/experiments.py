"""Small networks whose features are shown."""

from dataclasses import replace
from functools import partial

from edulib.data.splits import photo_patches, scenes
from edulib.experiments import CheckpointRecipe
from edulib.experiments.recipes import PHOTOS

CHECKPOINTS = {
    "zfnet-small-scenes": CheckpointRecipe(
        builder="edulib.chapters.zfnet.networks.zfnet_small",
        arguments={},
        data=partial(scenes, train=2000, val=500, scale="large"),
        recipe=PHOTOS,
        min_accuracy=0.85,
    ),
    "zfnet-small-photos": CheckpointRecipe(
        builder="edulib.chapters.zfnet.networks.zfnet_small",
        arguments={"num_classes": 64},
        data=photo_patches,
        recipe=replace(PHOTOS, epochs=6, weight_decay=0.2),
        min_accuracy=0.95,
    ),
    "alexnet-small-photos": CheckpointRecipe(
        builder="edulib.chapters.zfnet.networks.alexnet_small",
        arguments={"num_classes": 64},
        data=photo_patches,
        recipe=replace(PHOTOS, epochs=6, weight_decay=0.2),
        min_accuracy=0.95,
    ),
}
