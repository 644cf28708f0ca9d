"""Twins of a small network: 5x5 convolutions, whole or factorised.

They stand in no paper. Each of four layers sees windows of 5 x 5 pixels, by one
convolution or by two in a row.
"""

from torch import nn

from edulib.experiments.networks import Rescale
from edulib.models.blocks.checks import check_num_classes
from edulib.models.blocks.inception import ConvNormReLU

# Kernels in a row that see 5 x 5 pixels, (height, width)
KERNELS = {
    "5x5": ((5, 5),),
    "3x3, 3x3": ((3, 3), (3, 3)),
    "1x5, 5x1": ((1, 5), (5, 1)),
}
WIDTHS = (18, 36)  # multiples of 18, so that equal cost is equal to the unit


def factorised_layer(
    in_channels: int,
    out_channels: int,
    kernels: str = "5x5",
    equal_cost: bool = False,
    relu_between: bool = True,
) -> nn.Sequential:
    """Return a layer that sees windows of 5 x 5 pixels, by one convolution or two.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernels: a key of ``KERNELS``.
        equal_cost: whether the channels between two convolutions are as many as cost
            what one 5x5 convolution does; otherwise they are ``out_channels``.
        relu_between: whether a ReLU follows the first of two convolutions.

    Raises:
        ValueError: if the kernels are unknown.
    """
    if kernels not in KERNELS:
        raise ValueError(f"expected kernels one of {tuple(KERNELS)}, got {kernels!r}")
    *first, last = KERNELS[kernels]
    if not first:
        return nn.Sequential(same_size(in_channels, out_channels, last))
    between = out_channels
    if equal_cost:
        one, two = (height * width for height, width in KERNELS[kernels])
        whole = 25 * in_channels * out_channels
        between = whole // (one * in_channels + two * out_channels)
    layer = same_size(in_channels, between, first[0])
    if not relu_between:
        layer = nn.Sequential(*list(layer)[:2])  # no ReLU
    return nn.Sequential(layer, same_size(between, out_channels, last))


def same_size(
    in_channels: int, out_channels: int, kernel: tuple[int, int]
) -> ConvNormReLU:
    """Return a convolution, normalised and rectified, that keeps height and width."""
    padding = tuple(side // 2 for side in kernel)
    return ConvNormReLU(in_channels, out_channels, kernel, padding=padding)


def window5_small(
    kernels: str = "5x5",
    equal_cost: bool = False,
    relu_between: bool = True,
    num_classes: int = 10,
    in_channels: int = 3,
) -> nn.Sequential:
    """Build four such layers between stem and average, for images of 32 x 32 pixels.

    Args:
        kernels: a key of ``KERNELS``.
        equal_cost: whether two convolutions cost what one 5x5 does.
        relu_between: whether a ReLU stands between two convolutions.
        num_classes: number of classes.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), values in [0, 1], H and W at least 8
        - Output: (B, num_classes), logits
    """
    check_num_classes(num_classes)
    few, many = WIDTHS
    options = (kernels, equal_cost, relu_between)
    return nn.Sequential(
        Rescale(),
        ConvNormReLU(in_channels, few, 3, stride=2, padding=1),
        factorised_layer(few, few, *options),
        factorised_layer(few, few, *options),
        nn.MaxPool2d(2),
        ConvNormReLU(few, many, 1),
        factorised_layer(many, many, *options),
        factorised_layer(many, many, *options),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(many, num_classes),
    )


def window5_narrow(
    kernels: str = "5x5",
    equal_cost: bool = False,
    relu_between: bool = True,
    num_classes: int = 10,
    in_channels: int = 3,
) -> nn.Sequential:
    """Build three such layers of 18 channels, a fifth of the multiply-adds.

    Args:
        kernels: a key of ``KERNELS``.
        equal_cost: whether two convolutions cost what one 5x5 does.
        relu_between: whether a ReLU stands between two convolutions.
        num_classes: number of classes.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), values in [0, 1], H and W at least 4
        - Output: (B, num_classes), logits
    """
    check_num_classes(num_classes)
    width, _ = WIDTHS
    options = (kernels, equal_cost, relu_between)
    return nn.Sequential(
        Rescale(),
        ConvNormReLU(in_channels, width, 3, stride=2, padding=1),
        nn.MaxPool2d(2),
        *(factorised_layer(width, width, *options) for _ in range(3)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(width, num_classes),
    )


def three_layers(num_classes: int = 10, in_channels: int = 3) -> nn.Sequential:
    """Build the smallest network here, for what label smoothing does.

    Shape:
        - Input: (B, in_channels, H, W), values in [0, 1], H and W at least 4
        - Output: (B, num_classes), logits
    """
    check_num_classes(num_classes)
    return nn.Sequential(
        Rescale(),
        ConvNormReLU(in_channels, 24, 3, stride=2, padding=1),
        nn.MaxPool2d(2),
        ConvNormReLU(24, 48, 3, padding=1),
        ConvNormReLU(48, 48, 3, padding=1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(48, num_classes),
    )
