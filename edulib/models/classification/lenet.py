"""LeNet-5: a network that learns its features from the pixels.

LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86(11), 1998. https://doi.org/10.1109/5.726791

Notation: B images; C channels (the paper's feature maps); H, W height and width, in
pixels. The layers are named as in figure 2 of the paper.

Output, trainable parameters and connections of each layer for a 32 x 32 image
(section II.B of the paper; a connection is one multiplication or one added bias):

    C1  convolution 5x5    (B, 6, 28, 28)       156   122,304
    S2  subsampling        (B, 6, 14, 14)        12     5,880
    C3  convolution 5x5    (B, 16, 10, 10)    1,516   151,600
    S4  subsampling        (B, 16, 5, 5)         32     2,000
    C5  convolution 5x5    (B, 120, 1, 1)    48,120    48,120
    F6  full connection    (B, 84)           10,164    10,164
        Euclidean RBF      (B, 10)                0       840
                                             60,000   340,908

Differs from the paper: see `LeNet5`, which is close to it, and `LeNet5Modern`.
"""

import random
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes
from edulib.models.blocks.lecun import InkScale, ScaledTanh

C3_TABLE = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5),
)  # fmt: skip
"""Table I of the paper: for each map of C3, the maps of S2 that it sees."""

DIGIT_BITMAPS = """
....... ....... ....... ....... ....... ....... ....... ....... ....... .......
..###.. ...##.. .#####. .#####. .....## ####### ..####. ####### .#####. .#####.
.##.##. ..###.. ##...## ##...## ....### ##..... .##.... ##...## ##...## ##...##
##...## .####.. .....## .....## ...#### ##..... ##..... .....## ##...## ##...##
##...## ...##.. .....## .....## ..##.## ######. ##..... ....##. ##...## ##...##
##...## ...##.. ....##. ..####. .##..## .....## ######. ....##. .#####. .######
##...## ...##.. ...##.. .....## ##...## .....## ##...## ...##.. ##...## .....##
##...## ...##.. ..##... .....## ####### .....## ##...## ...##.. ##...## .....##
##...## ...##.. .##.... .....## .....## .....## ##...## ..##... ##...## .....##
.##.##. ...##.. ##..... ##...## .....## ##...## ##...## ..##... ##...## ....##.
..###.. .###### ####### .#####. .....## .#####. .#####. ..##... .#####. .####..
....... ....... ....... ....... ....... ....... ....... ....... ....... .......
"""
"""Ten digits on bitmaps of 7 x 12 pixels, the targets of the 84 units of F6."""


class Subsampling(nn.Module):
    """Halve the resolution: add four neighbours, multiply by w, add b.

    Each map has its own trained w and b. With a small w the squashing that follows is
    nearly linear and the layer blurs; a large w makes it a noisy OR or AND of the four.

    Args:
        channels: number of maps.

    Shape:
        - Input: (B, channels, H, W)
        - Output: (B, channels, H // 2, W // 2)

    Source: layers S2 and S4, section II.B of the paper.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Subsample each map by two in height and width."""
        total = 4 * F.avg_pool2d(x, kernel_size=2)
        return self.coefficient[:, None, None] * total + self.bias[:, None, None]


class TableConv2d(nn.Module):
    """Convolution whose maps each see some of the input maps, as a table says.

    There is one trained kernel for each cross in the table, put among zeros, because
    one full convolution is several times faster than many small ones.

    Args:
        table: for each output map the input maps that it sees.
        in_channels: number of input maps.
        kernel_size: side of the kernels, in pixels.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, len(table), H - kernel_size + 1, W - kernel_size + 1)

    Source: layer C3 and table I of the paper.
    """

    def __init__(
        self, table: Sequence[Sequence[int]], in_channels: int, kernel_size: int
    ) -> None:
        super().__init__()
        crosses = [(row, seen) for row, inputs in enumerate(table) for seen in inputs]
        self.rows, self.seen = map(list, zip(*crosses, strict=True))
        self.dense_shape = (len(table), in_channels, kernel_size, kernel_size)
        self.weight = nn.Parameter(torch.zeros(len(crosses), kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.zeros(len(table)))

    def forward(self, x: Tensor) -> Tensor:
        """Convolve, each map with its own inputs."""
        kernels = self.weight.new_zeros(self.dense_shape)
        kernels[self.rows, self.seen] = self.weight
        return F.conv2d(x, kernels, self.bias)


class RBFOutput(nn.Module):
    """Score each class by how near the features are to its code.

    The score is the negative of the paper's penalty y, so that the best is largest:

        -y_i = -sum_j (x_j - w_ij)^2

    Args:
        codes: (num_classes, D), the w; fixed, not trained.

    Shape:
        - Input: (B, D)
        - Output: (B, num_classes), at most 0

    Source: equation 7 of the paper.
    """

    def __init__(self, codes: Tensor) -> None:
        super().__init__()
        self.register_buffer("codes", codes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the negative squared distance to each code."""
        return -(x[:, None] - self.codes).square().sum(dim=2)  # (B, num_classes)


class LeNet5(nn.Module):
    """LeNet-5 as in the paper: 60,000 trainable parameters.

    Args:
        num_classes: number of classes. The first ten have the bitmaps of the digits
            as codes, any others random ones.
        in_channels: channels of the images; 1 in the paper.

    Shape:
        - Input: (B, in_channels, 32, 32), in [0, 1], ink 1 on paper 0
        - Output: (B, num_classes), scores of at most 0, the best is largest

    Raises:
        ValueError: if the images have another shape.
        TypeError: if the images are not floating-point numbers.

    Source: figure 2 and section II.B of the paper.

    Differs from the paper: the output is the negative of the penalty, so that the best
    is largest; the bitmaps are our own drawing, and stay fixed, where the paper's are
    "fixed (at least initially)"; biases, of which the paper says nothing, start out
    like weights.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.scale = InkScale(background=-0.1, ink=1.175)
        self.c1 = nn.Conv2d(in_channels, 6, kernel_size=5)
        self.s2 = Subsampling(6)
        self.c3 = TableConv2d(C3_TABLE, in_channels=6, kernel_size=5)
        self.s4 = Subsampling(16)
        self.c5 = nn.Conv2d(16, 120, kernel_size=5)
        self.f6 = nn.Linear(120, 84)
        self.output = RBFOutput(class_codes(num_classes))
        self.squash = ScaledTanh()
        init_weights(self)

    def forward(self, image: Tensor) -> Tensor:
        """Return the scores of the classes."""
        check_digit_images(image, self.in_channels)
        x = self.scale(image)
        x = self.squash(self.c1(x))  # (B, 6, 28, 28)
        x = self.squash(self.s2(x))  # (B, 6, 14, 14)
        x = self.squash(self.c3(x))  # (B, 16, 10, 10)
        x = self.squash(self.s4(x))  # (B, 16, 5, 5)
        x = self.squash(self.c5(x))  # (B, 120, 1, 1)
        x = self.squash(self.f6(x.flatten(1)))  # (B, 84)
        return self.output(x)


class LeNet5Modern(nn.Module):
    """LeNet-5 as it is written today: 61,706 parameters.

    Args:
        num_classes: number of classes.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, 32, 32), in [0, 1]
        - Output: (B, num_classes), logits

    Raises:
        ValueError, TypeError: as in `LeNet5`.

    Source: figure 2 of the paper for the sizes of the layers.

    Differs from the paper: ReLU in place of the scaled tanh; maximum pooling without
    parameters in place of S2 and S4; every map of C3 sees all maps of S2; a linear
    output for the softmax in place of the RBF units.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.c1 = nn.Conv2d(in_channels, 6, kernel_size=5)
        self.c3 = nn.Conv2d(6, 16, kernel_size=5)
        self.c5 = nn.Conv2d(16, 120, kernel_size=5)
        self.f6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, num_classes)
        self.pool = nn.MaxPool2d(2)
        self.relu = nn.ReLU()

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of the classes."""
        check_digit_images(image, self.in_channels)
        x = self.pool(self.relu(self.c1(image)))  # (B, 6, 14, 14)
        x = self.pool(self.relu(self.c3(x)))  # (B, 16, 5, 5)
        x = self.relu(self.c5(x))  # (B, 120, 1, 1)
        x = self.relu(self.f6(x.flatten(1)))  # (B, 84)
        return self.output(x)


def mse_loss(scores: Tensor, labels: Tensor) -> Tensor:
    """The penalty of the right class, averaged over the images.

    Args:
        scores: (B, num_classes), the output of `LeNet5`.
        labels: (B,), int64.

    Source: equation 8 of the paper.
    """
    return -scores.gather(1, labels[:, None]).mean()


def map_loss(scores: Tensor, labels: Tensor, rubbish: float) -> Tensor:
    """Push the right penalty down and all others up: y_D + log(e^-j + sum_i e^-y_i).

    This is the softmax cross-entropy with one more class, for rubbish, whose penalty
    is always j: classes whose penalty is far above j are pushed no further.

    Args:
        scores: (B, num_classes), the output of `LeNet5`.
        labels: (B,), int64.
        rubbish: the paper's j, above 0; the paper gives no value.

    Source: equation 9 of the paper.
    """
    penalty = scores.new_full((len(scores), 1), -rubbish)
    return F.cross_entropy(torch.cat([scores, penalty], dim=1), labels)


def class_codes(num_classes: int) -> Tensor:
    """Return the codes of the classes, (num_classes, 84), of -1 and 1.

    Row by row, a code is the bitmap of a digit; from the eleventh class on it is drawn
    at random, the same at each call.
    """
    rows = [line.split() for line in DIGIT_BITMAPS.split("\n") if line]
    digits = ["".join(column) for column in zip(*rows, strict=True)]
    toss = random.Random(0)
    others = ["".join(toss.choices(".#", k=84)) for _ in range(10, num_classes)]
    codes = (digits + others)[:num_classes]
    return torch.tensor([[1.0 if ink == "#" else -1.0 for ink in c] for c in codes])


def init_weights(model: LeNet5) -> None:
    """Draw weights and biases uniformly from -2.4 / F to 2.4 / F.

    F is the number of inputs of a unit; in C3 it differs from map to map.

    Source: appendix A of the paper.
    """
    for layer in (model.c1, model.c5, model.f6):
        for parameter in (layer.weight, layer.bias):
            draw_uniform(parameter, 2.4 / layer.weight[0].numel())
    for layer in (model.s2, model.s4):
        for parameter in (layer.coefficient, layer.bias):
            draw_uniform(parameter, 2.4 / 4)
    fan_in = 25 * torch.tensor([len(inputs) for inputs in C3_TABLE])
    draw_uniform(model.c3.weight, 2.4 / fan_in[model.c3.rows, None, None])
    draw_uniform(model.c3.bias, 2.4 / fan_in)


@torch.no_grad()
def draw_uniform(parameter: Tensor, bound: float | Tensor) -> None:
    """Fill a tensor with numbers drawn uniformly from -bound to bound."""
    parameter.uniform_(-1, 1).mul_(bound)


def check_digit_images(image: Tensor, in_channels: int) -> None:
    """Raise unless these are images (B, in_channels, 32, 32)."""
    check_images(image, in_channels, 32)
    if image.shape[2:] != (32, 32):
        raise ValueError(
            f"expected images (B, {in_channels}, 32, 32), got {tuple(image.shape)}: "
            "resize them to 32 x 32 pixels"
        )


def lenet5(num_classes: int = 10, in_channels: int = 1) -> LeNet5:
    """Build LeNet-5 of 1998, see `LeNet5`."""
    return LeNet5(num_classes, in_channels)


def lenet5_modern(num_classes: int = 10, in_channels: int = 1) -> LeNet5Modern:
    """Build LeNet-5 as it is written today, see `LeNet5Modern`."""
    return LeNet5Modern(num_classes, in_channels)
