"""DenseNet: every layer reads the features of all layers before it.

Huang, Liu, van der Maaten and Weinberger, "Densely Connected Convolutional Networks",
2016. https://arxiv.org/abs/1608.06993

Output of each part of DenseNet-121 for a 224 x 224 image (table 1 of the paper):

    stem           (B, 64, 56, 56)
    block1         (B, 256, 56, 56)
    transition1    (B, 128, 28, 28)
    block2         (B, 512, 28, 28)
    transition2    (B, 256, 14, 14)
    block3         (B, 1024, 14, 14)
    transition3    (B, 512, 7, 7)
    block4         (B, 1024, 7, 7)
    head           (B, num_classes)

Notation: B images; C channels; H, W height and width in pixels; k the growth rate, the
channels that each layer adds; theta the compression, the share of channels that a
transition keeps.

Differs from the paper: a transition has a ReLU between its normalisation and its 1x1
convolution, and another one follows the last normalisation of the network; the text
names neither, the authors' code has both, and so have all published weights.
DenseNet-161 (k = 48) stands in early versions of the paper and in the authors'
repository; the printed paper has DenseNet-264 in its place.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes


class DenseLayer(nn.Module):
    """Normalisation, ReLU, 3x3 convolution: k new channels for all layers behind it.

    Args:
        in_channels: channels of everything before it in the block.
        growth: channels that it adds, k.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, growth, H, W)

    Source: Huang et al., 2016, section 3, composite function. As in the paper.
    """

    def __init__(self, in_channels: int, growth: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*norm_relu_conv(in_channels, growth, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Return the new channels."""
        return self.layers(x)


class DenseBottleneck(nn.Module):
    """A dense layer that first mixes all it reads into 4 k channels (the B in BC).

    Args, shapes and source are those of :class:`DenseLayer`; section 3, bottleneck
    layers.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, growth, H, W)
    """

    def __init__(self, in_channels: int, growth: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *norm_relu_conv(in_channels, 4 * growth, 1),
            *norm_relu_conv(4 * growth, growth, 3),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the new channels."""
        return self.layers(x)


class DenseBlock(nn.Module):
    """Layers of which each reads all before it: x_l = H_l([x_0, ..., x_(l-1)]).

    Args:
        layer: kind of layer, :class:`DenseLayer` or :class:`DenseBottleneck`.
        depth: number of layers.
        in_channels: channels of the input.
        growth: channels that each layer adds, k.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, in_channels + depth * growth, H, W)

    Source: Huang et al., 2016, equation 2 and figure 1. As in the paper.
    """

    def __init__(
        self,
        layer: type[DenseLayer] | type[DenseBottleneck],
        depth: int,
        in_channels: int,
        growth: int,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            layer(in_channels + n * growth, growth) for n in range(depth)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the input and all that was made of it, one behind the other."""
        features = [x]
        for layer in self.layers:
            features.append(layer(torch.cat(features, dim=1)))
        return torch.cat(features, dim=1)


class DenseNet(nn.Module):
    """DenseNet-BC for photographs: four dense blocks with three transitions.

    Args:
        depths: number of layers in each of the four blocks.
        growth: channels that each layer adds, k.
        stem_channels: of the first convolution; 2 k in the paper.
        num_classes: number of classes.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), H and W at least 32; the published weights
          expect ImageNet's mean and deviation removed
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if ``num_classes`` is below 1 or images have another shape.
        TypeError: if images are not floating point.

    Source: Huang et al., 2016, table 1.

    Differs from the paper: see the module.
    """

    def __init__(
        self,
        depths: Sequence[int],
        growth: int,
        stem_channels: int,
        num_classes: int = 1000,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, stem_channels, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(stem_channels),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        width = stem_channels
        self.block1 = DenseBlock(DenseBottleneck, depths[0], width, growth)
        self.transition1 = transition(width := width + depths[0] * growth)
        self.block2 = DenseBlock(
            DenseBottleneck, depths[1], width := width // 2, growth
        )
        self.transition2 = transition(width := width + depths[1] * growth)
        self.block3 = DenseBlock(
            DenseBottleneck, depths[2], width := width // 2, growth
        )
        self.transition3 = transition(width := width + depths[2] * growth)
        self.block4 = DenseBlock(
            DenseBottleneck, depths[3], width := width // 2, growth
        )
        self.head = make_head(width + depths[3] * growth, num_classes)
        init_weights(self)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        check_images(image, self.in_channels, min_size=32)
        x = self.stem(image)  # (B, C, H/4, W/4)
        x = self.transition1(self.block1(x))  # (B, C, H/8, W/8)
        x = self.transition2(self.block2(x))  # (B, C, H/16, W/16)
        x = self.transition3(self.block3(x))  # (B, C, H/32, W/32)
        x = self.block4(x)
        return self.head(x)  # (B, num_classes)


class CifarDenseNet(nn.Module):
    """DenseNet for small images: three dense blocks with two transitions.

    Args:
        layer: kind of layer, :class:`DenseLayer` or, in DenseNet-BC,
            :class:`DenseBottleneck`.
        depth: number of layers in each block.
        growth: channels that each layer adds, k.
        theta: share of the channels that a transition keeps: 1, or 0.5 in DenseNet-BC.
        num_classes: number of classes.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), H and W at least 4
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if ``num_classes`` is below 1 or images have another shape.
        TypeError: if images are not floating point.

    Source: Huang et al., 2016, section 3, implementation details, and table 2: a first
    convolution of 16 channels, or 2 k in DenseNet-BC.

    Differs from the paper: see the module.
    """

    def __init__(
        self,
        layer: type[DenseLayer] | type[DenseBottleneck],
        depth: int,
        growth: int,
        theta: float,
        num_classes: int = 10,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        width = 16 if layer is DenseLayer else 2 * growth
        self.stem = nn.Conv2d(in_channels, width, 3, padding=1, bias=False)
        self.block1 = DenseBlock(layer, depth, width, growth)
        self.transition1 = transition(width := width + depth * growth, theta)
        width = int(theta * width)
        self.block2 = DenseBlock(layer, depth, width, growth)
        self.transition2 = transition(width := width + depth * growth, theta)
        width = int(theta * width)
        self.block3 = DenseBlock(layer, depth, width, growth)
        self.head = make_head(width + depth * growth, num_classes)
        init_weights(self)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        check_images(image, self.in_channels, min_size=4)
        x = self.stem(image)
        x = self.transition1(self.block1(x))  # (B, C, H/2, W/2)
        x = self.transition2(self.block2(x))  # (B, C, H/4, W/4)
        x = self.block3(x)
        return self.head(x)  # (B, num_classes)


def norm_relu_conv(
    in_channels: int, out_channels: int, kernel_size: int
) -> list[nn.Module]:
    """Return normalisation, ReLU and a convolution that keeps the size, in order."""
    return [
        nn.BatchNorm2d(in_channels),
        nn.ReLU(inplace=True),
        nn.Conv2d(
            in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False
        ),
    ]


def transition(in_channels: int, theta: float = 0.5) -> nn.Sequential:
    """Return what stands between two blocks: fewer channels, half the image."""
    return nn.Sequential(
        *norm_relu_conv(in_channels, int(theta * in_channels), 1), nn.AvgPool2d(2)
    )


def make_head(in_channels: int, num_classes: int) -> nn.Sequential:
    """Return normalisation, ReLU, the average over the image and the last layer."""
    return nn.Sequential(
        nn.BatchNorm2d(in_channels),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(in_channels, num_classes),
    )


def init_weights(model: nn.Module) -> None:
    """Draw the convolutions from N(0, 2 / fan_in), as section 4.2 says of He et al."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)


def densenet121(num_classes: int = 1000, in_channels: int = 3) -> DenseNet:
    """Build DenseNet-121: 7,978,856 parameters."""
    return DenseNet((6, 12, 24, 16), 32, 64, num_classes, in_channels)


def densenet169(num_classes: int = 1000, in_channels: int = 3) -> DenseNet:
    """Build DenseNet-169: 14,149,480 parameters."""
    return DenseNet((6, 12, 32, 32), 32, 64, num_classes, in_channels)


def densenet201(num_classes: int = 1000, in_channels: int = 3) -> DenseNet:
    """Build DenseNet-201: 20,013,928 parameters."""
    return DenseNet((6, 12, 48, 32), 32, 64, num_classes, in_channels)


def densenet161(num_classes: int = 1000, in_channels: int = 3) -> DenseNet:
    """Build DenseNet-161 of the authors' repository: 28,681,000 parameters."""
    return DenseNet((6, 12, 36, 24), 48, 96, num_classes, in_channels)


def densenet40_cifar(num_classes: int = 10, in_channels: int = 3) -> CifarDenseNet:
    """Build DenseNet of 40 layers with k = 12 (figure 5): 1,019,722 parameters."""
    return CifarDenseNet(DenseLayer, 12, 12, 1.0, num_classes, in_channels)


def densenet100_bc_cifar(num_classes: int = 10, in_channels: int = 3) -> CifarDenseNet:
    """Build DenseNet-BC of 100 layers with k = 12 (table 2): 769,162 parameters."""
    return CifarDenseNet(DenseBottleneck, 16, 12, 0.5, num_classes, in_channels)
