"""With and without the decoder, at two output strides."""

from dataclasses import replace
from functools import partial

from edulib.chapters.deeplabv3plus.networks import small_deeplab
from edulib.chapters.deeplabv3plus.objectives import TrimapSegmentation
from edulib.data.splits import annotated_scenes
from edulib.experiments import Experiment, Variant
from edulib.experiments.recipes import DETECTORS

SIZE = 97  # 16 n + 1: each cell lies on a pixel
DATA = partial(annotated_scenes, train=1600, val=400, image_size=SIZE, target="stuff")
RECIPE = replace(DETECTORS, epochs=2)
KINDS = {
    "16, no decoder": {"decoder": False, "output_stride": 16},
    "16, decoder": {"decoder": True, "output_stride": 16},
    "8, no decoder": {"decoder": False, "output_stride": 8},
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
