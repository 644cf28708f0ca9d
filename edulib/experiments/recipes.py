"""Recipes that the experiments of several chapters share."""

from edulib.training.recipe import Recipe

FEW_IMAGES = Recipe(
    epochs=40, batch_size=32, optimizer="adamw", lr=0.002, clip_norm=1.0
)
PHOTOS = Recipe(optimizer="adamw", lr=0.002, weight_decay=0.05, clip_norm=1.0)
DETECTORS = Recipe(
    batch_size=16,
    optimizer="adamw",
    lr=0.002,
    weight_decay=0.05,
    clip_norm=5.0,
    schedule="cosine",
    warmup=0.05,
)
"""Small detectors and segmenters that begin with the small backbone.

Averages over time of their weights bring nothing more: once the rate has fallen to zero
a detector of 0.4 M parameters, 2,500 scenes of 96 pixels and 6 epochs, had an AP of
0.530 with and without one (decay 0.998); in the middle of the training 0.33 without.
"""
