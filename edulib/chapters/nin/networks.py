"""A narrow Network in Network, with an average or a dense layer at its end."""

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
    stages = [
        Rescale(),
        MLPConv(in_channels, (32, 24, 24), 5, stride=2, padding=2),
        nn.MaxPool2d(3, stride=2, ceil_mode=True),
        MLPConv(24, (64, 48, 48), 3, padding=1),
        nn.Dropout(0.2),
        last,
    ]
    network = NetworkInNetwork(stages, in_channels, min_size=8)
    nn.init.constant_(last[4].bias, 0.5)
    return network


def nin_small_dense(
    num_classes: int = 10, in_channels: int = 3, image_size: int = 32
) -> NetworkInNetwork:
    """Build the same network with a dense layer in place of the average.

    It takes square images of ``image_size`` pixels only. The paper makes this exchange
    in its section 4.6.
    """
    network = nin_small(num_classes, in_channels)
    values = num_classes * (image_size // 4) ** 2
    network.average = nn.Sequential(nn.Flatten(), nn.Linear(values, num_classes))
    return network
