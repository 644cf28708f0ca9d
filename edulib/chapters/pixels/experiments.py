"""What skips bring near borders, and what a pyramid brings by size."""

from dataclasses import replace
from functools import partial

from edulib.chapters.pixels.networks import small_pyramid, small_unet
from edulib.chapters.pixels.objectives import EdgeSegmentation
from edulib.data.splits import annotated_scenes
from edulib.experiments import Experiment, Variant
from edulib.experiments.recipes import DETECTORS
from edulib.training import Detection

MAPS = partial(annotated_scenes, target="semantic")

SKIPS = {
    name: Variant(
        build=partial(small_unet, skips=skips),
        data=MAPS,
        recipe=replace(DETECTORS, epochs=2),
        objective=EdgeSegmentation(),
    )
    for name, skips in (("no skip", 0), ("one skip", 1), ("two skips", 2))
}

SIZES = (("small", 0, 18**2), ("medium", 18**2, 33**2), ("large", 33**2, 96**2))
"""Each holds about a third of the objects in scenes of 96 pixels."""
LEVELS = {
    name: Variant(
        build=partial(small_pyramid, down=down),
        data=partial(annotated_scenes, varied=True),
        recipe=replace(DETECTORS, epochs=4),
        objective=Detection(sizes=SIZES),
    )
    for name, down in (("no way down", False), ("pyramid", True))
}

EXPERIMENTS = {
    "pixels-pyramid": Experiment(LEVELS, seeds=(0, 1, 2)),
    "pixels-skips": Experiment(SKIPS, seeds=(0, 1, 2)),
}
