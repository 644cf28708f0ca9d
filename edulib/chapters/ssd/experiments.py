"""One map against three, all negatives against some, squares against other shapes."""

from dataclasses import replace
from functools import partial
from math import inf

from edulib.chapters.ssd.networks import FIVE_SCALES, small_ssd
from edulib.data.splits import annotated_scenes
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.experiments.recipes import DETECTORS
from edulib.training import Detection

SIZES = (("small", 0, 24**2), ("medium", 24**2, 44**2), ("large", 44**2, 128**2))
"""Each holds about a third of the objects."""
DATA = partial(annotated_scenes, train=2500, val=500, image_size=128, varied=True)
BUILDS = {
    "three maps": small_ssd,
    "one map": partial(small_ssd, chosen=(1,) * 5, scales=FIVE_SCALES),
    "all negatives": partial(small_ssd, negatives=inf),
    "squares": partial(small_ssd, ratios=()),
}

EXPERIMENTS = {
    "ssd-parts": Experiment(
        variants={
            name: Variant(
                build, DATA, replace(DETECTORS, epochs=3), Detection(sizes=SIZES)
            )
            for name, build in BUILDS.items()
        },
        seeds=(0, 1, 2),
    ),
}

CHECKPOINTS = {
    "ssd-small-scenes": CheckpointRecipe(
        builder="edulib.chapters.ssd.networks.small_ssd",
        arguments={},
        data=partial(
            annotated_scenes, train=5000, val=500, image_size=128, varied=True
        ),
        recipe=replace(DETECTORS, epochs=5),
        minimum=0.75,
        half=True,
        objective=Detection(sizes=SIZES),
        measure="AP50",
    ),
}
