"""Experiments and checkpoints that chapters declare: run, resumed, read."""

from edulib.experiments.checkpoints import CheckpointRecipe, train_checkpoint
from edulib.experiments.experiment import (
    Experiment,
    Variant,
    get_experiment,
    list_experiments,
    list_larger,
    load_experiment,
    run_experiment,
)
from edulib.experiments.results import gains, last_epochs

__all__ = [
    "CheckpointRecipe",
    "Experiment",
    "Variant",
    "gains",
    "get_experiment",
    "last_epochs",
    "list_experiments",
    "list_larger",
    "load_experiment",
    "run_experiment",
    "train_checkpoint",
]
