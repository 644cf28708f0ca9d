"""The paper's form and a helped one, on the scenes of SSD's experiment."""

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


def trained(**arguments: object) -> Experiment:
    """Return the training of a small DETR from three seeds."""
    build = partial(small_detr, **arguments)
    variant = Variant(build, DATA, RECIPE, OBJECTIVE)
    return Experiment(variants={"DETR": variant}, seeds=(0, 1, 2))


EXPERIMENTS = {
    "detr-forms": trained(features="detector"),
    "detr-plain": trained(helped=False),
}

CHECKPOINTS = {
    "detr-small-scenes": CheckpointRecipe(
        builder="edulib.chapters.detr.networks.small_detr",
        arguments={"features": "detector"},
        data=partial(
            annotated_scenes, train=5000, val=500, image_size=128, varied=True
        ),
        recipe=replace(RECIPE, epochs=4),
        minimum=0.5,
        half=True,
        objective=OBJECTIVE,
        measure="AP50",
    ),
}
