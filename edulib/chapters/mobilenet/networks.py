"""Twins of MobileNet from the paper's tables 4 and 5, and small forms of all."""

import torch
from torch import nn

from edulib.experiments.networks import Rescale
from edulib.models.classification.mobilenet_v1 import (
    STAGES,
    MobileNetV1,
    conv_norm_relu6,
    init_weights,
)

SMALL = 0.25  # what the small form calls width 1: a quarter of the paper's


def shallow_mobilenet(alpha: float = 1.0, num_classes: int = 1000) -> MobileNetV1:
    """Build the shallow twin of table 5: the five equal blocks of stage 4 are missing.

    At full width 307 million multiply-adds and 2.9 million parameters.
    """
    network = MobileNetV1(alpha, num_classes)
    network.stage4 = network.stage4[:1]
    return network


def full_mobilenet(alpha: float = 1.0, num_classes: int = 1000) -> MobileNetV1:
    """Build the twin of table 4: a full 3x3 convolution in place of each pair.

    At full width 4,866 million multiply-adds and 29.3 million parameters.
    """
    network = MobileNetV1(alpha, num_classes)
    width = int(32 * alpha)
    for number, rows in enumerate(STAGES, start=1):
        blocks = []
        for channels, stride in rows:
            blocks.append(conv_norm_relu6(width, int(channels * alpha), 3, stride))
            width = int(channels * alpha)
        setattr(network, f"stage{number}", nn.Sequential(*blocks))
    init_weights(network)
    return network


def small_mobilenet(kind: str = "separable", width: float = 1.0) -> nn.Sequential:
    """Build a small form for ten classes and images with values in [0, 1].

    Args:
        kind: "separable" (MobileNet), "shallow" or "full" (its twins).
        width: 1 is a quarter of the paper's width.

    Raises:
        ValueError: if the kind is unknown.
    """
    builders = {
        "separable": MobileNetV1,
        "shallow": shallow_mobilenet,
        "full": full_mobilenet,
    }
    if kind not in builders:
        raise ValueError(f"expected a kind of {tuple(builders)}, got {kind!r}")
    return nn.Sequential(Rescale(), builders[kind](SMALL * width, num_classes=10))


def trained_form(kind: str, width: float) -> nn.Module:
    """Build a small form with its channels last in memory: it trains in less time."""
    return small_mobilenet(kind, width).to(memory_format=torch.channels_last)
