"""The race: the backbones of the second era, narrow, at one small budget."""

from dataclasses import replace
from functools import partial

from edulib.data.splits import scenes
from edulib.experiments import Experiment, Variant
from edulib.experiments.recipes import FEW_IMAGES
from edulib.reviews.race import narrow_for_scenes

FACTOR = 4
RACE = replace(FEW_IMAGES, epochs=10, batch_size=20, lr=0.001)
SCENES = partial(scenes, train=600, val=300, image_size=80, scale="large")
NAMES = (
    *("vgg16_bn", "googlenet_bn"),  # of the era before, for comparison
    *("resnet18", "resnet34", "resnet50", "resnet101", "resnext50_32x4d"),
    *("densenet121", "squeezenet1_1", "mobilenet_v1", "xception"),
    *("inception_v3", "inception_v4", "inception_resnet_v2"),
)

EXPERIMENTS = {
    "review2-race": Experiment(
        variants={
            name: Variant(partial(narrow_for_scenes, name, FACTOR), SCENES, RACE)
            for name in NAMES
        },
        seeds=(0, 1),
    ),
}
