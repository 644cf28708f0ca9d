"""Weights by name: the book's own checkpoints, and published ones."""

from edulib.weights.checkpoint import (
    CheckpointInfo,
    checkpoint_info,
    list_checkpoints,
    load_checkpoint,
    save_checkpoint,
)
from edulib.weights.hugging_face import load_transformers
from edulib.weights.imagenet import ImageNetModel, load_imagenet
from edulib.weights.published import load_timm, load_torchvision

__all__ = [
    "CheckpointInfo",
    "ImageNetModel",
    "checkpoint_info",
    "list_checkpoints",
    "load_checkpoint",
    "load_imagenet",
    "load_timm",
    "load_torchvision",
    "load_transformers",
    "save_checkpoint",
]
