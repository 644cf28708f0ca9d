"""Training: one plain loop, its recipe, and what it measures."""

from edulib.training.loop import evaluate, fit
from edulib.training.metrics import History, Metrics
from edulib.training.optim import learning_rate
from edulib.training.recipe import Recipe
from edulib.training.resume import load_weights

__all__ = [
    "History",
    "Metrics",
    "Recipe",
    "evaluate",
    "fit",
    "learning_rate",
    "load_weights",
]
