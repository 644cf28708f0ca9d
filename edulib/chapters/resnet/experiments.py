"""Depth that hurts, and shortcuts that help."""

from functools import partial

from edulib.data.splits import digits, scenes
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.models.classification import resnet
from edulib.training import Recipe

NETWORKS = [f"plain{depth}" for depth in (20, 32, 56, 110)]
NETWORKS += [f"resnet{depth}_cifar" for depth in (20, 32, 56, 110)]

EXPERIMENTS = {
    "resnet-degradation": Experiment(
        variants={
            name: Variant(
                build=partial(getattr(resnet, name), in_channels=1, width=8),
                data=partial(digits, image_size=16),
                recipe=Recipe(epochs=10, lr=0.1),
            )
            for name in NETWORKS
        },
        seeds=(0, 1, 2),
    ),
    # The authors, too, gave plain networks three times as long (footnote 3).
    "resnet-longer": Experiment(
        variants={
            name: Variant(
                build=partial(getattr(resnet, name), in_channels=1, width=8),
                data=partial(digits, image_size=16),
                recipe=Recipe(epochs=30, lr=0.1),
            )
            for name in ("plain20", "plain56")
        },
        seeds=(0, 1, 2),
    ),
}

LARGER = {
    "resnet-degradation-large": Experiment(
        variants={
            name: Variant(
                build=partial(getattr(resnet, name), width=16),
                data=partial(
                    scenes, train=20_000, val=2000, image_size=32, cached=True
                ),
                recipe=Recipe(epochs=30, batch_size=128, lr=0.1),
            )
            for depth in (20, 56, 110)
            for name in (f"plain{depth}", f"resnet{depth}_cifar")
        },
        seeds=(0, 1, 2),
    ),
}

CHECKPOINTS = {
    "resnet56-digits": CheckpointRecipe(
        builder="edulib.models.classification.resnet.resnet56_cifar",
        arguments={"in_channels": 1, "width": 8},
        data=partial(digits, image_size=16),
        recipe=Recipe(epochs=10, lr=0.1),
        minimum=0.97,
    ),
}
