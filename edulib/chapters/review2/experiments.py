"""Races at one small budget: the second era's backbones, narrow, and its detectors."""

from dataclasses import replace
from functools import partial

from edulib.chapters.fasterrcnn.networks import small_faster_rcnn
from edulib.chapters.ssd.experiments import DATA, SIZES
from edulib.chapters.ssd.networks import small_ssd
from edulib.chapters.yolo.networks import small_yolo
from edulib.data.splits import scenes
from edulib.experiments import Experiment, Variant
from edulib.experiments.recipes import DETECTORS, FEW_IMAGES
from edulib.reviews.race import narrow_for_scenes
from edulib.training import Detection

FACTOR = 4
RACE = replace(FEW_IMAGES, epochs=10, batch_size=20, lr=0.001)
SCENES = partial(scenes, train=600, val=300, image_size=80, scale="large")
NAMES = (
    *("vgg16_bn", "googlenet_bn"),  # of the era before, for comparison
    *("resnet18", "resnet34", "resnet50", "resnet101", "resnext50_32x4d"),
    *("densenet121", "squeezenet1_1", "mobilenet_v1", "xception"),
    *("inception_v3", "inception_v4", "inception_resnet_v2"),
)
SMALL_DETECTORS = {
    "YOLO": small_yolo,
    "SSD": small_ssd,
    "Faster R-CNN": small_faster_rcnn,
}

EXPERIMENTS = {
    "review2-race": Experiment(
        variants={
            name: Variant(partial(narrow_for_scenes, name, FACTOR), SCENES, RACE)
            for name in NAMES
        },
        seeds=(0, 1),
    ),
    "review2-detectors": Experiment(
        variants={
            name: Variant(
                build, DATA, replace(DETECTORS, epochs=3), Detection(sizes=SIZES)
            )
            for name, build in SMALL_DETECTORS.items()
            if name != "SSD"  # has run at this budget in its chapter: ssd-parts
        },
        seeds=(0, 1, 2),
    ),
}
