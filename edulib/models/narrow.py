"""Narrow copies of networks, which can be trained and tested in little time."""

from math import sqrt

from torch import nn


def narrow(
    model: nn.Module, factor: int, num_classes: int = 10, in_channels: int = 3
) -> nn.Module:
    """Divide the width of every layer by a factor; keep depth, kernels and strides.

    Convolutions, dense layers and batch normalisations are replaced; the channels of
    the images and the classes stay. All weights start from He's initialisation.

    Args:
        model: a network whose first layer alone reads ``in_channels`` channels and
            whose last layer alone has ``num_classes`` outputs; it is changed in place.
        factor: what all widths are divided by.
        num_classes: number of classes.
        in_channels: channels of the images.

    Raises:
        ValueError: if a width cannot be divided by the factor.

    Example:
        >>> layers = nn.Sequential(nn.Conv2d(3, 16, 3), nn.Conv2d(16, 10, 1))
        >>> narrow(layers, 4)[1]
        Conv2d(4, 10, kernel_size=(1, 1), stride=(1, 1))
    """
    for path, layer in list(model.named_modules()):
        thin = _thin(layer, factor, num_classes, in_channels)
        if thin is not None:
            parent, _, name = path.rpartition(".")
            setattr(model.get_submodule(parent), name, thin)
    return model


def _thin(
    layer: nn.Module, factor: int, num_classes: int, in_channels: int
) -> nn.Module | None:
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
        features = width(layer.num_features, in_channels)
        return nn.BatchNorm2d(features, eps=layer.eps, device="cpu")
    if isinstance(layer, nn.Linear):
        inputs = width(layer.in_features, in_channels)
        thin = nn.Linear(inputs, width(layer.out_features, num_classes), device="cpu")
    elif isinstance(layer, nn.Conv2d):
        inputs = width(layer.in_channels, in_channels)
        depthwise = layer.groups == layer.in_channels
        thin = type(layer)(  # of its kind, which may pad in its own way
            inputs,
            width(layer.out_channels, num_classes),
            layer.kernel_size,
            layer.stride,
            layer.padding,
            layer.dilation,
            groups=inputs if depthwise else layer.groups,
            bias=layer.bias is not None,
            device="cpu",
        )
    else:
        return None
    nn.init.normal_(thin.weight, std=sqrt(2 / thin.weight[0].numel()))
    if thin.bias is not None:
        nn.init.zeros_(thin.bias)
    return thin
