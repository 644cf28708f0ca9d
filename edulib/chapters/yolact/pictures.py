"""Objects as mixtures of prototypes, and prototypes of an image that shows nothing."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from edulib.chapters.yolact.measures import LIMITS
from edulib.models.detection.yolact import Predictions, Yolact, cells_inside
from edulib.models.detection.yolact.assembly import shrink
from edulib.models.ops.iou import pairwise_iou
from edulib.notebook import Mixture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SURE = 0.3  # score from which a detection is shown


@torch.no_grad()
def find_mixtures(
    network: Yolact, image: Tensor, target: dict[str, Tensor], kinds: list[str]
) -> tuple[Tensor, dict[str, Mixture]]:
    """Return the prototypes of an image, and how the objects in it are mixed.

    Args:
        network: in evaluation mode.
        image: (3, H, W).
        target: its objects, of which those are returned that are found: by a detection
            of their kind with an IoU of at least 0.5.
        kinds: names.

    Returns:
        (k, h, w), and by name of the object, as "cat" or "cat 2", its `Mixture`.
    """
    size = image.shape[-2:]
    one = Predictions(*(part[0] for part in network(image[None])))
    limits = SURE, 0.5, *LIMITS.values()
    found = network.detections(one, network.anchors, size, *limits)
    cells = one.prototypes.shape[-2:]
    truths = shrink(target["masks"], cells) > 0
    overlaps = pairwise_iou(target["boxes"], found["boxes"])
    overlaps[target["labels"][:, None] != found["labels"]] = 0
    mixtures: dict[str, Mixture] = {}
    for truth, row, label in zip(truths, overlaps, target["labels"], strict=True):
        if not len(row) or row.max() < 0.5:
            continue
        best = int(row.argmax())
        inside = cells_inside(found["boxes"][best : best + 1], cells, size)[0]
        name = kinds[label]
        number = 1 + sum(key.split()[0] == name for key in mixtures)
        key = name if number == 1 else f"{name} {number}"
        mixtures[key] = Mixture(found["coefficients"][best], inside, truth)
    return one.prototypes, mixtures


@torch.no_grad()
def flat_prototypes(network: Yolact, padding: str) -> Tensor:
    """Return the prototypes (k, h, w) of an image that is grey everywhere.

    Args:
        network: in evaluation mode; it stays as it is.
        padding: what convolutions find beyond the edge, "zeros" or "circular".
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    before = [layer.padding_mode for layer in layers]
    for layer in layers:
        layer.padding_mode = padding
    prototypes = network(torch.full((1, 3, 96, 96), 0.5)).prototypes[0]
    for layer, mode in zip(layers, before, strict=True):
        layer.padding_mode = mode
    return prototypes


@torch.no_grad()
def place_correlations(
    network: Yolact, images: Tensor, targets: list[dict[str, Tensor]]
) -> Tensor:
    """Return how each prototype's value on an object goes with the object's place.

    Args:
        network: in evaluation mode.
        images: (B, 3, H, W).
        targets: objects of each image.

    Returns:
        (k, 2), the correlation over all objects of the prototype's mean in the true
        mask with x and with y of the middle of the true box; 0 where it never changes.
    """
    values, places = [], []
    for image, target in zip(images, targets, strict=True):
        prototypes = network(image[None]).prototypes[0]
        masks = shrink(target["masks"], prototypes.shape[-2:])
        areas = masks.sum((1, 2)).clamp(min=1)
        values.append(torch.einsum("nhw,khw->nk", masks, prototypes) / areas[:, None])
        places.append((target["boxes"][:, :2] + target["boxes"][:, 2:]) / 2)
    v, p = standard(torch.cat(values)), standard(torch.cat(places))
    return v.T @ p / len(v)


def standard(x: Tensor) -> Tensor:
    """Give each column (N, C) mean 0 and deviation 1; 0 where it does not change."""
    x = x - x.mean(0)
    return x / x.square().mean(0).sqrt().clamp(min=1e-6)


def show_flat(prototypes: Tensor) -> "Figure":
    """Draw the prototypes of a flat image, brightest where they are largest.

    Args:
        prototypes: (k, h, w).
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, -(-len(prototypes) // 2), figsize=(7.2, 3.9))
    for number, (ax, one) in enumerate(zip(axes.flat, prototypes, strict=True), 1):
        low, high = one.min().item(), one.max().item()
        ax.imshow(one, cmap="viridis", vmin=0, vmax=max(high, 1e-6))
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
        ax.set_title(f"{number}: {low:.1f} to {high:.1f}", fontsize=11, weight="normal")
    return figure
