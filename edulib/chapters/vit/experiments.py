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
SIZES = (16_000, 250)
LONGER = 3  # times as many pictures


def rival(name: str, train: int, epochs: int = 1) -> Variant:
    """Return the training of one of the networks on some of the scenes."""
    build, objective = RIVALS[name]
    data = partial(few_scenes, train=train)
    return Variant(build, data, replace(RECIPE, epochs=epochs), objective)


EXPERIMENTS = {
    "vit-data": Experiment(
        variants={f"{name}, {n}": rival(name, n) for n in SIZES for name in RIVALS},
        seeds=(0, 1, 2),
    ),
    # Is the ViT with many scenes only not trained enough? One seed, for the time.
    "vit-longer": Experiment(
        variants={
            f"{name}, {n}": rival(name, n, LONGER)
            for name, n in (("ViT", 250), ("CNN", 16_000), ("CNN", 250))
        },
        seeds=(0,),
    ),
}

CHECKPOINTS = {
    "vit-small-scenes": CheckpointRecipe(
        builder="edulib.chapters.vit.networks.small_vit",
        arguments={},
        data=partial(few_scenes, train=16_000),
        recipe=replace(RECIPE, epochs=LONGER),
        minimum=0.7,
        half=True,
    ),
}
