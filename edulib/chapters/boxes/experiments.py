"""The checkpoint from which all small detectors of the book begin."""

from functools import partial

from edulib.data.splits import scenes
from edulib.experiments import CheckpointRecipe
from edulib.training import Recipe

CHECKPOINTS = {
    "small-backbone-scenes": CheckpointRecipe(
        builder="edulib.experiments.networks.SmallClassifier",
        arguments={},
        data=partial(scenes, train=5000, val=2000, image_size=64, cached=True),
        recipe=Recipe(
            epochs=6,
            batch_size=32,
            optimizer="adamw",
            lr=0.003,
            weight_decay=0.05,
            warmup=0.05,
        ),
        minimum=0.97,
        half=True,
    ),
}
