"""Parts of YOLO's loss taken out, and the small detector that is shipped."""

from dataclasses import replace
from functools import partial

from edulib.chapters.yolo.networks import small_yolo
from edulib.data.splits import annotated_scenes
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.experiments.recipes import DETECTORS
from edulib.models.detection.yolo_v1 import Lambdas
from edulib.training import Detection

SIZES = (("small", 0, 18**2), ("medium", 18**2, 33**2), ("large", 33**2, 96**2))
"""Each holds about a third of the objects in scenes of 96 pixels."""
DATA = partial(annotated_scenes, train=2500, val=500, image_size=96, varied=True)
BUILDS = {
    "as in the paper": small_yolo,
    "lambdas 1": partial(small_yolo, Lambdas(coord=1.0, noobj=1.0)),
    "no roots": partial(small_yolo, roots=False),
}

EXPERIMENTS = {
    "yolo-loss": Experiment(
        variants={
            name: Variant(
                build, DATA, replace(DETECTORS, epochs=8), Detection(sizes=SIZES)
            )
            for name, build in BUILDS.items()
        },
        seeds=(0, 1, 2),
    ),
    "yolo-head": Experiment(
        variants={
            "dense": Variant(
                partial(small_yolo, dense=6),
                DATA,
                replace(DETECTORS, epochs=8),
                Detection(sizes=SIZES),
            )
        },
        seeds=(0,),
    ),
}

CHECKPOINTS = {
    "yolo-small-scenes": CheckpointRecipe(
        builder="edulib.chapters.yolo.networks.small_yolo",
        arguments={},
        data=partial(
            annotated_scenes, train=5000, val=500, image_size=128, varied=True
        ),
        recipe=replace(DETECTORS, epochs=5),
        minimum=0.65,
        half=True,
        objective=Detection(),
        measure="AP50",
    ),
}
