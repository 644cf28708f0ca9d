"""Narrow forms of VGG, which stand in no paper."""

from collections.abc import Sequence

from torch import nn

from edulib.models.classification.vgg import (
    VGG,
    conv3x3_relu,
    dense_head,
    init_weights,
    make_stages,
)

WIDTHS = (16, 24, 48, 64, 96)


def vgg_small(
    num_classes: int = 10,
    in_channels: int = 3,
    depths: Sequence[int] = (1, 1, 2, 2, 2),
) -> VGG:
    """Build a narrow configuration A for images of 64 x 64 pixels.

    ``depths`` makes narrow forms of the others. All weights, also those of the dense
    layers, start from He's initialisation.
    """
    stages = make_stages(depths, conv3x3_relu, in_channels, WIDTHS)
    head = dense_head(WIDTHS[-1] * 2 * 2, 128, num_classes)
    model = VGG(stages, nn.AdaptiveAvgPool2d(2), head, in_channels)
    for layer in model.head:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return model


def vgg_small_pairs(num_classes: int = 10, in_channels: int = 3) -> VGG:
    """Build a narrow configuration B: pairs of 3x3 convolutions."""
    return vgg_small(num_classes, in_channels, (2, 2, 2, 2, 2))


def vgg_small_5x5(num_classes: int = 10, in_channels: int = 3) -> VGG:
    """Build `vgg_small_pairs` with one 5x5 convolution in place of each pair.

    The paper compares the two in its section 4.1.
    """
    model = vgg_small(num_classes, in_channels, (1, 1, 1, 1, 1))
    for stage in (model.stage1, model.stage2, model.stage3, model.stage4, model.stage5):
        small = stage[0]
        stage[0] = nn.Conv2d(small.in_channels, small.out_channels, 5, padding=2)
        init_weights(stage[0])
    return model
