"""Small networks after AlexNet, and its rival's histograms, which stand in no paper."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.models.blocks.checks import check_num_classes


def alexnet_patches(num_classes: int = 64, in_channels: int = 3) -> nn.Sequential:
    """Build a very small network for crops of 24 x 24 pixels.

    Its first layer, 48 filters of 9 x 9 pixels at stride 2, is
    large enough to be looked at, and starts as small as AlexNet's.
    """
    check_num_classes(num_classes)
    network = nn.Sequential(
        nn.Conv2d(in_channels, 48, 9, stride=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(48, 64, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64 * 4 * 4, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, num_classes),
    )
    init_fan_in(network, 2)
    nn.init.normal_(network[0].weight, std=0.01)
    return network


def alexnet_tiny(pool_size: int = 3, dropout: float = 0.5) -> nn.Sequential:
    """Build a tiny AlexNet for ten classes and images of 3 x 32 x 32 pixels.

    Args:
        pool_size: side of the pooling windows, which are 2 apart: 3 overlap, 2 do not.
        dropout: share of the units of the first two dense layers that are switched off.
    """
    network = nn.Sequential(
        nn.Conv2d(3, 32, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(pool_size, stride=2, ceil_mode=True),
        nn.Conv2d(32, 64, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(pool_size, stride=2, ceil_mode=True),
        nn.Conv2d(64, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(pool_size, stride=2, ceil_mode=True),
        nn.Flatten(),
        nn.Linear(64 * 4 * 4, 256),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(256, 256),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(256, 10),
    )
    init_fan_in(network, 2)
    return network


def four_layers_relu() -> nn.Sequential:
    """Build four layers with rectifiers, for crops of 24 x 24 pixels of 64 places."""
    return _four_layers(nn.ReLU, 2)


def four_layers_tanh() -> nn.Sequential:
    """Build the network of `four_layers_relu` with tanh in place of the rectifiers."""
    return _four_layers(nn.Tanh, 1)


def _four_layers(activation: type[nn.Module], variance: float) -> nn.Sequential:
    network = nn.Sequential(
        nn.Conv2d(3, 32, 5, padding=2),
        activation(),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(32, 32, 5, padding=2),
        activation(),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(32, 64, 5, padding=2),
        activation(),
        nn.MaxPool2d(3, stride=2),
        nn.Flatten(),
        nn.Linear(64 * 2 * 2, 64),
    )
    init_fan_in(network, variance)
    return network


class EdgeHistograms(nn.Module):
    """Histograms of edge directions, made by hand, for images of 3 x 32 x 32 pixels.

    In each cell of 4 x 4 pixels the gradients are counted by direction, weighted by
    their length; neighbouring cells are scaled by their common length. Nothing here
    is learned.

    Shape:
        - Input: (B, 3, 32, 32)
        - Output: (B, 1764): 7 x 7 blocks of 2 x 2 cells of 9 directions

    Source: after Dalal and Triggs, "Histograms of Oriented Gradients for Human
    Detection", 2005, without its Gaussian window and its interpolation of places.
    """

    directions, cell = 9, 4

    def forward(self, image: Tensor) -> Tensor:
        """Return the descriptor of each image."""
        padded = F.pad(image, (1, 1, 1, 1), mode="replicate")
        across = padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]
        down = padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]
        length, channel = (across**2 + down**2).sqrt().max(1, keepdim=True)
        angle = torch.atan2(down, across).gather(1, channel) % math.pi
        place = angle / math.pi * self.directions  # in 0 to 9, round in a circle
        bins = torch.arange(self.directions).view(-1, 1, 1).to(place)
        apart = (place - bins).abs()
        share = 1 - torch.minimum(apart, self.directions - apart)  # of both neighbours
        cells = F.avg_pool2d(length * share.clamp(min=0), self.cell)  # (B, 9, 8, 8)
        blocks = F.unfold(cells, 2)  # (B, 36, 49)
        return F.normalize(blocks, dim=1, eps=1e-3).flatten(1)


def edge_histograms(num_classes: int = 10) -> nn.Sequential:
    """Build a linear classifier of edge histograms: only its last step is learned."""
    check_num_classes(num_classes)
    return nn.Sequential(EdgeHistograms(), nn.Linear(1764, num_classes))


def init_fan_in(network: nn.Sequential, variance: float) -> None:
    """Start each layer with weights of the given variance over its fan-in."""
    for layer in network:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            fan_in = layer.weight[0].numel()
            nn.init.normal_(layer.weight, std=(variance / fan_in) ** 0.5)
            nn.init.zeros_(layer.bias)
