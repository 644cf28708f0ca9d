"""A small network of inception blocks with branches of one width."""

from edulib.chapters.googlenet.data import scenes_of_sizes
from edulib.experiments import CheckpointRecipe
from edulib.training import Recipe

CHECKPOINTS = {
    "googlenet-small-scenes": CheckpointRecipe(
        builder="edulib.chapters.googlenet.networks.googlenet_small",
        arguments={},
        data=scenes_of_sizes,
        recipe=Recipe(epochs=6, optimizer="adamw", lr=0.005, clip_norm=1.0),
        min_accuracy=0.7,
    ),
}
