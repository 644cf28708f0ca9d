"""A race at one small budget: the third era's classifiers, narrow, as in review 2."""

from dataclasses import replace
from functools import partial

from torch import nn

from edulib.chapters.review2.experiments import FACTOR, RACE, SCENES
from edulib.experiments import Experiment, Variant
from edulib.experiments.networks import Rescale
from edulib.models.classification.vit import PatchEmbedding, VisionTransformer
from edulib.reviews.race import CLASSES, narrow_for_scenes

NAMES = ("mobilenet_v2", "mobilenet_v3_large", "efficientnet_lite0")
"""One of each family whose widths can be divided; of the others see the page."""


def narrow_vit() -> nn.Sequential:
    """Build ViT-B/16 with a quarter of its width and heads, for scenes of 80 pixels.

    Depth, patches and the width of a head stay, and its own initialisation, unlike the
    other networks' of the race. But for the positions of 25 patches it is DeiT's Tiny.
    """
    patches = PatchEmbedding(80, 16, 768 // FACTOR)
    heads = 12 // FACTOR
    network = VisionTransformer(patches, num_heads=heads, num_classes=CLASSES)
    return nn.Sequential(Rescale(), network)


BUILDS = {
    **{name: partial(narrow_for_scenes, name, FACTOR) for name in NAMES},
    "vit_b_16": narrow_vit,
}
FASTER = ("mobilenet_v2",)

EXPERIMENTS = {
    "review3-race": Experiment(
        variants={name: Variant(build, SCENES, RACE) for name, build in BUILDS.items()},
        seeds=(0, 1),
    ),
    "review3-rate": Experiment(
        variants={
            name: Variant(BUILDS[name], SCENES, replace(RACE, lr=4 * RACE.lr))
            for name in FASTER
        },
        seeds=(0, 1),
    ),
}
