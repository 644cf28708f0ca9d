"""A small ViT against a small CNN, with few scenes and with many."""

from dataclasses import replace
from functools import partial

from edulib.chapters.vit.data import few_scenes
from edulib.chapters.vit.measures import Looks
from edulib.chapters.vit.networks import small_cnn, small_vit
from edulib.experiments import CheckpointRecipe, Experiment, Variant
from edulib.training import Recipe
from edulib.training.objectives import Classification

RECIPE = Recipe(
    epochs=1,
    batch_size=16,
    optimizer="adamw",
    lr=2e-3,
    weight_decay=0.05,
    schedule="cosine",
    warmup=0.1,
    clip_norm=1.0,
)
RIVALS = {"ViT": (small_vit, Looks()), "CNN": (small_cnn, Classification())}
SIZES = (250, 2000, 16_000)


def rivals(*sizes: int) -> Experiment:
    """Return the trainings of both networks with each number of scenes."""
    variants = {
        f"{name}, {train}": Variant(
            build, partial(few_scenes, train=train), RECIPE, objective
        )
        for train in sizes
        for name, (build, objective) in RIVALS.items()
    }
    return Experiment(variants, seeds=(0, 1, 2))


EXPERIMENTS = {"vit-data": rivals(16_000, 250), "vit-middle": rivals(2000)}

CHECKPOINTS = {
    "vit-small-scenes": CheckpointRecipe(
        builder="edulib.chapters.vit.networks.small_vit",
        arguments={},
        data=partial(few_scenes, train=16_000),
        recipe=replace(RECIPE, epochs=2),
        minimum=0.6,
        half=True,
    ),
}
