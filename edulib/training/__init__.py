"""Training: one plain loop, its objective and recipe, and what it measures."""

from edulib.training.loop import evaluate, fit
from edulib.training.metrics import History, Metrics
from edulib.training.objectives import (
    GAN,
    AdversarialNetworks,
    Classification,
    Objective,
    Segmentation,
)
from edulib.training.optim import learning_rate
from edulib.training.recipe import Recipe
from edulib.training.resume import load_weights

__all__ = [
    "GAN",
    "AdversarialNetworks",
    "Classification",
    "History",
    "Metrics",
    "Objective",
    "Recipe",
    "Segmentation",
    "evaluate",
    "fit",
    "learning_rate",
    "load_weights",
]
