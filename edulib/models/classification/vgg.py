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

Layer = Callable[[int, int], list[nn.Module]]


def conv3x3_relu(in_channels: int, out_channels: int) -> list[nn.Module]:
    """Return a layer of the paper: a 3x3 convolution and ReLU."""
    convolution = nn.Conv2d(in_channels, out_channels, 3, padding=1)
    return [convolution, nn.ReLU(inplace=True)]


def conv3x3_norm_relu(in_channels: int, out_channels: int) -> list[nn.Module]:
    """Return a layer with the batch normalisation that the paper could not yet use."""
    convolution, relu = conv3x3_relu(in_channels, out_channels)
    return [convolution, nn.BatchNorm2d(out_channels), relu]


class VGG(nn.Module):
    """Five stages of 3x3 convolutions, each ended by max pooling, and a dense head.

    Args:
        stages: the five stages, see `make_stages`.
        average: what brings the last maps to the size that the head takes.
        head: the dense layers, see `dense_head`.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point, H, W >= 32
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if the images do not fit.

    Source: table 1.

    Differs from the paper: images of other sizes than 224 x 224 are averaged to 7 x 7
    before the dense layers, where the paper slides them over the image; convolutions
    start from He's initialisation and dense layers from a deviation of 0.01, where the
    paper starts from a trained network A; the variants with batch normalisation came
    later, with torchvision.
    """

    def __init__(
        self,
        stages: Sequence[nn.Module],
        average: nn.Module,
        head: nn.Module,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.stage1, self.stage2, self.stage3, self.stage4, self.stage5 = stages
        self.average = average
        self.head = head
        self.apply(init_weights)

    def forward(self, x: Tensor) -> Tensor:
        """Classify images."""
        check_images(x, self.in_channels, min_size=32)
        x = self.stage1(x)  # (B, 64, H / 2, W / 2)
        x = self.stage2(x)  # (B, 128, H / 4, W / 4)
        x = self.stage3(x)  # (B, 256, H / 8, W / 8)
        x = self.stage4(x)  # (B, 512, H / 16, W / 16)
        x = self.stage5(x)  # (B, 512, H / 32, W / 32)
        return self.head(torch.flatten(self.average(x), 1))


def make_stages(
    depths: Sequence[int],
    layer: Layer,
    in_channels: int,
    widths: Sequence[int] = WIDTHS,
) -> list[nn.Sequential]:
    """Return the five stages.

    Args:
        depths: number of convolutions in each stage.
        layer: `conv3x3_relu` or `conv3x3_norm_relu`.
        in_channels: channels of the images.
        widths: number of channels in each stage.
    """
    stages = []
    for depth, width in zip(depths, widths, strict=True):
        layers = []
        for _ in range(depth):
            layers += layer(in_channels, width)
            in_channels = width
        stages.append(nn.Sequential(*layers, nn.MaxPool2d(2)))
    return stages


def dense_head(inputs: int, hidden: int, num_classes: int) -> nn.Sequential:
    """Return the three dense layers, with dropout behind the first two.

    Raises:
        ValueError: if ``num_classes`` is below 1.
    """
    check_num_classes(num_classes)
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        nn.Linear(hidden, hidden),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        nn.Linear(hidden, num_classes),
    )


def vgg11(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Build configuration A."""
    return _build((1, 1, 2, 2, 2), conv3x3_relu, num_classes, in_channels)


def vgg13(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Build configuration B."""
    return _build((2, 2, 2, 2, 2), conv3x3_relu, num_classes, in_channels)


def vgg16(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Build configuration D."""
    return _build((2, 2, 3, 3, 3), conv3x3_relu, num_classes, in_channels)


def vgg19(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Build configuration E."""
    return _build((2, 2, 4, 4, 4), conv3x3_relu, num_classes, in_channels)


def vgg11_bn(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Build configuration A with batch normalisation."""
    return _build((1, 1, 2, 2, 2), conv3x3_norm_relu, num_classes, in_channels)


def vgg13_bn(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Build configuration B with batch normalisation."""
    return _build((2, 2, 2, 2, 2), conv3x3_norm_relu, num_classes, in_channels)


def vgg16_bn(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Build configuration D with batch normalisation."""
    return _build((2, 2, 3, 3, 3), conv3x3_norm_relu, num_classes, in_channels)


def vgg19_bn(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Build configuration E with batch normalisation."""
    return _build((2, 2, 4, 4, 4), conv3x3_norm_relu, num_classes, in_channels)


def _build(
    depths: Sequence[int], layer: Layer, num_classes: int, in_channels: int
) -> VGG:
    stages = make_stages(depths, layer, in_channels)
    head = dense_head(512 * 7 * 7, 4096, num_classes)
    return VGG(stages, nn.AdaptiveAvgPool2d(7), head, in_channels)


def init_weights(module: nn.Module) -> None:
    """Draw filters after He et al., 2015, by outputs; dense weights from N(0, 1e-4)."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.01)
        nn.init.zeros_(module.bias)
