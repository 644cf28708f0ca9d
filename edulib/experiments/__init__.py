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

__all__ = [
    "CheckpointRecipe",
    "Experiment",
    "Variant",
    "get_experiment",
    "list_experiments",
    "list_larger",
    "load_experiment",
    "run_experiment",
    "train_checkpoint",
]
