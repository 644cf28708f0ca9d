"""What skips bring, on all pixels and near borders; what a pyramid brings, by size."""

from dataclasses import replace
from functools import partial

from edulib.chapters.pixels.networks import small_retinanet, small_unet
from edulib.chapters.pixels.objectives import EdgeSegmentation
from edulib.data.splits import annotated_scenes
from edulib.experiments import Experiment, Variant
from edulib.experiments.recipes import DETECTORS
from edulib.training import Detection

MAPS = partial(annotated_scenes, target="semantic")
BOXES = partial(annotated_scenes, varied=True)
SIZES = (("small", 0, 18**2), ("medium", 18**2, 33**2), ("large", 33**2, 96**2))
"""Each holds about a third of the objects."""

SKIPS = {
    name: Variant(
        build=partial(small_unet, skips=skips),
        data=MAPS,
        recipe=replace(DETECTORS, epochs=2),
        objective=EdgeSegmentation(),
    )
    for name, skips in (("no skip", 0), ("one skip", 1), ("two skips", 2))
}
LEVELS = {
    levels: Variant(
        build=partial(small_retinanet, levels),
        data=BOXES,
        recipe=replace(DETECTORS, epochs=4),
        objective=Detection(sizes=SIZES),
    )
    for levels in ("one map", "pyramid")
}

EXPERIMENTS = {
    "pixels-skips": Experiment(SKIPS, seeds=(0, 1, 2)),
    "pixels-pyramid": Experiment(LEVELS, seeds=(0, 1, 2)),
}
