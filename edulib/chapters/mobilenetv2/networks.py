"""Small forms of MobileNet v2 and v3 that differ in one thing each."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from edulib.experiments.networks import Rescale
from edulib.models.blocks.mobile import (
    SqueezeExcitation,
    conv_norm,
    init_weights,
    scale_channels,
)

EXPANSION = 6
ROWS = ((8, 2, 1), (12, 3, 2), (16, 3, 2))  # channels, blocks, stride of the first
ENDS = 16, 128  # channels of the stem and of the last convolution


@dataclass(frozen=True)
class Form:
    """What the small forms differ in; as it stands, it is MobileNet v2.

    Attributes:
        activation: of the wide layers.
        thin: what comes behind a narrowing layer, before the shortcut is added.
        after: what comes behind the addition.
        shortcut: between thin layers, between wide ones, or none.
        squeeze: whether the wide channels are weighed.
    """

    activation: Callable[..., nn.Module] = nn.ReLU6
    thin: Callable[[], nn.Module] = nn.Identity
    after: Callable[[], nn.Module] = nn.Identity
    shortcut: Literal["thin", "wide", "none"] = "thin"
    squeeze: bool = False


FORMS = {
    "linear": Form(),
    "ReLU6 before the sum": Form(thin=nn.ReLU6),
    "ReLU6 after the sum": Form(after=nn.ReLU6),
    "wide": Form(shortcut="wide"),
    "none": Form(shortcut="none"),
    "swish": Form(activation=nn.SiLU),
    "h-swish": Form(activation=nn.Hardswish),
    "squeeze": Form(squeeze=True),
}


class SmallBlock(nn.Module):
    """An inverted residual in one of its forms.

    Its wide layers have six times the channels of its output, not of its input, so
    that all blocks of a stage are equally wide: there are then as many shortcuts
    between wide layers as between thin ones.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        stride: of the depthwise convolution.
        form: what it is made of.

    Shape:
        - Inputs: the thin maps (B, in_channels, H, W), and the wide maps of the block
          before, or None
        - Outputs: thin (B, out_channels, H / stride, W / stride) and wide maps
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, form: Form
    ) -> None:
        super().__init__()
        wide = EXPANSION * out_channels
        layer = partial(conv_norm, activation=form.activation)
        self.expand = layer(in_channels, wide, 1)
        self.depthwise = layer(wide, wide, 3, stride, groups=wide)
        self.squeeze = nn.Identity()
        if form.squeeze:
            squeezed = scale_channels(wide, 0.25)
            self.squeeze = SqueezeExcitation(wide, squeezed, gate=nn.Hardsigmoid)
        self.project = nn.Sequential(
            nn.Conv2d(wide, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            form.thin(),
        )
        self.after = form.after()
        same = stride == 1 and in_channels == out_channels
        self.shortcut = form.shortcut if same else "none"

    def forward(self, thin: Tensor, wide: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the thin maps, and the wide ones inside the block."""
        inner = self.squeeze(self.depthwise(self.expand(thin)))
        if self.shortcut == "wide":
            inner = wide + inner
        y = self.project(inner)
        if self.shortcut == "thin":
            y = thin + y
        return self.after(y), inner


class SmallMobileNet(nn.Module):
    """Eight inverted residuals for ten classes and images of 32 x 32 pixels.

    Args:
        form: what the blocks are made of.

    Shape:
        - Input: (B, 3, H, W), in [0, 1]
        - Output: (B, 10), logits
    """

    def __init__(self, form: Form) -> None:
        super().__init__()
        channels, last = ENDS
        self.stem = nn.Sequential(Rescale(), conv_norm(3, channels, 3, stride=2))
        self.blocks = nn.ModuleList()
        for out_channels, depth, first_stride in ROWS:
            for stride in (first_stride, *[1] * (depth - 1)):
                self.blocks.append(SmallBlock(channels, out_channels, stride, form))
                channels = out_channels
        self.head = nn.Sequential(
            conv_norm(channels, last, 1),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(last, 10),
        )
        self.apply(init_weights)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        thin, wide = self.stem(image), None
        for block in self.blocks:
            thin, wide = block(thin, wide)
        return self.head(thin)


def small_mobilenet(form: str) -> SmallMobileNet:
    """Build one of the small forms, channels last in memory: it trains in less time.

    Raises:
        ValueError: if there is no form of that name.
    """
    if form not in FORMS:
        raise ValueError(f"expected a form of {tuple(FORMS)}, got {form!r}")
    network = SmallMobileNet(FORMS[form])
    return network.to(memory_format=torch.channels_last)
