"""Narrow copies of networks, so that all of an era can be trained in minutes."""

import torch
from torch import nn

from edulib.experiments.networks import Rescale
from edulib.models.classification.efficientnet.blocks import StochasticDepth
from edulib.models.narrow import narrow
from edulib.registry import get_builder

CLASSES = 10


def narrow_for_scenes(name: str, factor: int, dropout: bool = False) -> nn.Sequential:
    """Build a registered network narrowly, for scenes; images in [0, 1] are centred.

    Args:
        name: name in the registry.
        factor: what all widths are divided by.
        dropout: whether dropout stays, of whole blocks, too, as wide networks and long
            trainings need it.

    Returns:
        The centring and the network, for 10 classes.

    Raises:
        ValueError: if there is no such model, or a width cannot be divided.
    """
    with torch.device("meta"):
        model = get_builder(name)(num_classes=CLASSES)
    model = narrow(model, factor)
    if not dropout:
        for layer in model.modules():
            if isinstance(layer, nn.Dropout | StochasticDepth):
                layer.p = 0.0
    return nn.Sequential(Rescale(), model)
