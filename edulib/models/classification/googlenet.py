"""GoogLeNet: look at several scales at once, and pay for it with 1x1 reductions.

Szegedy et al., "Going Deeper with Convolutions", CVPR 2015.
https://arxiv.org/abs/1409.4842

Notation: B images; C channels; H, W height and width, in pixels.

Output of each part for a 224 x 224 image (table 1 of the paper):

    stem          (B, 192, 28, 28)
    inception3    (B, 480, 14, 14)
    inception4a   (B, 512, 14, 14)     the first auxiliary classifier reads this
    inception4d   (B, 528, 14, 14)     the second one reads this
    inception4e   (B, 832, 7, 7)
    inception5    (B, 1024, 7, 7)
    head          (B, num_classes)

Widths of an inception block, in the columns of table 1: 1x1, 3x3 reduce, 3x3,
5x5 reduce, 5x5, pool projection.

Differs from the paper: in what it does not name, the initialisation and the constants
of the response normalisation (see ``response_norm``); the forms with batch
normalisation in more (see ``googlenet_bn``).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes

Widths = tuple[int, int, int, int, int, int]
Layer = Callable[..., nn.Sequential]


def conv_relu(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
) -> nn.Sequential:
    """Return a layer of the paper: a convolution that keeps the size, and ReLU."""
    padding = kernel_size // 2
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding),
        nn.ReLU(inplace=True),
    )


def conv_norm_relu(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
) -> nn.Sequential:
    """Return a layer with batch normalisation, as the published weights have it."""
    padding = kernel_size // 2
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, bias=False),
        nn.BatchNorm2d(out_channels, eps=0.001),
        nn.ReLU(inplace=True),
    )


def response_norm() -> nn.LocalResponseNorm:
    """Return the normalisation of the stem: "LocalRespNorm" in figure 3.

    The paper gives no constants. These are of the copy in Caffe's model zoo, whose
    formula divides alpha by n, the number of maps, as torch does: k = 1, n = 5,
    alpha = 1e-4, beta = 0.75. AlexNet's are stronger (see its ``response_norm``).
    """
    return nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1)


def max_pool() -> nn.MaxPool2d:
    """Return the max pooling between stages: 3x3, stride 2, rounded up."""
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)


class Inception(nn.Module):
    """Four branches over the same input, side by side, joined along the channels.

    Args:
        in_channels: channels of the input.
        widths: channels of 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection.
        layer: `conv_relu` or `conv_norm_relu`.
        kernel5: side of the third branch's kernel; 5 in the paper.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, sum of the four branches, H, W)

    Source: figure 2 (b). As in the paper.
    """

    def __init__(
        self, in_channels: int, widths: Widths, layer: Layer, kernel5: int
    ) -> None:
        super().__init__()
        one, reduce3, three, reduce5, five, project = widths
        self.branch1 = layer(in_channels, one, 1)
        self.branch2 = nn.Sequential(
            layer(in_channels, reduce3, 1), layer(reduce3, three, 3)
        )
        self.branch3 = nn.Sequential(
            layer(in_channels, reduce5, 1), layer(reduce5, five, kernel5)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1), layer(in_channels, project, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Look through all branches."""
        branches = self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)
        return torch.cat(branches, dim=1)


class AuxiliaryClassifier(nn.Module):
    """A small classifier on a middle layer, to bring its gradient closer.

    Args:
        in_channels: channels of the middle layer.
        pool: how its maps come to 4 x 4.
        layer: `conv_relu` or `conv_norm_relu`.
        num_classes: number of classes.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, num_classes), logits

    Source: section 5, the list of the side network's layers. As in the paper.
    """

    def __init__(
        self, in_channels: int, pool: nn.Module, layer: Layer, num_classes: int
    ) -> None:
        super().__init__()
        self.pool = pool
        self.reduce = layer(in_channels, 128, 1)
        self.hidden = nn.Linear(128 * 4 * 4, 1024)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(0.7)
        self.output = nn.Linear(1024, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Classify the maps of a middle layer."""
        x = torch.flatten(self.reduce(self.pool(x)), 1)  # (B, 2048)
        return self.output(self.dropout(self.relu(self.hidden(x))))


class Stages(NamedTuple):
    """The inception blocks between stem and head, with the pooling that ends them.

    Attributes:
        inception3: blocks 3a and 3b.
        inception4a: the block that the first auxiliary classifier reads.
        inception4d: blocks 4b to 4d; the second auxiliary classifier reads the last.
        inception4e: the last block of its size.
        inception5: blocks 5a and 5b.
    """

    inception3: nn.Module
    inception4a: nn.Module
    inception4d: nn.Module
    inception4e: nn.Module
    inception5: nn.Module


class GoogLeNet(nn.Module):
    """Nine inception blocks between a plain stem and an average over the image.

    Args:
        stem: what brings images to (B, 192, H / 8, W / 8).
        stages: the inception blocks, see `Stages`.
        head: what classifies the last maps.
        in_channels: channels of the images.
        auxiliary: no classifier, or two for the maps after blocks 4a and 4d.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point, H, W >= 32
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if the images do not fit.

    Source: table 1 and figure 3.

    Differs from the paper: it does not name its initialisation; this one is
    torchvision's, a normal distribution of deviation 0.01, cut off at +-2. Nor does it
    give the constants of its response normalisation; these are Caffe's.
    """

    def __init__(
        self,
        stem: nn.Module,
        stages: Stages,
        head: nn.Module,
        in_channels: int,
        auxiliary: Sequence[nn.Module] = (),
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.stem = stem
        self.inception3 = stages.inception3
        self.inception4a = stages.inception4a
        self.inception4d = stages.inception4d
        self.inception4e = stages.inception4e
        self.inception5 = stages.inception5
        self.auxiliary = nn.ModuleList(auxiliary)
        self.head = head
        self.apply(init_weights)

    def forward(self, x: Tensor) -> Tensor:
        """Classify images; the auxiliary classifiers take no part."""
        check_images(x, self.in_channels, min_size=32)
        x = self.inception3(self.stem(x))  # (B, 480, H / 16, W / 16)
        x = self.inception4d(self.inception4a(x))  # (B, 528, H / 16, W / 16)
        x = self.inception4e(x)  # (B, 832, H / 32, W / 32)
        return self.head(self.inception5(x))

    def forward_with_aux(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Classify images three times, as in training (section 5).

        Shape:
            - Input: as of `forward`
            - Output: three times (B, num_classes): the head's, then those of the
              classifiers after 4a and 4d

        Raises:
            ValueError: if the network was built without auxiliary classifiers.
        """
        if not self.auxiliary:
            raise ValueError("this network has no auxiliary classifiers")
        check_images(x, self.in_channels, min_size=32)
        first = self.inception4a(self.inception3(self.stem(x)))
        second = self.inception4d(first)
        logits = self.head(self.inception5(self.inception4e(second)))
        return logits, self.auxiliary[0](first), self.auxiliary[1](second)


def googlenet(num_classes: int = 1000, in_channels: int = 3) -> GoogLeNet:
    """Build the network of the paper, without auxiliary classifiers."""
    return _paper(num_classes, in_channels, ())


def googlenet_auxiliary(num_classes: int = 1000, in_channels: int = 3) -> GoogLeNet:
    """Build the network of the paper as it is trained: with both side classifiers."""
    check_num_classes(num_classes)
    auxiliary = [
        AuxiliaryClassifier(channels, nn.AvgPool2d(5, 3), conv_relu, num_classes)
        for channels in (512, 528)
    ]
    return _paper(num_classes, in_channels, auxiliary)


def googlenet_bn(num_classes: int = 1000, in_channels: int = 3) -> GoogLeNet:
    """Build the form with batch normalisation whose published weights exist.

    It differs in more than that: the "5x5" branch has 3x3 kernels (a slip in the
    original port that the weights made permanent), there is no response
    normalisation, the last pooling is 2x2, and dropout is 0.2.
    """
    return _batch_norm(num_classes, in_channels, ())


def googlenet_bn_auxiliary(num_classes: int = 1000, in_channels: int = 3) -> GoogLeNet:
    """Build the form with batch normalisation, with both side classifiers."""
    check_num_classes(num_classes)
    auxiliary = [
        AuxiliaryClassifier(
            channels, nn.AdaptiveAvgPool2d(4), conv_norm_relu, num_classes
        )
        for channels in (512, 528)
    ]
    return _batch_norm(num_classes, in_channels, auxiliary)


def _paper(
    num_classes: int, in_channels: int, auxiliary: Sequence[nn.Module]
) -> GoogLeNet:
    check_num_classes(num_classes)
    stem = nn.Sequential(
        conv_relu(in_channels, 64, 7, stride=2),
        max_pool(),
        response_norm(),
        conv_relu(64, 64, 1),
        conv_relu(64, 192, 3),
        response_norm(),
        max_pool(),
    )
    stages = _stages(conv_relu, 5, max_pool())
    return GoogLeNet(stem, stages, _head(num_classes, 0.4), in_channels, auxiliary)


def _batch_norm(
    num_classes: int, in_channels: int, auxiliary: Sequence[nn.Module]
) -> GoogLeNet:
    check_num_classes(num_classes)
    stem = nn.Sequential(
        conv_norm_relu(in_channels, 64, 7, stride=2),
        max_pool(),
        conv_norm_relu(64, 64, 1),
        conv_norm_relu(64, 192, 3),
        max_pool(),
    )
    last_pool = nn.MaxPool2d(2, stride=2, ceil_mode=True)
    stages = _stages(conv_norm_relu, 3, last_pool)
    return GoogLeNet(stem, stages, _head(num_classes, 0.2), in_channels, auxiliary)


def _stages(layer: Layer, kernel5: int, last_pool: nn.Module) -> Stages:
    def block(in_channels: int, *widths: int) -> Inception:
        return Inception(in_channels, widths, layer, kernel5)

    return Stages(
        inception3=nn.Sequential(
            block(192, 64, 96, 128, 16, 32, 32),
            block(256, 128, 128, 192, 32, 96, 64),
            max_pool(),
        ),
        inception4a=block(480, 192, 96, 208, 16, 48, 64),
        inception4d=nn.Sequential(
            block(512, 160, 112, 224, 24, 64, 64),
            block(512, 128, 128, 256, 24, 64, 64),
            block(512, 112, 144, 288, 32, 64, 64),
        ),
        inception4e=nn.Sequential(block(528, 256, 160, 320, 32, 128, 128), last_pool),
        inception5=nn.Sequential(
            block(832, 256, 160, 320, 32, 128, 128),
            block(832, 384, 192, 384, 48, 128, 128),
        ),
    )


def _head(num_classes: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(1024, num_classes),
    )


def init_weights(module: nn.Module) -> None:
    """Draw weights with standard deviation 0.01, biases 0."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.01, a=-2, b=2)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
