"""One small EfficientNet, scaled in four ways to two, four and eight times its cost."""

from functools import partial

from edulib.chapters.efficientnet.data import scenes_with_objects
from edulib.chapters.efficientnet.measures import Focus
from edulib.chapters.efficientnet.networks import small_efficientnet
from edulib.experiments import Experiment, Variant
from edulib.training import Recipe

RECIPE = Recipe(epochs=3, batch_size=32, optimizer="adamw", lr=0.02, clip_norm=1.0)
BASE_SIZE = 32  # pixels
WAYS = {  # what width, depth and resolution are multiplied by
    "base": (1.0, 1.0, 1.0),
    "width": (2.15, 1.0, 1.0),
    "depth": (1.0, 4.0, 1.0),
    "resolution": (1.0, 1.0, 2.0),
    "all three": (1.21, 1.44, 1.3),  # equation 3 with phi = 2
}
DOUBLINGS = {  # about 2 and 8 times the base; at 4 depth had lost already
    "width 2": (1.45, 1.0, 1.0),
    "depth 2": (1.0, 2.0, 1.0),
    "resolution 2": (1.0, 1.0, 1.375),
    "all three 2": (1.05, 1.1, 1.07),  # phi = 0.5
    "width 8": (3.2, 1.0, 1.0),
    "resolution 8": (1.0, 1.0, 2.8125),
    "all three 8": (1.331, 1.728, 1.52),  # phi = 3
}


def variant(way: tuple[float, float, float]) -> Variant:
    """Return the small network, scaled, on scenes of the scaled size."""
    width, depth, resolution = way
    return Variant(
        build=partial(small_efficientnet, width, depth),
        data=partial(scenes_with_objects, image_size=round(BASE_SIZE * resolution)),
        recipe=RECIPE,
        objective=Focus(),
    )


def compare(ways: dict[str, tuple[float, float, float]]) -> Experiment:
    """Return the experiment that trains each way from three seeds."""
    return Experiment(
        variants={name: variant(way) for name, way in ways.items()}, seeds=(0, 1, 2)
    )


EXPERIMENTS = {
    "efficientnet-scaling": compare(WAYS),
    "efficientnet-doublings": compare(DOUBLINGS),
}
