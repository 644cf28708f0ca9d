"""Objectives: what `edulib.training.fit` can train a network for."""

from edulib.training.objectives.classification import Classification
from edulib.training.objectives.detection import Detection
from edulib.training.objectives.gan import GAN, AdversarialNetworks
from edulib.training.objectives.objective import Objective
from edulib.training.objectives.segmentation import Segmentation

__all__ = [
    "GAN",
    "AdversarialNetworks",
    "Classification",
    "Detection",
    "Objective",
    "Segmentation",
]
