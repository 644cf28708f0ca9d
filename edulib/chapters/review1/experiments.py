"""The race: every network of the era, narrow, at one small budget."""

from dataclasses import replace
from functools import partial

from edulib.chapters.review1.narrow import narrow_model
from edulib.data.splits import scenes
from edulib.experiments import Experiment, Variant
from edulib.experiments.recipes import FEW_IMAGES
from edulib.registry import list_models

RACE = replace(FEW_IMAGES, epochs=10, batch_size=20, lr=0.001)
SCENES = partial(scenes, train=600, val=300, image_size=72, scale="large")

EXPERIMENTS = {
    "review1-race": Experiment(
        variants={
            name: Variant(partial(narrow_model, name, factor=8), SCENES, RACE)
            for name in list_models(era=1)
        }
        | {
            "vgg16_bn with dropout": Variant(
                partial(narrow_model, "vgg16_bn", factor=8, dropout=True), SCENES, RACE
            ),
        },
        seeds=(0, 1),
    ),
    "review1-lift": Experiment(
        variants={
            "nin_cifar not lifted": Variant(
                partial(narrow_model, "nin_cifar", factor=8, lifted=False), SCENES, RACE
            ),
        },
        seeds=(0, 1, 2),
    ),
}
