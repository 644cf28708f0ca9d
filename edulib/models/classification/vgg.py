"""VGG: nothing but 3x3 convolutions, stacked deeper and deeper.

Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", ICLR 2015. https://arxiv.org/abs/1409.1556

Notation: B images; C channels; H, W height and width, in pixels.

Output of each part for a 224 x 224 image (table 1 of the paper):

    stage1   (B, 64, 112, 112)
    stage2   (B, 128, 56, 56)
    stage3   (B, 256, 28, 28)
    stage4   (B, 512, 14, 14)
    stage5   (B, 512, 7, 7)
    head     (B, num_classes)

Convolutions in the five stages:

    VGG-11 (A)   1 1 2 2 2
    VGG-13 (B)   2 2 2 2 2
    VGG-16 (D)   2 2 3 3 3
    VGG-19 (E)   2 2 4 4 4

Differs from the paper: in the initialisation, in what happens to images of other
sizes, and in offering batch normalisation (see ``VGG``).
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes

WIDTHS = (64, 128, 256, 512, 512)


def conv_relu(in_channels: int, out_channels: int) -> list[nn.Module]:
    """Return a layer of the paper: a 3x3 convolution and ReLU."""
    convolution = nn.Conv2d(in_channels, out_channels, 3, padding=1)
    return [convolution, nn.ReLU(inplace=True)]


def conv_norm_relu(in_channels: int, out_channels: int) -> list[nn.Module]:
    """Return a layer with the batch normalisation that the paper could not yet use."""
    convolution, relu = conv_relu(in_channels, out_channels)
    return [convolution, nn.BatchNorm2d(out_channels), relu]


class VGG(nn.Module):
    """Five stages of 3x3 convolutions, each ended by max pooling, and a dense head.

    Args:
        depths: number of convolutions in each of the five stages.
        layer: `conv_relu` or `conv_norm_relu`.
        num_classes: number of classes.
        in_channels: channels of the images.
        widths: number of channels in each of the five stages.
        side: height and width of the maps that the dense layers see.
        hidden: width of the first two dense layers.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point, H, W >= 32
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if the images or ``num_classes`` do not fit.

    Source: table 1.

    Differs from the paper: images of other sizes than 224 x 224 are averaged to 7 x 7
    before the dense layers, where the paper slides them over the image; weights start
    from He's initialisation, where the paper starts from a trained network A; the
    variants with batch normalisation came later, with torchvision.
    """

    def __init__(
        self,
        depths: Sequence[int],
        layer: Callable[[int, int], list[nn.Module]] = conv_relu,
        num_classes: int = 1000,
        in_channels: int = 3,
        widths: Sequence[int] = WIDTHS,
        side: int = 7,
        hidden: int = 4096,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        widths = (in_channels, *widths)
        for k, depth in enumerate(depths):
            stage = _stage(widths[k], widths[k + 1], depth, layer)
            self.add_module(f"stage{k + 1}", stage)
        self.average = nn.AdaptiveAvgPool2d(side)
        self.head = nn.Sequential(
            nn.Linear(widths[-1] * side * side, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(hidden, num_classes),
        )
        self.apply(_initialize)

    def forward(self, x: Tensor) -> Tensor:
        """Classify images."""
        check_images(x, self.in_channels, min_size=32)
        x = self.stage1(x)  # (B, 64, H / 2, W / 2)
        x = self.stage2(x)  # (B, 128, H / 4, W / 4)
        x = self.stage3(x)  # (B, 256, H / 8, W / 8)
        x = self.stage4(x)  # (B, 512, H / 16, W / 16)
        x = self.stage5(x)  # (B, 512, H / 32, W / 32)
        return self.head(torch.flatten(self.average(x), 1))


def vgg11(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Build configuration A."""
    return VGG((1, 1, 2, 2, 2), conv_relu, num_classes, in_channels)


def vgg13(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Build configuration B."""
    return VGG((2, 2, 2, 2, 2), conv_relu, num_classes, in_channels)


def vgg16(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Build configuration D."""
    return VGG((2, 2, 3, 3, 3), conv_relu, num_classes, in_channels)


def vgg19(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Build configuration E."""
    return VGG((2, 2, 4, 4, 4), conv_relu, num_classes, in_channels)


def vgg11_bn(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Build configuration A with batch normalisation."""
    return VGG((1, 1, 2, 2, 2), conv_norm_relu, num_classes, in_channels)


def vgg13_bn(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Build configuration B with batch normalisation."""
    return VGG((2, 2, 2, 2, 2), conv_norm_relu, num_classes, in_channels)


def vgg16_bn(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Build configuration D with batch normalisation."""
    return VGG((2, 2, 3, 3, 3), conv_norm_relu, num_classes, in_channels)


def vgg19_bn(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Build configuration E with batch normalisation."""
    return VGG((2, 2, 4, 4, 4), conv_norm_relu, num_classes, in_channels)


def vgg_small(
    num_classes: int = 10,
    in_channels: int = 3,
    depths: Sequence[int] = (1, 1, 2, 2, 2),
) -> VGG:
    """Build a narrow configuration A for images of 64 x 64 pixels.

    ``depths`` makes narrow forms of the others. All weights, also those of the dense
    layers, start from He's initialisation.
    """
    widths = (16, 24, 48, 64, 96)
    model = VGG(depths, conv_relu, num_classes, in_channels, widths, 2, 128)
    for layer in model.head:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return model


def vgg_small_pairs(num_classes: int = 10, in_channels: int = 3) -> VGG:
    """Build a narrow configuration B: pairs of 3x3 convolutions."""
    return vgg_small(num_classes, in_channels, (2, 2, 2, 2, 2))


def vgg_small_5x5(num_classes: int = 10, in_channels: int = 3) -> VGG:
    """Build `vgg_small_pairs` with one 5x5 convolution in place of each pair.

    Source: section 4.1.
    """
    model = vgg_small(num_classes, in_channels, (1, 1, 1, 1, 1))
    for stage in (model.stage1, model.stage2, model.stage3, model.stage4, model.stage5):
        small = stage[0]
        stage[0] = nn.Conv2d(small.in_channels, small.out_channels, 5, padding=2)
        _initialize(stage[0])
    return model


def _stage(
    in_channels: int,
    out_channels: int,
    depth: int,
    layer: Callable[[int, int], list[nn.Module]],
) -> nn.Sequential:
    layers = []
    for k in range(depth):
        layers += layer(out_channels if k else in_channels, out_channels)
    return nn.Sequential(*layers, nn.MaxPool2d(2))


def _initialize(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.01)
        nn.init.zeros_(module.bias)
