"""ZFNet's and AlexNet's first look in small networks, which stand in no paper."""

from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes
from edulib.models.classification.zfnet import overlapping_pool


class SmallZFNet(nn.Module):
    """The same eight layers with fewer maps, for images from 64 x 64 pixels.

    The first two convolutions, in which alone ZFNet and AlexNet differ, are handed in,
    so that they can be compared with everything else equal.

    Args:
        conv1: first convolution.
        conv2: second convolution.
        num_classes: number of classes.

    Shape:
        - Input: (B, C, H, W), in [0, 1], with H, W >= 64
        - Output: (B, num_classes), logits

    Raises:
        TypeError: if the images do not hold floating-point numbers.
        ValueError: if they have another shape.

    Source: after Zeiler and Fergus, 2014, figure 3. https://arxiv.org/abs/1311.2901

    Differs from the paper: fewer maps; no second pooling, since a small image has no
    pixels to spare; no contrast normalisation; less dropout; layer 5 is pooled to 3 x 3
    places whatever the image's size; start values after He et al. (2015), with which
    eight layers train in minutes, except in layer 1, which starts near zero: what it
    shows afterwards was learned.
    """

    def __init__(self, conv1: nn.Conv2d, conv2: nn.Conv2d, num_classes: int) -> None:
        super().__init__()
        check_num_classes(num_classes)
        maps = conv2.out_channels
        self.conv1, self.conv2 = conv1, conv2
        self.conv3 = nn.Conv2d(maps, maps, 3, padding=1)
        self.conv4 = nn.Conv2d(maps, maps, 3, padding=1)
        self.conv5 = nn.Conv2d(maps, maps, 3, padding=1)
        self.pool1, self.pool5 = overlapping_pool(), nn.AdaptiveMaxPool2d(3)
        self.fc6 = nn.Linear(9 * maps, 128)
        self.fc7 = nn.Linear(128, 128)
        self.fc8 = nn.Linear(128, num_classes)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(0.2)
        self.apply(init_kaiming)
        nn.init.normal_(conv1.weight, std=0.001)

    def forward(self, image: Tensor) -> Tensor:
        """Classify images."""
        check_images(image, self.conv1.in_channels, 64)
        x = self.pool1(self.relu(self.conv1(image - 0.5)))
        x = self.relu(self.conv2(x))  # (B, maps, rows, columns)
        x = self.relu(self.conv3(x))
        x = self.relu(self.conv4(x))
        x = self.pool5(self.relu(self.conv5(x)))  # (B, maps, 3, 3)
        x = self.dropout(self.relu(self.fc6(x.flatten(1))))  # (B, 128)
        x = self.dropout(self.relu(self.fc7(x)))  # (B, 128)
        return self.fc8(x)  # (B, num_classes)


def init_kaiming(module: nn.Module) -> None:
    """Draw weights after He et al., 2015, biases 0."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)


def zfnet_small(num_classes: int = 10, in_channels: int = 3) -> SmallZFNet:
    """ZFNet's first look, small: 7x7 filters at every second pixel."""
    conv1 = nn.Conv2d(in_channels, 32, 7, stride=2, padding=1)
    conv2 = nn.Conv2d(32, 64, 5, stride=2, padding=1)
    return SmallZFNet(conv1, conv2, num_classes)


def alexnet_small(num_classes: int = 10, in_channels: int = 3) -> SmallZFNet:
    """AlexNet's first look, small: 11x11 filters at every fourth pixel."""
    conv1 = nn.Conv2d(in_channels, 32, 11, stride=4, padding=1)
    conv2 = nn.Conv2d(32, 64, 5, padding=2)
    return SmallZFNet(conv1, conv2, num_classes)
