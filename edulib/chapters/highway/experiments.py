"""Deep stacks with and without gates, and where the gates should start."""

from dataclasses import replace
from functools import partial

from edulib.data.splits import digits
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.models.classification.highway import highway_dense, plain_dense
from edulib.training import Recipe

DEPTHS = (10, 20, 50, 100)
BIASES = (-1.0, -2.0, -4.0, -7.0)
DIGITS = partial(digits, image_size=28)
RECIPE = Recipe(epochs=20, lr=0.03, weight_decay=0.0, clip_norm=1.0)


def variants(builders: dict[str, partial]) -> dict[str, Variant]:
    """Return the networks, all trained alike, by name."""
    return {
        name: Variant(build=build, data=DIGITS, recipe=RECIPE)
        for name, build in builders.items()
    }


EXPERIMENTS = {
    "highway-depth": Experiment(
        variants=variants(
            {f"plain {depth}": partial(plain_dense, depth=depth) for depth in DEPTHS}
            | {
                f"highway {depth}": partial(highway_dense, depth=depth, gate_bias=-4.0)
                for depth in DEPTHS
            }
        ),
        seeds=(0, 1, 2),
    ),
    "highway-bias": Experiment(
        variants=variants(
            {
                f"{depth} layers, {bias:g}": partial(
                    highway_dense, depth=depth, gate_bias=bias
                )
                for depth in (20, 50)
                for bias in BIASES
            }
        ),
        seeds=(0, 1, 2),
    ),
    # Are deep networks only slow? The same, trained twice as long
    "highway-longer": Experiment(
        variants={
            name: Variant(build=build, data=DIGITS, recipe=replace(RECIPE, epochs=40))
            for name, build in (
                ("plain 50", partial(plain_dense, depth=50)),
                ("plain 100", partial(plain_dense, depth=100)),
                ("highway 100", partial(highway_dense, depth=100, gate_bias=-4.0)),
            )
        },
        seeds=(0, 1, 2),
    ),
    # Would another learning rate do for the plain ones?
    "highway-rates": Experiment(
        variants={
            f"plain {depth}, {rate:g}": Variant(
                build=partial(plain_dense, depth=depth),
                data=DIGITS,
                recipe=replace(RECIPE, lr=rate),
            )
            for depth in (50, 100)
            for rate in (0.01, 0.1)
        },
        seeds=(0, 1, 2),
    ),
}

CHECKPOINTS = {
    "highway20-digits": CheckpointRecipe(
        builder="edulib.models.classification.highway.highway_dense",
        arguments={"depth": 20, "gate_bias": -4.0},
        data=DIGITS,
        recipe=RECIPE,
        minimum=0.97,
        half=True,
    ),
}
