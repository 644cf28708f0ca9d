"""LeNet-5 and dense networks on digits by writers whom they have not seen."""

from dataclasses import replace
from functools import partial

from edulib.chapters.lenet.data import new_writers
from edulib.chapters.lenet.networks import dense_300_100, lenet5_with_rubbish
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.models.classification.lenet import lenet5_modern
from edulib.training import Recipe

PLAIN = Recipe(epochs=25, batch_size=32, optimizer="adamw", lr=0.004, clip_norm=1.0)
DISTORTED = replace(PLAIN, epochs=10)  # of five times as many images

NETWORKS = {
    "LeNet-5 of 1998": lenet5_with_rubbish,
    "LeNet-5 of today": lenet5_modern,
    "dense": dense_300_100,
}

EXPERIMENTS = {
    "lenet-writers": Experiment(
        variants={
            f"{name}, {way}": Variant(
                build=build,
                data=partial(new_writers, fold=0, copies=copies),
                recipe=recipe,
            )
            for way, copies, recipe in (
                ("as written", 0, PLAIN),
                ("distorted", 4, DISTORTED),
            )
            for name, build in NETWORKS.items()
        },
        seeds=(0, 1, 2),
    ),
    # Section III.E: trained with one pixel in ten inverted; moved by 5 of 20 pixels
    "lenet-moved": Experiment(
        variants={
            name: Variant(
                build=build,
                data=partial(new_writers, noise=0.1, shift=5),
                recipe=PLAIN,
            )
            for name, build in NETWORKS.items()
        },
        seeds=(0, 1, 2),
    ),
}

CHECKPOINTS = {
    "lenet5-digits": CheckpointRecipe(
        builder="edulib.chapters.lenet.networks.lenet5_with_rubbish",
        arguments={},
        data=partial(new_writers, copies=4),
        recipe=DISTORTED,
        minimum=0.94,
    ),
    "lenet5-modern-digits": CheckpointRecipe(
        builder="edulib.models.classification.lenet.lenet5_modern",
        arguments={},
        data=partial(new_writers, copies=4),
        recipe=DISTORTED,
        minimum=0.96,
    ),
}
