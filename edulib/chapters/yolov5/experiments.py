"""Mosaic, anchors and averaged weights of a small YOLOv5; the detector shipped."""

from dataclasses import replace
from functools import partial

from edulib.chapters.yolo.experiments import SIZES
from edulib.chapters.yolov5.data import seen_often
from edulib.chapters.yolov5.networks import averaged_yolov5
from edulib.chapters.yolov5.objective import AveragedDetection
from edulib.data.splits import annotated_scenes
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.experiments.recipes import DETECTORS
from edulib.models.detection.yolov5 import COCO_ANCHORS
from edulib.training import Detection

SCENES = partial(seen_often, train=500, times=3)
RECIPE = replace(DETECTORS, batch_size=8, epochs=3)
OBJECTIVE = AveragedDetection(sizes=SIZES)

EXPERIMENTS = {
    "yolov5-parts": Experiment(
        variants={
            "plain": Variant(averaged_yolov5, SCENES, RECIPE, OBJECTIVE),
            "mosaic": Variant(
                averaged_yolov5,
                partial(seen_often, train=500, times=3, mosaic=True),
                RECIPE,
                OBJECTIVE,
            ),
            "given anchors": Variant(
                partial(averaged_yolov5, anchors=COCO_ANCHORS),
                SCENES,
                RECIPE,
                OBJECTIVE,
            ),
        },
        seeds=(0, 1, 2),
    ),
    "yolov5-rate": Experiment(
        variants={
            "constant": Variant(
                averaged_yolov5,
                SCENES,
                replace(RECIPE, schedule="constant"),
                OBJECTIVE,
            ),
        },
        seeds=(0, 1, 2),
    ),
}

CHECKPOINTS = {
    "yolov5-small-scenes": CheckpointRecipe(
        builder="edulib.chapters.yolov5.networks.small_yolov5",
        arguments={},
        data=partial(annotated_scenes, train=5000, val=500, image_size=96, varied=True),
        recipe=replace(RECIPE, epochs=4),
        minimum=0.75,
        half=True,
        objective=Detection(),
        measure="AP50",
    ),
}
