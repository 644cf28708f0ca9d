"""From one segment to one a channel at one price; a ReLU between; shortcuts."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from torch import nn

from edulib.chapters.xception.networks import xception_small
from edulib.data.splits import scenes
from edulib.experiments import Experiment, Variant
from edulib.training import Recipe

SEEDS = (0, 1, 2)
RECIPE = Recipe(epochs=5, lr=0.1)
SCENES = partial(scenes, train=1500, val=2000, image_size=32, cached=True)

# Segments and width; parameters and multiply-adds agree to a few per cent
ONE_PRICE = {
    "1 segment": partial(xception_small, segments=1, width=33),
    "4 segments": partial(xception_small, segments=4, width=56),
    "separable": partial(xception_small, width=90),
}

# Something between the two halves, at the same widths
BETWEEN = {
    "1 segment, ReLU": partial(ONE_PRICE["1 segment"], between=nn.ReLU),
    "separable, ReLU": partial(ONE_PRICE["separable"], between=nn.ReLU),
}
NO_SHORTCUT = {"no shortcut": partial(ONE_PRICE["separable"], shortcut=False)}


def trained(builders: dict[str, Callable[[], nn.Module]]) -> dict[str, Variant]:
    """Return the variants; all are trained alike."""
    return {name: Variant(build, SCENES, RECIPE) for name, build in builders.items()}


EXPERIMENTS = {
    "xception-spectrum": Experiment(trained(ONE_PRICE), SEEDS),
    "xception-between": Experiment(trained(BETWEEN), SEEDS),
    "xception-shortcut": Experiment(trained(NO_SHORTCUT), SEEDS),
}

# Longer and on more images, with ELU as in the paper, and along the whole scale
LARGER = {
    "xception-large": Experiment(
        {
            name: Variant(
                build,
                partial(scenes, train=20_000, val=5000, image_size=32, cached=True),
                replace(RECIPE, epochs=30, batch_size=128),
            )
            for name, build in {
                **ONE_PRICE,
                **BETWEEN,
                "4 segments, ReLU": partial(ONE_PRICE["4 segments"], between=nn.ReLU),
                "separable, ELU": partial(ONE_PRICE["separable"], between=nn.ELU),
                **NO_SHORTCUT,
            }.items()
        },
        SEEDS,
    ),
}
