"""Transfer learning: what a network knows when it begins with a new task.

The pre-trained networks here have seen photographs and no Scenes.
"""

import torch
from torch import nn

from edulib.chapters.vgg.networks import vgg_small
from edulib.data.splits import Split, scenes
from edulib.models.classification.vgg import VGG
from edulib.weights.checkpoint import load_checkpoint


def few_scenes(per_class: int, val: int = 200) -> Split:
    """Scenes with large objects, few of each class, of equal contrast.

    An epoch has 1,000 images however few differ: they are repeated, so that networks
    trained on fewer do not take fewer steps.

    Args:
        per_class: different training images of each of the ten classes: 5, 20, 100, or
            another divisor of 100.
        val: number of validation images.

    Returns:
        Training set (1,000 images) and validation set, as tensors.

    Raises:
        ValueError: if ``per_class`` is not a divisor of 100.
    """
    from edulib.data import global_contrast_normalization

    if per_class < 1 or 100 % per_class:
        raise ValueError(
            f"expected a divisor of 100, got {per_class} images of a class"
        )
    train_set, val_set = scenes(20 * per_class + 100, val, scale="large")
    images, labels = train_set
    chosen = [(labels == k).nonzero()[:per_class, 0] for k in range(10)]
    order = torch.stack(chosen, 1).flatten()
    train = global_contrast_normalization(images[order]), labels[order]
    repeated = tuple(torch.cat([one] * (100 // per_class)) for one in train)
    return repeated, (global_contrast_normalization(val_set[0]), val_set[1])


def from_nothing(num_classes: int = 10) -> VGG:
    """Build a small VGG with random weights."""
    return vgg_small(num_classes)


def fine_tuned(num_classes: int = 10) -> VGG:
    """Build a small VGG pre-trained on photographs, with new dense layers.

    All of it can be trained.
    """
    model = load_checkpoint("vgg-small-photos").train()
    model.head = vgg_small(num_classes).head
    return model


def frozen(num_classes: int = 10) -> VGG:
    """Build the network of `fine_tuned`; only the dense layers can be trained."""
    model = fine_tuned(num_classes)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith("head"))
    return model


def features(model: nn.Module, images: torch.Tensor, stages: int = 5) -> torch.Tensor:
    """Return what a VGG says of images: the mean of each map of a stage.

    Args:
        model: a VGG.
        images: shape (B, C, H, W).
        stages: which stage's maps, 1 to 5.

    Returns:
        Shape (B, channels of that stage), each row of length 1.
    """
    x = images
    with torch.no_grad():
        for k in range(1, stages + 1):
            x = getattr(model, f"stage{k}")(x)
    return nn.functional.normalize(x.mean((2, 3)), dim=1)
