"""Activations in thin layers, shortcuts, hard swish and weighed channels, small."""

from dataclasses import replace
from functools import partial

from edulib.chapters.mobilenetv2.networks import FORMS, small_mobilenet
from edulib.data.splits import scenes
from edulib.experiments import Experiment, Variant
from edulib.training import Recipe

RECIPE = Recipe(epochs=4, batch_size=32, optimizer="adamw", lr=0.004, clip_norm=1.0)
SCENES = partial(
    scenes, train=2000, val=1500, image_size=32, scale="large", cached=True
)
CHOOSING = partial(SCENES, val=1000, val_seed=2)
RATES = (0.004, 0.016)
THIN = ("linear", "ReLU6 before the sum", "ReLU6 after the sum", "wide", "none")
BEST = dict.fromkeys(THIN, 0.016)
"""Of each form's rates the one with the least error in `mobilenetv2-rates`."""
WIDE = ("swish", "h-swish", "squeeze")
"""Forms that put another layer in the place of one; they keep the rate of linear."""


def tested(form: str, lr: float) -> Variant:
    """Return a form at a learning rate, tested on scenes that chose nothing."""
    return Variant(partial(small_mobilenet, form), SCENES, replace(RECIPE, lr=lr))


EXPERIMENTS = {
    "mobilenetv2-rates": Experiment(
        {
            f"{form}, rate {lr:g}": Variant(
                partial(small_mobilenet, form), CHOOSING, replace(RECIPE, lr=lr)
            )
            for form in THIN
            for lr in RATES
        },
        seeds=(3,),
    ),
    "mobilenetv2-thin": Experiment(
        {form: tested(form, BEST[form]) for form in THIN}, seeds=(0, 1, 2)
    ),
    "mobilenetv2-wide": Experiment(
        {form: tested(form, BEST["linear"]) for form in WIDE}, seeds=(0, 1, 2)
    ),
}

LARGER = {
    "mobilenetv2-large": Experiment(
        {
            form: Variant(
                partial(small_mobilenet, form),
                partial(scenes, train=20_000, val=4000, image_size=32, cached=True),
                replace(RECIPE, epochs=40, batch_size=64, lr=rate),
            )
            for form, rate in (dict.fromkeys(FORMS, BEST["linear"]) | BEST).items()
        },
        seeds=(0, 1, 2),
    ),
}
