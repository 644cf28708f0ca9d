"""Shared kernels against a dense layer, on many digits and on few."""

from functools import partial

from edulib.chapters.convolution.data import swapped_digits
from edulib.chapters.convolution.networks import dense_40
from edulib.chapters.convolution.objective import SquaredError
from edulib.data.splits import digits
from edulib.experiments import Experiment, Variant
from edulib.models.classification.lecun1989 import lecun1989
from edulib.training import Recipe

PLAIN = Recipe(epochs=30, batch_size=16, lr=0.1, weight_decay=0.0)

EXPERIMENTS = {
    "convolution-sharing": Experiment(
        variants={
            f"{name}, {amount}": Variant(build, data, PLAIN, SquaredError())
            for amount, data in {
                "1442 digits": partial(digits, image_size=16),
                "355 digits": swapped_digits,
            }.items()
            for name, build in {"1989": lecun1989, "dense": dense_40}.items()
        },
        seeds=(0, 1, 2),
    ),
}
