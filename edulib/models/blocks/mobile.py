"""What networks for phones share: one kind of layer, weighed channels, widths."""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

Layer = Callable[..., nn.Sequential]

# As the authors of MobileNet v3 and EfficientNet say it: decay 0.99, epsilon 0.001.
slow_batch_norm = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)


def conv_norm(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int = 1,
    groups: int = 1,
    norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
    activation: Callable[..., nn.Module] = nn.ReLU6,
) -> nn.Sequential:
    """Return a convolution that keeps the image size, its normalisation, activation.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: side of the kernels, odd.
        stride: 2 halves the image.
        groups: of the convolution; ``in_channels`` makes it depthwise.
        norm: makes the normalisation of a number of channels.
        activation: kind of layer that comes last, changes its input in place.
    """
    return nn.Sequential(
        nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding=kernel_size // 2,
            groups=groups,
            bias=False,
        ),
        norm(out_channels),
        activation(inplace=True),
    )


class SqueezeExcitation(nn.Module):
    """Weigh each channel by a number from 0 to 1 that all channels' means decide.

    Args:
        channels: channels of the input.
        squeezed: width of the layer between.
        activation: kind of layer behind the first 1x1 convolution.
        gate: kind of layer that makes the numbers from 0 to 1.

    Shape:
        - Input: (B, channels, H, W)
        - Output: (B, channels, H, W)

    Source: Hu et al., "Squeeze-and-Excitation Networks", 2018, figure 1 and section 3,
    where they are ReLU and the sigmoid function. https://arxiv.org/abs/1709.01507
    """

    def __init__(
        self,
        channels: int,
        squeezed: int,
        activation: Callable[..., nn.Module] = nn.ReLU,
        gate: Callable[[], nn.Module] = nn.Sigmoid,
    ) -> None:
        super().__init__()
        self.weigh = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1),
            activation(inplace=True),
            nn.Conv2d(squeezed, channels, 1),
            gate(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the weighted channels."""
        return x * self.weigh(x)


def scale_channels(channels: int, width: float) -> int:
    """Scale a number of channels to the nearest multiple of 8, at most 10 % less.

    Raises:
        ValueError: if ``width`` is not above 0.
    """
    if not width > 0:
        raise ValueError(f"expected width, a factor above 0, got {width!r}")
    wanted = channels * width
    nearest = max(8, int(wanted + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * wanted else nearest + 8


def init_weights(module: nn.Module) -> None:
    """Draw filters after He et al., 2015, by outputs; dense weights from N(0, 1e-4).

    As torchvision's networks for phones: of a depthwise convolution, too, all outputs
    are counted, though a unit of its input feeds those of its own channel only.
    """
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out")
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.01)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)
