"""A small ViT against a small CNN, with few scenes and with many."""

from functools import partial

from edulib.chapters.vit.data import few_scenes
from edulib.chapters.vit.measures import Looks
from edulib.chapters.vit.networks import small_cnn, small_vit
from edulib.experiments import Experiment, Variant
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
SIZES = (16_000, 2000, 250)
RIVALS = {"ViT": (small_vit, Looks()), "CNN": (small_cnn, Classification())}

EXPERIMENTS = {
    "vit-data": Experiment(
        variants={
            f"{name}, {train}": Variant(
                build, partial(few_scenes, train=train), RECIPE, objective
            )
            for train in SIZES
            for name, (build, objective) in RIVALS.items()
        },
        seeds=(0, 1, 2),
    ),
}
