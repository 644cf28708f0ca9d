"""One small EfficientNet scaled in four ways to equal cost, from two sizes of image."""

from functools import partial

from edulib.chapters.efficientnet.data import scenes_with_objects
from edulib.chapters.efficientnet.measures import Focus
from edulib.chapters.efficientnet.networks import small_efficientnet
from edulib.experiments import Experiment, Variant
from edulib.training import Recipe

RECIPE = Recipe(epochs=3, batch_size=32, optimizer="adamw", lr=0.02, clip_norm=1.0)

BASES = (32, 48)  # pixels
SCALED = {  # width, depth, resolution: about four times the multiply-adds of the base
    "base": (1.0, 1.0, 1.0),
    "width": (2.15, 1.0, 1.0),
    "depth": (1.0, 4.0, 1.0),
    "resolution": (1.0, 1.0, 2.0),
    "together": (1.21, 1.44, 1.3),  # equation 3 with phi = 2
}
HALFWAY = {  # about twice
    "width": (1.5, 1.0, 1.0),
    "depth": (1.0, 2.0, 1.0),
    "resolution": (1.0, 1.0, 1.5),
}


def variant(way: tuple[float, float, float], base: int) -> Variant:
    """Return the small network, scaled, on scenes of the scaled size.

    Args:
        way: what width, depth and resolution are multiplied by.
        base: side of the images that are scaled, in pixels.
    """
    width, depth, resolution = way
    return Variant(
        build=partial(small_efficientnet, width, depth),
        data=partial(scenes_with_objects, image_size=round(base * resolution)),
        recipe=RECIPE,
        objective=Focus(),
    )


EXPERIMENTS = {
    "efficientnet-scaling": Experiment(
        variants={
            f"{name}, {base}": variant(way, base)
            for base in BASES
            for name, way in SCALED.items()
        },
        seeds=(0, 1, 2),
    ),
    "efficientnet-halfway": Experiment(
        variants={name: variant(way, BASES[0]) for name, way in HALFWAY.items()},
        seeds=(0, 1, 2),
    ),
}
