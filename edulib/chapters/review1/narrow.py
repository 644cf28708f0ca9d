"""Narrow copies of networks, so that all of an era can be trained in minutes."""

from math import sqrt

import torch
from torch import nn

from edulib.models.classification.nin import Centre, NetworkInNetwork
from edulib.models.classification.zfnet import ZFNet
from edulib.registry import get_builder

CLASSES = 10


def narrow(model: nn.Module, factor: int, num_classes: int = CLASSES) -> nn.Module:
    """Divide the width of every layer by a factor; keep depth, kernels and strides.

    Convolutions, dense layers and batch normalisations are replaced; the channels of
    the images and the classes stay. All weights start from He's initialisation.

    Args:
        model: a network whose first layer alone reads images of 3 channels and whose
            last layer alone has ``num_classes`` outputs; it is changed in place.
        factor: what all widths are divided by.
        num_classes: number of classes.

    Raises:
        ValueError: if a width cannot be divided by the factor.

    Example:
        >>> layers = nn.Sequential(nn.Conv2d(3, 16, 3), nn.Conv2d(16, 10, 1))
        >>> narrow(layers, 4)[1]
        Conv2d(4, 10, kernel_size=(1, 1), stride=(1, 1))
    """
    for path, layer in list(model.named_modules()):
        thin = _thin(layer, factor, num_classes)
        if thin is not None:
            parent, _, name = path.rpartition(".")
            setattr(model.get_submodule(parent), name, thin)
    return model


def narrow_model(name: str, factor: int, dropout: bool = False) -> nn.Module:
    """Build a registered network of the first era narrowly, for scenes.

    Images in [0, 1] are centred first; ZFNet, which takes only images of its own
    size, gets them enlarged. The class maps of Network in Network start close to 0.5: a
    map that is zero everywhere would never wake up behind its ReLU.

    Args:
        name: name in the registry.
        factor: what all widths are divided by.
        dropout: whether dropout stays, as wide networks and long trainings need it.

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
    steps: list[nn.Module] = [Centre()]
    if isinstance(model, NetworkInNetwork):
        class_maps = model.stages[-1][4]
        nn.init.normal_(class_maps.weight, std=0.01)
        nn.init.constant_(class_maps.bias, 0.5)
    if isinstance(model, ZFNet):
        steps.append(nn.UpsamplingBilinear2d(size=(224, 224)))
    return nn.Sequential(*steps, model)


def _thin(layer: nn.Module, factor: int, num_classes: int) -> nn.Module | None:
    def width(channels: int, kept: int) -> int:
        if channels == kept:
            return channels
        if channels % factor:
            raise ValueError(
                f"expected widths that {factor} divides, got {channels}: "
                "take another factor"
            )
        return channels // factor

    if isinstance(layer, nn.BatchNorm2d):
        return nn.BatchNorm2d(width(layer.num_features, 3), eps=layer.eps, device="cpu")
    if isinstance(layer, nn.Linear):
        inputs = width(layer.in_features, 3)
        thin = nn.Linear(inputs, width(layer.out_features, num_classes), device="cpu")
    elif isinstance(layer, nn.Conv2d):
        thin = nn.Conv2d(
            width(layer.in_channels, 3),
            width(layer.out_channels, num_classes),
            layer.kernel_size,
            layer.stride,
            layer.padding,
            groups=layer.groups,
            bias=layer.bias is not None,
            device="cpu",
        )
    else:
        return None
    nn.init.normal_(thin.weight, std=sqrt(2 / thin.weight[0].numel()))
    if thin.bias is not None:
        nn.init.zeros_(thin.bias)
    return thin
