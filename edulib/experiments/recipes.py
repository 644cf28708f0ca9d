"""Recipes that the experiments of several chapters share."""

from edulib.training.recipe import Recipe

FEW_IMAGES = Recipe(
    epochs=40, batch_size=32, optimizer="adamw", lr=0.002, clip_norm=1.0
)
PHOTOS = Recipe(optimizer="adamw", lr=0.002, weight_decay=0.05, clip_norm=1.0)
