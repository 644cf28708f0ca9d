"""With and without the decoder, and the network that is shipped."""

from dataclasses import replace
from functools import partial

from edulib.chapters.deeplabv3plus.networks import small_deeplab
from edulib.chapters.deeplabv3plus.objectives import TrimapSegmentation
from edulib.data.splits import annotated_scenes
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.experiments.recipes import DETECTORS

SIZE = 97  # 16 n + 1: each cell lies on a pixel
DATA = partial(annotated_scenes, train=3200, val=400, image_size=SIZE, target="stuff")
RECIPE = replace(DETECTORS, epochs=4)
KINDS = {
    "16, no decoder": {"decoder": False, "output_stride": 16},
    "16, decoder": {"decoder": True, "output_stride": 16},
}

EXPERIMENTS = {
    "deeplabv3plus-borders": Experiment(
        variants={
            name: Variant(
                build=partial(small_deeplab, **kind),
                data=DATA,
                recipe=RECIPE,
                objective=TrimapSegmentation(),
            )
            for name, kind in KINDS.items()
        },
        seeds=(0, 1, 2),
    )
}

CHECKPOINTS = {
    "deeplab-small-scenes": CheckpointRecipe(
        builder="edulib.chapters.deeplabv3plus.networks.small_deeplab",
        arguments=KINDS["16, decoder"],
        data=DATA,
        recipe=RECIPE,
        minimum=0.4,
        half=True,
        objective=TrimapSegmentation(),
        measure="mean_iou",
    ),
}
"""The experiment's network with the decoder, seed 0."""
