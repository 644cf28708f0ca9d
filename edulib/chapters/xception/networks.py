"""Small networks between a full convolution and a separable one, at one price."""

from collections.abc import Callable
from itertools import pairwise

from torch import Tensor, nn


class SegmentedConv(nn.Module):
    """A 3x3 convolution within segments of the channels, then a mix of all of them.

    With one segment it is an ordinary convolution and a 1x1 one behind it; with as many
    as there are channels it is a depthwise separable convolution.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        segments: into how many parts the channels are cut; None for one a channel.
        between: makes the activation function between the two convolutions.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, out_channels, H, W)

    Raises:
        ValueError: if the channels cannot be cut into so many equal parts.

    Source: the spectrum of Chollet, 2016, sections 1.2 and 5.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        segments: int | None = None,
        between: Callable[[], nn.Module] = nn.Identity,
    ) -> None:
        super().__init__()
        segments = segments or in_channels
        if in_channels % segments:
            raise ValueError(
                f"expected segments that divide {in_channels} channels, got {segments}"
            )
        self.spatial = nn.Conv2d(
            in_channels, in_channels, 3, padding=1, groups=segments, bias=False
        )
        self.between = between()
        self.pointwise = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return filtered, mixed and normalised features."""
        return self.norm(self.pointwise(self.between(self.spatial(x))))


class SmallBlock(nn.Module):
    """Segmented convolutions, a ReLU before each, with or without a shortcut.

    Args:
        channels: of the input, and of the output of each convolution.
        make: builds a convolution from its input and output channels.
        shortcut: whether the input is added.

    Shape:
        - Input: (B, channels[0], H, W)
        - Output: (B, channels[-1], H, W)
    """

    def __init__(
        self,
        channels: tuple[int, ...],
        make: Callable[[int, int], nn.Module],
        shortcut: bool,
    ) -> None:
        super().__init__()
        layers = [
            nn.Sequential(nn.ReLU(), make(before, after))
            for before, after in pairwise(channels)
        ]
        self.residual = nn.Sequential(*layers)
        same = channels[0] == channels[-1]
        widen = nn.Conv2d(channels[0], channels[-1], 1, bias=False)
        self.shortcut = (nn.Identity() if same else widen) if shortcut else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the corrected features."""
        out = self.residual(x)
        return out if self.shortcut is None else self.shortcut(x) + out


def xception_small(
    num_classes: int = 10,
    in_channels: int = 3,
    segments: int | None = None,
    width: int = 96,
    between: Callable[[], nn.Module] = nn.Identity,
    shortcut: bool = True,
) -> nn.Sequential:
    """Build nine segmented convolutions behind a stem, for images of 32 x 32 pixels."""

    def make(before: int, after: int) -> SegmentedConv:
        return SegmentedConv(before, after, segments, between)

    half = width // 2
    return nn.Sequential(
        nn.Conv2d(in_channels, half, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(half),
        SmallBlock((half, width, width), make, shortcut),
        nn.MaxPool2d(3, stride=2, padding=1),
        *(SmallBlock((width,) * 4, make, shortcut) for _ in range(2)),
        nn.ReLU(),
        make(width, 2 * width),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(2 * width, num_classes),
    )
