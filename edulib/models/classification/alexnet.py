"""AlexNet: a large convolutional network, ReLU, dropout, and two graphics cards.

Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional
Neural Networks", NIPS 2012.
https://papers.nips.cc/paper/2012/hash/c399862d3b9d6b76c8436e924a68c45b-Abstract.html
Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014.
https://arxiv.org/abs/1404.5997

Notation: B images; C channels; H, W height and width, in pixels.

Output of each layer of the 2012 network for a 227 x 227 image (section 3.5):

    conv1   (B, 96, 55, 55)     pool1   (B, 96, 27, 27)
    conv2   (B, 256, 27, 27)    pool2   (B, 256, 13, 13)
    conv3   (B, 384, 13, 13)
    conv4   (B, 384, 13, 13)
    conv5   (B, 256, 13, 13)    pool5   (B, 256, 6, 6)
    head    (B, num_classes)

Differs from the paper: in the size of the images, 227 pixels for the 224 that the
text names (see ``AlexNet``); and the network of 2014 in its fourth layer.
"""

import torch
from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes


def response_norm() -> nn.LocalResponseNorm:
    """Return the normalisation of section 3.3: k = 2, n = 5, alpha = 1e-4, beta = 0.75.

    torch divides alpha by n, the paper's formula does not: hence 5e-4 here.
    """
    return nn.LocalResponseNorm(size=5, alpha=5e-4, beta=0.75, k=2)


class AlexNet(nn.Module):
    """AlexNet of 2012, both towers in one module.

    Each GPU held half of the channels. Layers 2, 4 and 5 saw only the channels of
    their own GPU, which is what ``groups=2`` computes; layer 3 and the dense layers
    saw both halves.

    Args:
        num_classes: number of classes.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point, H, W >= 67
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if the images or ``num_classes`` do not fit.

    Source: section 3.5 and figure 2; initialisation from section 5.

    Differs from the paper: images of 227 x 227, not 224 x 224, which is the size that
    gives 55 x 55 after the first layer without padding; other sizes are pooled to
    6 x 6 before the dense layers.
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.conv1 = nn.Conv2d(in_channels, 96, 11, stride=4)
        self.conv2 = nn.Conv2d(96, 256, 5, padding=2, groups=2)
        self.conv3 = nn.Conv2d(256, 384, 3, padding=1)
        self.conv4 = nn.Conv2d(384, 384, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(384, 256, 3, padding=1, groups=2)
        self.norm1 = response_norm()
        self.norm2 = response_norm()
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(3, stride=2)
        self.average = nn.AdaptiveAvgPool2d(6)
        self.head = dense_head(num_classes)
        self.apply(init_weights)
        hidden = self.head[1], self.head[4]
        for layer in (self.conv2, self.conv4, self.conv5, *hidden):
            nn.init.ones_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Classify images."""
        check_images(x, self.in_channels, min_size=67)
        x = self.norm1(self.relu(self.conv1(x)))  # (B, 96, 55, 55)
        x = self.pool(x)
        x = self.norm2(self.relu(self.conv2(x)))  # (B, 256, 27, 27)
        x = self.pool(x)
        x = self.relu(self.conv3(x))  # (B, 384, 13, 13)
        x = self.relu(self.conv4(x))  # (B, 384, 13, 13)
        x = self.pool(self.relu(self.conv5(x)))  # (B, 256, 6, 6)
        return self.head(torch.flatten(self.average(x), 1))


class AlexNetOneTower(nn.Module):
    """AlexNet of 2014: one tower, no response normalisation, narrower.

    Args:
        num_classes: number of classes.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point, H, W >= 63
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if the images or ``num_classes`` do not fit.

    Source: Krizhevsky, 2014, section 5 (the single-tower variant of the 2012 network).

    Differs from the paper: layer 4 has 256 filters, not 384, and there is no response
    normalisation, of whose absence the paper says nothing. This is torchvision's form,
    whose published weights fit, but for the place of the dropout.
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.conv1 = nn.Conv2d(in_channels, 64, 11, stride=4, padding=2)
        self.conv2 = nn.Conv2d(64, 192, 5, padding=2)
        self.conv3 = nn.Conv2d(192, 384, 3, padding=1)
        self.conv4 = nn.Conv2d(384, 256, 3, padding=1)
        self.conv5 = nn.Conv2d(256, 256, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(3, stride=2)
        self.average = nn.AdaptiveAvgPool2d(6)
        self.head = dense_head(num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Classify images."""
        check_images(x, self.in_channels, min_size=63)
        x = self.pool(self.relu(self.conv1(x)))  # (B, 64, 27, 27)
        x = self.pool(self.relu(self.conv2(x)))  # (B, 192, 13, 13)
        x = self.relu(self.conv3(x))  # (B, 384, 13, 13)
        x = self.relu(self.conv4(x))  # (B, 256, 13, 13)
        x = self.pool(self.relu(self.conv5(x)))  # (B, 256, 6, 6)
        return self.head(torch.flatten(self.average(x), 1))


def dense_head(num_classes: int) -> nn.Sequential:
    """Return the three dense layers, with dropout in the first two (section 4.2).

    Torchvision's copy has the dropout before these two layers, not behind them.

    Shape:
        - Input: (B, 9216), 256 maps of 6 x 6
        - Output: (B, num_classes)
    """
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(256 * 6 * 6, 4096),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        nn.Linear(4096, 4096),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        nn.Linear(4096, num_classes),
    )


def alexnet(num_classes: int = 1000, in_channels: int = 3) -> AlexNet:
    """Build the network of 2012."""
    return AlexNet(num_classes, in_channels)


def alexnet_one_tower(num_classes: int = 1000, in_channels: int = 3) -> AlexNetOneTower:
    """Build the network of 2014."""
    return AlexNetOneTower(num_classes, in_channels)


def init_weights(module: nn.Module) -> None:
    """Draw weights with standard deviation 0.01, biases 0 (section 5)."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.normal_(module.weight, std=0.01)
        nn.init.zeros_(module.bias)
