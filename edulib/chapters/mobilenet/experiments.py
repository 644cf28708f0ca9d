"""The two dials, and the twins of the paper's tables 4 and 5, small."""

from dataclasses import replace
from functools import partial

from edulib.chapters.mobilenet.data import scenes_to_choose
from edulib.chapters.mobilenet.networks import small_mobilenet, trained_form
from edulib.data.splits import scenes
from edulib.experiments import Experiment, Variant
from edulib.training import Recipe

RECIPE = Recipe(epochs=5, batch_size=32, optimizer="adamw", lr=0.004, clip_norm=1.0)
SIZES = (64, 32)
WIDTHS = (1.0, 0.5, 0.25)

FORMS = {
    "split": ("separable", 0.5),
    "thin": ("separable", 0.75),
    "full": ("full", 0.5),
    "shallow": ("shallow", 1.0),
}
RATES = {  # past the best one towards higher rates
    "split": (0.03, 0.016, 0.004),
    "thin": (0.03, 0.016, 0.004),
    "full": (0.016, 0.004),
    "shallow": (0.016, 0.004),
}
BEST = {"split": 0.03, "thin": 0.016, "full": 0.004, "shallow": 0.004}
"""Of each form's rates the one with the least error in `mobilenet-rates`."""


def choice(form: str, lr: float) -> Variant:
    """Return one form at one learning rate, tested on scenes that only choose it."""
    return Variant(
        build=partial(trained_form, *FORMS[form]),
        data=partial(scenes_to_choose, train=3600, val=1000),
        recipe=replace(RECIPE, lr=lr),
    )


def tuned(form: str) -> Variant:
    """Return one form at its best rate; trained and tested as all others."""
    return Variant(
        build=partial(trained_form, *FORMS[form]),
        data=partial(
            scenes, train=3600, val=1500, image_size=64, scale="large", cached=True
        ),
        recipe=replace(RECIPE, lr=BEST[form]),
    )


def variant(kind: str, width: float, size: int, epochs: int = 5) -> Variant:
    """Return one small network on scenes of one size; all are trained alike."""
    return Variant(
        build=partial(small_mobilenet, kind, width),
        data=partial(
            scenes, train=3600, val=1500, image_size=size, scale="large", cached=True
        ),
        recipe=replace(RECIPE, epochs=epochs),
    )


EXPERIMENTS = {
    "mobilenet-rates": Experiment(
        variants={
            f"{form}, rate {lr:g}": choice(form, lr)
            for form, rates in RATES.items()
            for lr in rates
        },
        seeds=(3,),
    ),
    # The forms whose best rate is not that of all others, 0.004.
    "mobilenet-tuned": Experiment(
        variants={form: tuned(form) for form in ("thin", "split")}, seeds=(0, 1, 2)
    ),
    "mobilenet-dials": Experiment(
        variants={
            f"{width:g} at {size}": variant("separable", width, size)
            for size in SIZES
            for width in WIDTHS
        },
        seeds=(0, 1, 2),
    ),
    # Has the thin twin only not finished learning? One seed, for the time it takes.
    "mobilenet-longer": Experiment(
        variants={
            "thin": variant("separable", 0.75, 64, epochs=12),
            "shallow": variant("shallow", 1.0, 64, epochs=12),
        },
        seeds=(0,),
    ),
    "mobilenet-twins": Experiment(
        variants={
            "thin": variant("separable", 0.75, 64),
            "shallow": variant("shallow", 1.0, 64),
            "full, width 0.5": variant("full", 0.5, 64),
        },
        seeds=(0, 1, 2),
    ),
}

LARGER = {
    "mobilenet-dials-large": Experiment(
        variants={
            f"{kind} {width:g} at {size}": Variant(
                build=partial(small_mobilenet, kind, width),
                data=partial(
                    scenes, train=20_000, val=4000, image_size=size, cached=True
                ),
                recipe=Recipe(
                    epochs=40, batch_size=64, optimizer="adamw", lr=0.004, clip_norm=1.0
                ),
            )
            for size in (64, 48, 32)
            for kind, width in (
                *(("separable", width) for width in (1.0, 0.75, 0.5, 0.25)),
                ("shallow", 1.0),
                ("full", 0.5),
            )
        },
        seeds=(0, 1, 2),
    ),
}
