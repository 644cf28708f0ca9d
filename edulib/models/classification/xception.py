"""Xception: space and channels are filtered one after the other, throughout.

Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", 2016.
https://arxiv.org/abs/1610.02357

Output of each part for a 299 x 299 image (figure 5 of the paper):

    stem        (B, 64, 147, 147)
    entry       (B, 728, 19, 19)      three blocks
    middle      (B, 728, 19, 19)      eight blocks
    exit        (B, 2048, 10, 10)     one block, two convolutions
    head        (B, num_classes)

Notation: B images; C channels; H, W height and width in pixels.

Differs from the paper: epsilon and momentum of batch normalisation, which it does not
name, are PyTorch's, as in timm's network. There is no activation between the depthwise
and the pointwise convolution and one normalisation for both, as in the paper.
"""

from itertools import pairwise

from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes


class SeparableConv(nn.Module):
    """A 3x3 filter for each channel, then a mix of the channels; nothing in between.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, out_channels, H, W)

    Source: Chollet, 2016, section 1.2 and figure 10. As in the paper.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(
            in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False
        )
        self.pointwise = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return filtered, mixed and normalised features."""
        return self.norm(self.pointwise(self.depthwise(x)))


class Block(nn.Module):
    """Separable convolutions with a linear shortcut around them.

    y = shortcut(x) + residual(x); a ReLU stands before each convolution.

    Args:
        channels: of the input, and of the output of each convolution: two or three.
        starts_with_relu: False where a ReLU has just been applied.
        downsample: whether the image is halved, by maximum pooling; the shortcut is
            then a 1x1 convolution of stride 2.

    Shape:
        - Input: (B, channels[0], H, W)
        - Output: (B, channels[-1], H, W), or half of H and W, rounded up

    Source: Chollet, 2016, figure 5. As in the paper.
    """

    def __init__(
        self,
        channels: tuple[int, ...],
        starts_with_relu: bool = True,
        downsample: bool = False,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise(channels):
            layers += [nn.ReLU(), SeparableConv(before, after)]
        if not starts_with_relu:
            layers = layers[1:]
        if downsample:
            layers.append(nn.MaxPool2d(3, stride=2, padding=1))
        self.shortcut = (
            nn.Sequential(
                nn.Conv2d(channels[0], channels[-1], 1, stride=2, bias=False),
                nn.BatchNorm2d(channels[-1]),
            )
            if downsample
            else nn.Identity()
        )
        self.residual = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Return the corrected features."""
        return self.shortcut(x) + self.residual(x)


class Xception(nn.Module):
    """Entry, middle and exit flow of depthwise separable convolutions.

    Args:
        num_classes: number of classes.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), H and W at least 71
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if ``num_classes`` is below 1 or images have another shape.
        TypeError: if images are not floating point.

    Source: Chollet, 2016, figure 5; dropout, section 4.3.

    Differs from the paper: see the module.
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, 32, 3, stride=2, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
        )
        self.entry = nn.Sequential(
            Block((64, 128, 128), starts_with_relu=False, downsample=True),
            Block((128, 256, 256), downsample=True),
            Block((256, 728, 728), downsample=True),
        )
        self.middle = nn.Sequential(*(Block((728, 728, 728, 728)) for _ in range(8)))
        self.exit = nn.Sequential(
            Block((728, 728, 1024), downsample=True),
            SeparableConv(1024, 1536),
            nn.ReLU(),
            SeparableConv(1536, 2048),
            nn.ReLU(),
        )
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(2048, num_classes),
        )
        init_weights(self)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        check_images(image, self.in_channels, min_size=71)
        x = self.stem(image)  # (B, 64, H/2, W/2)
        x = self.entry(x)  # (B, 728, H/16, W/16)
        x = self.middle(x)
        x = self.exit(x)  # (B, 2048, H/32, W/32)
        return self.head(x)  # (B, num_classes)


def init_weights(model: nn.Module) -> None:
    """Draw the convolutions from N(0, 2 / fan_out), as timm; the paper is silent."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def xception(num_classes: int = 1000, in_channels: int = 3) -> Xception:
    """Build Xception: 22,855,952 parameters."""
    return Xception(num_classes, in_channels)
