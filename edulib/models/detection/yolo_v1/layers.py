"""The layers of YOLO: 24 convolutions, or 9, and two dense layers, or three.

Output of each part for a 448 x 448 image (figure 3):

                YOLO                    Fast YOLO
    stage1      (B, 64, 112, 112)       (B, 16, 224, 224)
    stage2      (B, 192, 56, 56)        (B, 32, 112, 112)
    stage3      (B, 512, 28, 28)        (B, 64, 56, 56)
    stage4      (B, 1024, 14, 14)       (B, 128, 28, 28)
    stage5      (B, 1024, 7, 7)         (B, 256, 14, 14)
    stage6      (B, 1024, 7, 7)         (B, 512, 7, 7)
    stage7                              (B, 1024, 7, 7)
    head        (B, 7, 7, 30)           (B, 7, 7, 30)

Every convolution is padded by half of its kernel, the first one by 3: without, the maps
would not be those of figure 3. All layers but the last have a bias and a leaky ReLU
(equation 2); there is no batch normalisation.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from edulib.models.blocks.checks import check_images

SLOPE = 0.1  # of the leaky ReLU below 0

Layer = tuple[int, int, int]
"""Kernel size, filters, stride."""
Stages = tuple[tuple[Layer, ...], ...]

YOLO: Stages = (
    ((7, 64, 2),),
    ((3, 192, 1),),
    ((1, 128, 1), (3, 256, 1), (1, 256, 1), (3, 512, 1)),
    (*((1, 256, 1), (3, 512, 1)) * 4, (1, 512, 1), (3, 1024, 1)),
    (*((1, 512, 1), (3, 1024, 1)) * 2, (3, 1024, 1), (3, 1024, 2)),
    ((3, 1024, 1), (3, 1024, 1)),
)
"""The paper's network; the first four stages end in max pooling."""
FAST_YOLO: Stages = (
    *(((3, filters, 1),) for filters in (16, 32, 64, 128, 256, 512)),
    ((3, 1024, 1),) * 3,
)
"""The fast one; the first six stages end in max pooling."""


class Backbone(nn.Module):
    """The convolutions.

    Args:
        stages: what `make_stages` returns.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point, H, W >= 64
        - Output: (B, C, H / 64, W / 64)

    Raises:
        ValueError: if the images do not fit.
    """

    def __init__(self, stages: Sequence[nn.Module], in_channels: int = 3) -> None:
        super().__init__()
        self.in_channels = in_channels
        for number, stage in enumerate(stages, 1):
            self.add_module(f"stage{number}", stage)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the maps that the head reads."""
        check_images(x, self.in_channels, min_size=64)
        for stage in self.children():
            x = stage(x)
        return x


class GridHead(nn.Module):
    """Dense layers over all maps at once, their outputs laid out as a grid.

    Each cell sees the whole image, and the images have to be of one size.

    Args:
        dense: what `dense_layers` returns.
        grid: S, rows and columns of the grid.

    Shape:
        - Input: (B, C, S, S), maps
        - Output: (B, S, S, numbers a cell)

    Raises:
        ValueError: if the maps have another size.
    """

    def __init__(self, dense: nn.Module, grid: int) -> None:
        super().__init__()
        self.dense = dense
        self.grid = grid

    def forward(self, x: Tensor) -> Tensor:
        """Predict the numbers of all cells."""
        rows, columns = x.shape[-2:]
        if (rows, columns) != (self.grid, self.grid):
            raise ValueError(
                f"expected images that give {self.grid} x {self.grid} cells, which the "
                f"dense layers are made for, got maps of {rows} x {columns}: resize "
                "the images"
            )
        numbers = self.dense(torch.flatten(x, 1))
        return numbers.unflatten(1, (self.grid, self.grid, -1))


def make_stages(
    layers: Stages, pooled: int, in_channels: int = 3
) -> list[nn.Sequential]:
    """Return the stages of a backbone.

    Args:
        layers: kernel size, filters and stride of each convolution of each stage.
        pooled: how many stages, counted from the first, end in max pooling.
        in_channels: channels of the images.
    """
    stages = []
    for number, stage in enumerate(layers):
        made: list[nn.Module] = []
        for kernel_size, filters, stride in stage:
            made += conv_leaky(in_channels, filters, kernel_size, stride)
            in_channels = filters
        if number < pooled:
            made.append(nn.MaxPool2d(2))
        stages.append(nn.Sequential(*made))
    return stages


def conv_leaky(
    in_channels: int, out_channels: int, kernel_size: int, stride: int
) -> list[nn.Module]:
    """Return a convolution, padded by half of its kernel, and the leaky ReLU."""
    padding = kernel_size // 2
    convolution = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
    return [convolution, nn.LeakyReLU(SLOPE, inplace=True)]


def dense_layers(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Return the paper's two dense layers; the last one is linear.

    Args:
        inputs: numbers in the maps of an image.
        hidden: width of the first layer.
        outputs: numbers in the grid of an image.
    """
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.LeakyReLU(SLOPE, inplace=True),
        nn.Dropout(0.5),
        nn.Linear(hidden, outputs),
    )


def init_weights(module: nn.Module) -> None:
    """Draw weights after He et al., 2015, for the leaky ReLU; biases are 0.

    The paper does not say how its new layers begin. Darknet of 2015 draws from a third
    of this variance, which 26 layers without normalisation only bear when the first 20
    are trained already.
    """
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, a=SLOPE)
        nn.init.zeros_(module.bias)
