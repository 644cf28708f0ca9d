"""SqueezeNet: AlexNet's accuracy with a fiftieth of its parameters.

Iandola, Han, Moskewicz, Ashraf, Dally and Keutzer, "SqueezeNet: AlexNet-level accuracy
with 50x fewer parameters and <0.5MB model size", 2016.
https://arxiv.org/abs/1602.07360

Output of each part of SqueezeNet 1.0 for a 227 x 227 image (table 1 of the paper):

    stem      (B, 96, 55, 55)
    stage1    (B, 256, 27, 27)     fire2, fire3, fire4, pooling
    stage2    (B, 512, 13, 13)     fire5 to fire8, pooling
    stage3    (B, 512, 13, 13)     fire9
    head      (B, num_classes)

Notation: B images; C channels; H, W height and width in pixels.

As in the paper: no batch normalisation, a bias in every convolution, a ReLU on the
class maps before they are averaged. The paper's text names maximum pooling after
conv10; its table 1, which is meant, has the average over the image. SqueezeNet 1.1
stands in the authors' repository, not in the paper: smaller filters in the first layer
and earlier pooling, with less than half of the arithmetic.
"""

import torch
from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes


class Fire(nn.Module):
    """A thin 1x1 layer that feeds a 1x1 and a 3x3 layer side by side.

    Args:
        in_channels: channels of the input.
        squeeze: channels of the thin layer.
        expand: channels of the output, half from each side.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, expand, H, W)

    Source: Iandola et al., 2016, section 3.2 and figure 1. As in the paper.
    """

    def __init__(self, in_channels: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(in_channels, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand // 2, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand // 2, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return the features of both sides, one behind the other."""
        x = self.relu(self.squeeze(x))
        sides = (self.expand1x1(x), self.expand3x3(x))
        return torch.cat([self.relu(side) for side in sides], dim=1)


class SqueezeNet(nn.Module):
    """Eight fire modules between two convolutions.

    Args:
        stem: the first convolution with its ReLU and pooling.
        stages: three runs of fire modules, with the pooling that ends them.
        num_classes: number of classes.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), H and W at least 32
        - Output: (B, num_classes), logits, never negative: they are means of a ReLU

    Raises:
        ValueError: if ``num_classes`` is below 1 or images have another shape.
        TypeError: if images are not floating point.

    Source: Iandola et al., 2016, figure 2 (left) and table 1. As in the paper.
    """

    def __init__(
        self,
        stem: nn.Sequential,
        stages: tuple[nn.Sequential, nn.Sequential, nn.Sequential],
        num_classes: int = 1000,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.stem = stem
        self.stage1, self.stage2, self.stage3 = stages
        self.head = nn.Sequential(
            nn.Dropout(0.5),
            nn.Conv2d(512, num_classes, 1),
            nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        init_weights(self)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        check_images(image, self.in_channels, min_size=32)
        x = self.stem(image)
        x = self.stage1(x)
        x = self.stage2(x)
        x = self.stage3(x)  # (B, 512, H/16, W/16)
        return self.head(x)  # (B, num_classes)


def pool() -> nn.MaxPool2d:
    """Return the pooling: windows overlap, and one may reach over the border."""
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)


def init_weights(model: SqueezeNet) -> None:
    """Draw the weights uniformly, variance 2 / fan_in; the last layer from N(0, 0.01²).

    As in torchvision; the paper does not say. Biases start at zero.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
            nn.init.zeros_(module.bias)
    nn.init.normal_(model.head[1].weight, std=0.01)


def squeezenet1_0(num_classes: int = 1000, in_channels: int = 3) -> SqueezeNet:
    """Build the paper's SqueezeNet: 1,248,424 parameters."""
    stem = nn.Sequential(
        nn.Conv2d(in_channels, 96, 7, stride=2), nn.ReLU(inplace=True), pool()
    )
    stages = (
        nn.Sequential(
            Fire(96, 16, 128), Fire(128, 16, 128), Fire(128, 32, 256), pool()
        ),
        nn.Sequential(
            Fire(256, 32, 256),
            Fire(256, 48, 384),
            Fire(384, 48, 384),
            Fire(384, 64, 512),
            pool(),
        ),
        nn.Sequential(Fire(512, 64, 512)),
    )
    return SqueezeNet(stem, stages, num_classes, in_channels)


def squeezenet1_1(num_classes: int = 1000, in_channels: int = 3) -> SqueezeNet:
    """Build SqueezeNet 1.1 of the authors' repository: 1,235,496 parameters."""
    stem = nn.Sequential(
        nn.Conv2d(in_channels, 64, 3, stride=2), nn.ReLU(inplace=True), pool()
    )
    stages = (
        nn.Sequential(Fire(64, 16, 128), Fire(128, 16, 128), pool()),
        nn.Sequential(Fire(128, 32, 256), Fire(256, 32, 256), pool()),
        nn.Sequential(
            Fire(256, 48, 384),
            Fire(384, 48, 384),
            Fire(384, 64, 512),
            Fire(512, 64, 512),
        ),
    )
    return SqueezeNet(stem, stages, num_classes, in_channels)
