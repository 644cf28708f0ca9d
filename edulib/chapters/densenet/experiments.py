"""Parameters against error: DenseNet-BC and ResNets with pre-activation."""

from functools import partial

from edulib.chapters.densenet.data import halved_scenes
from edulib.chapters.densenet.networks import densenet_bc_small, resnet_small
from edulib.data.splits import scenes
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.training import Recipe

# Blocks in a stage, channels of the first: as many parameters as each DenseNet has,
# three times as many (which takes as many multiply-adds), and what lies between
DENSE = (1, 2)
RESIDUAL = ((1, 8), (1, 12), (1, 14), (2, 12), (2, 14))
RECIPE = Recipe(epochs=5, lr=0.1, weight_decay=1e-4)

NETWORKS = {f"dense {6 * n + 4}": partial(densenet_bc_small, n) for n in DENSE}
NETWORKS |= {
    f"residual {6 * n + 2}, width {width}": partial(resnet_small, n, width)
    for n, width in RESIDUAL
}

EXPERIMENTS = {
    "densenet-parameters": Experiment(
        variants={
            name: Variant(build=build, data=halved_scenes, recipe=RECIPE)
            for name, build in NETWORKS.items()
        },
        seeds=(0, 1, 2),
    ),
}

LARGER = {
    "densenet-parameters-large": Experiment(
        variants={
            name: Variant(
                build=build,
                data=partial(
                    scenes, train=20_000, val=10_000, image_size=32, cached=True
                ),
                recipe=Recipe(epochs=30, batch_size=64, lr=0.1, weight_decay=1e-4),
            )
            for name, build in {
                "dense 40": partial(densenet_bc_small, 6),
                "dense 100": partial(densenet_bc_small, 16),
                "residual 20, width 16": partial(resnet_small, 3, 16),
                "residual 32, width 16": partial(resnet_small, 5, 16),
                "residual 56, width 16": partial(resnet_small, 9, 16),
                "residual 164, width 16": partial(resnet_small, 27, 16),
            }.items()
        },
        seeds=(0, 1, 2),
    ),
}

# Figure 5 shows weights that 300 epochs have pulled towards zero where they are not
# used. In four epochs only a stronger decay leaves as little of the first numbers.
CHECKPOINTS = {
    "densenet-scenes": CheckpointRecipe(
        builder="edulib.chapters.densenet.networks.densenet_small",
        arguments={},
        data=halved_scenes,
        recipe=Recipe(epochs=4, lr=0.1, weight_decay=0.01),
        minimum=0.8,
        half=True,
    ),
}
