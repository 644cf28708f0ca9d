"""What skips bring, on all pixels and near borders."""

from dataclasses import replace
from functools import partial

from edulib.chapters.pixels.networks import small_unet
from edulib.chapters.pixels.objectives import EdgeSegmentation
from edulib.data.splits import annotated_scenes
from edulib.experiments import Experiment, Variant
from edulib.experiments.recipes import DETECTORS

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

EXPERIMENTS = {
    "pixels-skips": Experiment(SKIPS, seeds=(0, 1, 2)),
}
