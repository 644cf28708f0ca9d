"""Where a small EfficientNet finds its class, measured while it is validated."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from edulib.chapters.efficientnet.networks import SmallEfficientNet
from edulib.training.batches import Batch
from edulib.training.metrics import Statistics
from edulib.training.objectives import Classification


def class_activation_map(maps: Tensor, weight: Tensor, labels: Tensor) -> Tensor:
    """Return what each place adds to the score of a class, where it adds something.

    Args:
        maps: the last ones, (B, channels, h, w).
        weight: of the dense layer behind their means, (classes, channels).
        labels: of the class, for each image, (B,).

    Shape:
        - Output: (B, h, w), at least 0

    Source: Zhou et al., "Learning Deep Features for Discriminative Localization", 2016,
    equation 2. https://arxiv.org/abs/1512.04150
    """
    return torch.einsum("bchw,bc->bhw", maps, weight[labels]).relu()


def share_inside(heat: Tensor, inside: Tensor) -> Tensor:
    """Return which share of each map lies inside, (B,); nothing at all counts as 0.

    Args:
        heat: (B, h, w), at least 0; resized to the images.
        inside: (B, H, W), true where the object is seen.
    """
    heat = F.interpolate(
        heat[:, None], inside.shape[1:], mode="bilinear", align_corners=False
    )[:, 0]
    return (heat * inside).sum((1, 2)) / heat.sum((1, 2)).clamp(min=1e-9)


def label_of(maps: Tensor) -> Tensor:
    """Return the labels of maps of classes with one object each, (B,)."""
    return maps.flatten(1).amax(1) - 1


@dataclass(frozen=True)
class Focus(Classification):
    """Classification, validated on maps of classes (B, H, W) in place of labels.

    Measures: ``loss``, ``error``; of validation also ``inside``, the share of the
    class activation map of the true class that lies on the object.
    """

    def check(self, model: SmallEfficientNet, batch: Batch) -> None:
        """Refuse labels, or maps of classes, that do not fit the logits."""
        super().check(model, _labelled(batch))

    def validate(self, model: SmallEfficientNet, batch: Batch) -> Statistics:
        """Measure the answers, and where the class is found."""
        labelled = _labelled(batch)
        maps = model.features(batch.inputs)
        heat = class_activation_map(maps, model.classifier.weight, labelled.targets)
        inside = share_inside(heat, batch.targets > 0)
        return {**super().validate(model, labelled), "inside": inside.sum()}

    def measures(self, totals: dict[str, Tensor | list]) -> dict[str, float]:
        """Return the mean of each, and the error in place of the accuracy."""
        found = super().measures(totals)
        return {"error": 1 - found.pop("accuracy"), **found}


def _labelled(batch: Batch) -> Batch:
    """Return the batch with labels in place of maps of classes."""
    if batch.targets.ndim == 1:
        return batch
    return batch._replace(targets=label_of(batch.targets))
