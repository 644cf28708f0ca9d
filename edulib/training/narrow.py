"""Narrow copies of networks, so that all of an era can be trained in minutes."""

from math import sqrt

import torch
from torch import nn

from edulib.registry import get_builder, get_model

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


def narrow_model(name: str, factor: int) -> nn.Module:
    """Build a registered network of the first era narrowly, for scenes.

    ZFNet, which takes only images of its own size, gets its images enlarged.

    Args:
        name: name in the registry.
        factor: what all widths are divided by.

    Returns:
        A network for 10 classes.

    Raises:
        ValueError: if there is no such model, or a width cannot be divided.
    """
    with torch.device("meta"):
        model = get_builder(name)(num_classes=CLASSES)
    model = narrow(model, factor)
    if get_model(name).module == "edulib.classification.zfnet":
        return nn.Sequential(nn.UpsamplingBilinear2d(size=(224, 224)), model)
    return model


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
