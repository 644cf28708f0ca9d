"""ReLU against tanh, what keeps a small network from overfitting, edges by hand."""

from dataclasses import replace
from functools import partial

from edulib.chapters.alexnet.data import scene_windows
from edulib.chapters.alexnet.networks import (
    alexnet_tiny,
    edge_histograms,
    four_layers_relu,
    four_layers_tanh,
)
from edulib.data.splits import crops
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.experiments.recipes import FEW_IMAGES
from edulib.training import Recipe

RATES = {  # past the best one on either side
    "relu": (four_layers_relu, (0.001, 0.003, 0.01, 0.03)),
    "tanh": (four_layers_tanh, (0.001, 0.003, 0.01, 0.03, 0.1)),
}
WAYS = {  # pool_size, dropout, how the training images are varied
    "plain": (2, 0.0, {}),
    "overlapping": (3, 0.0, {}),
    "dropout": (2, 0.5, {}),
    "dropout, 80 epochs": (2, 0.5, {}),  # it is said to need twice the steps
    "crops": (2, 0.0, {"crops": True}),
    "colors": (2, 0.0, {"crops": True, "colors": 1.0}),
    "together": (3, 0.0, {"crops": True, "colors": 1.0}),
}

EXPERIMENTS = {
    "alexnet-activation": Experiment(
        variants={
            f"{name} {lr}": Variant(
                build=build,
                data=partial(crops, train=6144, val=64),
                recipe=Recipe(epochs=12, lr=lr, schedule="constant", weight_decay=0.0),
            )
            for name, (build, rates) in RATES.items()
            for lr in rates
        },
        seeds=(0, 1, 2),
    ),
    "alexnet-overfitting": Experiment(
        variants={
            way: Variant(
                build=partial(alexnet_tiny, pool_size=pool_size, dropout=dropout),
                data=partial(scene_windows, train=300, val=500, **varied),
                recipe=replace(FEW_IMAGES, epochs=80 if "80" in way else 40),
            )
            for way, (pool_size, dropout, varied) in WAYS.items()
        },
        seeds=(0, 1, 2),
    ),
    "alexnet-designed": Experiment(  # 300 images: against "together" above
        variants={
            **{
                f"designed 300, {lr}": Variant(
                    build=edge_histograms,
                    data=partial(scene_windows, 300, 500, crops=True, colors=1.0),
                    recipe=replace(FEW_IMAGES, lr=lr),
                )
                for lr in (0.002, 0.01, 0.03)
            },
            **{
                f"{name} 3000": Variant(
                    build=build,
                    data=partial(scene_windows, 3000, 2000, crops=True, colors=1.0),
                    recipe=replace(FEW_IMAGES, lr=lr, epochs=8),
                )
                for name, build, lr in (
                    ("designed", edge_histograms, 0.01),
                    ("learned", partial(alexnet_tiny, pool_size=3, dropout=0.0), 0.002),
                )
            },
        },
        seeds=(0, 1, 2),
    ),
}

CHECKPOINTS = {
    "alexnet-patches-photos": CheckpointRecipe(
        builder="edulib.chapters.alexnet.networks.alexnet_patches",
        arguments={},
        data=crops,
        recipe=Recipe(epochs=8, lr=0.03, weight_decay=2e-3, clip_norm=1.0),
        minimum=0.8,
    ),
}
