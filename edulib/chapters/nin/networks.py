"""Small Networks in Network, with mlpconv or plain layers and with three ends."""

from torch import nn

from edulib.experiments.networks import Rescale
from edulib.models.blocks.checks import check_num_classes
from edulib.models.classification.nin import MLPConv, NetworkInNetwork


def nin_small(num_classes: int = 10, in_channels: int = 3) -> NetworkInNetwork:
    """Build a narrow network for images in [0, 1] of 16 to 128 pixels.

    Its class maps have a quarter of the images' width. The last biases start at 0.5:
    a class map that starts at zero everywhere would never wake up behind its ReLU.
    """
    check_num_classes(num_classes)
    last = MLPConv(48, (64, 48, num_classes), 3, padding=1)
    first = MLPConv(in_channels, (32, 24, 24), 5, stride=2, padding=2)
    stages = [
        nn.Sequential(Rescale(), first, nn.MaxPool2d(3, stride=2, ceil_mode=True)),
        nn.Sequential(MLPConv(24, (64, 48, 48), 3, padding=1), nn.Dropout(0.2)),
        last,
    ]
    network = NetworkInNetwork(stages, in_channels, min_size=8)
    nn.init.constant_(last[4].bias, 0.5)
    return network


def plain_small(num_classes: int = 10, in_channels: int = 3) -> NetworkInNetwork:
    """Build it with one convolution and ReLU in place of each mlpconv layer.

    Its widths give it as many parameters, to 2 in 100.
    """
    check_num_classes(num_classes)
    first = nn.Conv2d(in_channels, 48, 5, stride=2, padding=2)
    last = nn.Conv2d(96, num_classes, 3, padding=1)
    pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
    stages = [
        nn.Sequential(Rescale(), first, nn.ReLU(inplace=True), pool),
        nn.Sequential(
            nn.Conv2d(48, 96, 3, padding=1), nn.ReLU(inplace=True), nn.Dropout(0.2)
        ),
        nn.Sequential(last, nn.ReLU(inplace=True)),
    ]
    network = NetworkInNetwork(stages, in_channels, min_size=8)
    nn.init.constant_(last.bias, 0.5)
    return network


def nin_small_dense(
    num_classes: int = 10,
    in_channels: int = 3,
    image_size: int = 32,
    dropout: float = 0.0,
) -> NetworkInNetwork:
    """Build `nin_small` with a dense layer in place of the average.

    It takes square images of ``image_size`` pixels only. The paper makes this exchange
    in its section 4.6, with and without dropout.
    """
    network = nin_small(num_classes, in_channels)
    return end_densely(network, num_classes, image_size, dropout)


def plain_small_dense(
    num_classes: int = 10,
    in_channels: int = 3,
    image_size: int = 32,
    dropout: float = 0.0,
) -> NetworkInNetwork:
    """Build `plain_small` with a dense layer, as in `nin_small_dense`."""
    network = plain_small(num_classes, in_channels)
    return end_densely(network, num_classes, image_size, dropout)


def end_densely(
    network: NetworkInNetwork, num_classes: int, image_size: int, dropout: float
) -> NetworkInNetwork:
    """Put a dense layer over all values of the class maps in place of the average."""
    values = num_classes * (image_size // 4) ** 2
    layers = [nn.Flatten(), nn.Dropout(dropout), nn.Linear(values, num_classes)]
    network.average = nn.Sequential(*layers)
    return network
