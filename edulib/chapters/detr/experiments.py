"""A small DETR on the scenes of SSD's experiment, and the one that is shipped."""

from dataclasses import replace
from functools import partial

from edulib.chapters.detr.measures import EachLayer
from edulib.chapters.detr.networks import small_detr
from edulib.data.splits import annotated_scenes
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.experiments.recipes import DETECTORS

SIZES = (("small", 0, 24**2), ("medium", 24**2, 44**2), ("large", 44**2, 128**2))
"""As in SSD's experiment."""
DATA = partial(annotated_scenes, train=2500, val=500, image_size=128, varied=True)
RECIPE = replace(DETECTORS, epochs=3, lr=1e-3, weight_decay=0.01, clip_norm=1.0)
OBJECTIVE = EachLayer(sizes=SIZES)


BUILD = partial(small_detr, features="detector")

EXPERIMENTS = {
    "detr-forms": Experiment(
        variants={"DETR": Variant(BUILD, DATA, RECIPE, OBJECTIVE)}, seeds=(0, 1, 2)
    ),
}

CHECKPOINTS = {
    "detr-small-scenes": CheckpointRecipe(
        builder="edulib.chapters.detr.networks.small_detr",
        arguments={"features": "detector"},
        data=partial(
            annotated_scenes, train=5000, val=500, image_size=128, varied=True
        ),
        recipe=replace(RECIPE, epochs=9),
        minimum=0.75,
        half=True,
        objective=OBJECTIVE,
        measure="AP50",
    ),
}
