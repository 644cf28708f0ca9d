"""Narrow copies of networks, so that all of an era can be trained in minutes."""

import torch
from torch import nn

from edulib.experiments.networks import Rescale
from edulib.models.classification.nin import NetworkInNetwork
from edulib.models.classification.zfnet import ZFNet
from edulib.models.narrow import narrow
from edulib.registry import get_builder

CLASSES = 10


def narrow_model(
    name: str, factor: int, dropout: bool = False, lifted: bool = True
) -> nn.Module:
    """Build a registered network of the first era narrowly, for scenes.

    Images in [0, 1] are centred first; ZFNet, which takes only images of its own
    size, gets them enlarged. The class maps of Network in Network start close to 0.5: a
    map that is zero everywhere would never wake up behind its ReLU.

    Args:
        name: name in the registry.
        factor: what all widths are divided by.
        dropout: whether dropout stays, as wide networks and long trainings need it.
        lifted: whether the class maps of Network in Network start close to 0.5; else
            from He's initialisation, as all other layers.

    Returns:
        A network for 10 classes.

    Raises:
        ValueError: if there is no such model, or a width cannot be divided.
    """
    with torch.device("meta"):
        model = get_builder(name)(num_classes=CLASSES)
    model = narrow(model, factor)
    if not dropout:
        for layer in model.modules():
            if isinstance(layer, nn.Dropout):
                layer.p = 0.0
    steps: list[nn.Module] = [Rescale()]
    if lifted and isinstance(model, NetworkInNetwork):
        class_maps = model.stages[-1][4]
        nn.init.normal_(class_maps.weight, std=0.01)
        nn.init.constant_(class_maps.bias, 0.5)
    if isinstance(model, ZFNet):
        steps.append(nn.UpsamplingBilinear2d(size=(224, 224)))
    return nn.Sequential(*steps, model)
