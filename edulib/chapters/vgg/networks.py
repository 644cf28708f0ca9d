"""Narrow forms of VGG, which stand in no paper."""

from collections.abc import Sequence
from math import sqrt

from torch import nn

from edulib.models.classification.vgg import VGG, conv3x3_relu, dense_head, make_stages
from edulib.models.classification.vgg import WIDTHS as PAPER_WIDTHS

CONFIGURATIONS = {
    "A": (1, 1, 2, 2, 2),
    "B": (2, 2, 2, 2, 2),
    "D": (2, 2, 3, 3, 3),
    "E": (2, 2, 4, 4, 4),
}
WIDTHS = (16, 24, 48, 64, 96)

_DENSE = ((512 * 7 * 7, 4096), (4096, 4096), (4096, 1000))  # the paper's


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


def vgg_narrow(
    configuration: str,
    start: str | float = "he",
    num_classes: int = 10,
    share: int = 4,
) -> VGG:
    """Build a configuration at a share of the paper's widths, for 32 x 32 pixels.

    Args:
        configuration: "A", "B", "D" or "E" of the paper's table 1.
        start: how its weights are drawn, see `draw_weights`.
        num_classes: of the data.
        share: the paper's widths are divided by it; 4 makes a quarter.
    """
    widths = [width // share for width in PAPER_WIDTHS]
    stages = make_stages(CONFIGURATIONS[configuration], conv3x3_relu, 3, widths)
    head = dense_head(widths[-1], 256, num_classes)
    model = VGG(stages, nn.AdaptiveAvgPool2d(1), head)
    draw_weights(model, start, share)
    return model


def vgg_narrow_5x5(num_classes: int = 10) -> VGG:
    """Build `vgg_narrow("B")` with one 5x5 convolution in place of each pair of 3x3.

    The paper compares the two in its section 4.1.
    """
    widths = [width // 4 for width in PAPER_WIDTHS]
    stages = make_stages((1, 1, 1, 1, 1), _conv5x5_relu, 3, widths)
    model = VGG(stages, nn.AdaptiveAvgPool2d(1), dense_head(128, 256, num_classes))
    draw_weights(model, "he")
    return model


def draw_weights(model: VGG, start: str | float, share: int = 4) -> None:
    """Draw the weights of a narrow VGG so that they act as the paper's widths would.

    A layer of N inputs multiplies the size of the signal by std * sqrt(N / 2). The
    standard deviation is computed for the paper's N and enlarged so that this factor
    is the paper's in each layer, although N is smaller here.

    Args:
        model: drawn anew, in place; biases become zero.
        start: a standard deviation, "he" (variance 2 / inputs) or "glorot"
            (2 / (inputs + outputs)).
        share: the paper's width divided by the model's.

    Raises:
        ValueError: if ``start`` is another word.
    """
    dense = iter(_DENSE)
    for layer in model.modules():
        if not isinstance(layer, nn.Conv2d | nn.Linear):
            continue
        is_dense = isinstance(layer, nn.Linear)
        inputs, outputs = next(dense) if is_dense else _paper_fans(layer, share)
        std = _paper_std(start, inputs, outputs)
        nn.init.normal_(layer.weight, std=std * sqrt(inputs / layer.weight[0].numel()))
        nn.init.zeros_(layer.bias)


def _paper_fans(layer: nn.Conv2d, share: int) -> tuple[int, int]:
    """Inputs and outputs of a convolution at the paper's width."""
    window, channels = layer.kernel_size[0] ** 2, layer.in_channels
    inputs = channels if channels == 3 else channels * share
    return window * inputs, window * layer.out_channels * share


def _paper_std(start: str | float, inputs: int, outputs: int) -> float:
    variances = {"he": 2 / inputs, "glorot": 2 / (inputs + outputs)}
    if isinstance(start, str) and start not in variances:
        raise ValueError(f"expected a number, 'he' or 'glorot', got {start!r}")
    return sqrt(variances[start]) if isinstance(start, str) else start


def _conv5x5_relu(in_channels: int, out_channels: int) -> list[nn.Module]:
    convolution = nn.Conv2d(in_channels, out_channels, 5, padding=2)
    return [convolution, nn.ReLU(inplace=True)]
