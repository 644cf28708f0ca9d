"""Network in Network: a small network at every pixel, and no dense layers at all.

Lin, Chen and Yan, "Network In Network", ICLR 2014. https://arxiv.org/abs/1312.4400

Notation: B images; C channels; H, W height and width, in pixels; K classes.

Output of each part of the network for CIFAR-10, 32 x 32:

    stages.stage1   mlpconv (B, 96, 32, 32), max pooling (B, 96, 16, 16), dropout
    stages.stage2   mlpconv (B, 192, 16, 16), average pooling (B, 192, 8, 8), dropout
    stages.stage3   mlpconv (B, K, 8, 8): a map for each class
    average         (B, K)

Differs from the paper: it refers to supplementary material for widths, kernels and
initial weights. Widths, kernels and pooling are those of the configurations that the
authors published; the second pooling takes averages there, where the text (section
4.1) has maxima throughout. Weights start after He et al., 2015.
"""

from collections import OrderedDict

from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes


class MLPConv(nn.Sequential):
    """A convolution, then two dense layers at every pixel: 1x1 convolutions.

    Args:
        in_channels: channels of the input.
        widths: channels after the convolution and after each 1x1 layer.
        kernel_size: side of the first convolution, in pixels.
        stride: step of the first convolution.
        padding: zeros around the input of the first convolution.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, widths[-1], H', W'), as of the first convolution

    Source: Lin et al., 2014, section 3.1, equation 2. As in the paper: ReLU follows
    every layer, also the last one.
    """

    def __init__(
        self,
        in_channels: int,
        widths: tuple[int, int, int],
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
    ) -> None:
        super().__init__(
            nn.Conv2d(in_channels, widths[0], kernel_size, stride, padding),
            nn.ReLU(inplace=True),
            nn.Conv2d(widths[0], widths[1], 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(widths[1], widths[2], 1),
            nn.ReLU(inplace=True),
        )


class NetworkInNetwork(nn.Module):
    """Stages of mlpconv layers whose last has a map for each class.

    Args:
        stages: an mlpconv layer each, with the pooling and dropout behind it; the
            last one ends in a map for each class.
        in_channels: channels of the images.
        min_size: smallest H and W that the stages can take, in pixels.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point
        - Output: (B, K), logits: the average of each class map

    Raises:
        ValueError: if the images do not fit.

    Source: Lin et al., 2014, section 3.2 and figure 2. As in the paper: see the head
    of this file for what it leaves open.
    """

    def __init__(
        self, stages: list[nn.Module], in_channels: int, min_size: int
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.min_size = min_size
        names = (f"stage{number}" for number, _ in enumerate(stages, start=1))
        self.stages = nn.Sequential(OrderedDict(zip(names, stages, strict=True)))
        self.average = nn.AdaptiveAvgPool2d(1)
        self.apply(init_weights)

    def class_maps(self, x: Tensor) -> Tensor:
        """Return a map of confidence for each class, (B, K, H', W')."""
        check_images(x, self.in_channels, self.min_size)
        return self.stages(x)

    def forward(self, x: Tensor) -> Tensor:
        """Classify images."""
        return self.average(self.class_maps(x)).flatten(1)


def nin_cifar(num_classes: int = 10, in_channels: int = 3) -> NetworkInNetwork:
    """Build the network for 32 x 32 images."""
    check_num_classes(num_classes)
    stages = [
        nn.Sequential(
            MLPConv(in_channels, (192, 160, 96), 5, padding=2),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),
            nn.Dropout(0.5),
        ),
        nn.Sequential(
            MLPConv(96, (192, 192, 192), 5, padding=2),
            nn.AvgPool2d(3, stride=2, ceil_mode=True),
            nn.Dropout(0.5),
        ),
        MLPConv(192, (192, 192, num_classes), 3, padding=1),
    ]
    return NetworkInNetwork(stages, in_channels, min_size=8)


def nin_imagenet(num_classes: int = 1000, in_channels: int = 3) -> NetworkInNetwork:
    """Build the authors' later network for 227 x 227 images."""
    check_num_classes(num_classes)
    stages = [
        nn.Sequential(
            MLPConv(in_channels, (96, 96, 96), 11, stride=4),
            nn.MaxPool2d(3, stride=2),
        ),
        nn.Sequential(
            MLPConv(96, (256, 256, 256), 5, padding=2), nn.MaxPool2d(3, stride=2)
        ),
        nn.Sequential(
            MLPConv(256, (384, 384, 384), 3, padding=1),
            nn.MaxPool2d(3, stride=2),
            nn.Dropout(0.5),
        ),
        MLPConv(384, (1024, 1024, num_classes), 3, padding=1),
    ]
    return NetworkInNetwork(stages, in_channels, min_size=67)


def init_weights(module: nn.Module) -> None:
    """Draw weights after He et al., 2015, biases 0."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)
