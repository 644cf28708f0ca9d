"""Highway networks: a gate decides how much of a layer's input passes unchanged.

Srivastava, Greff and Schmidhuber, "Training Very Deep Networks", 2015.
https://arxiv.org/abs/1507.06228 (first, shorter: https://arxiv.org/abs/1505.00387)

The dense network of section 3.1 for digits of 28 x 28 pixels:

    stem      (B, 50)     a dense layer that changes the width
    layers    (B, 50)     depth - 1 highway layers
    head      (B, num_classes)

and the convolutional one, whose highway layers keep the image:

    stem      (B, C, H, W)
    stage1    (B, C, H, W)
    stage2    (B, C, H/2, W/2)
    stage3    (B, C, H/4, W/4)
    head      (B, num_classes)

Notation: B images; C channels; D width; H, W height and width in pixels; T the
transform gate.

As in the paper: the carry gate is 1 - T; only the gate's bias starts apart from zero.
The paper searches the activation among ReLU and tanh; here it is ReLU. Of the
convolutional networks of table 2 it gives parameters and depths, not every layer: the
one here has the depth and, nearly, the size of its Highway B (19 layers, 2.3 million),
maximum pooling between stages, and an average over the image before the last layer.
"""

import torch
from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes


class Highway(nn.Module):
    """y = H(x) T(x) + x (1 - T(x)), with a transform H and its gate T.

    Args:
        transform: computes H before its ReLU, keeping the shape.
        gate: computes T before its sigmoid, keeping the shape.
        gate_bias: where the bias of the gate starts; below zero the layer first
            carries its input.

    Shape:
        - Input: (B, D) or (B, C, H, W), what both keep
        - Output: as the input

    Source: Srivastava et al., 2015, equation 3; the bias, section 2.2. As in the paper.
    """

    def __init__(
        self, transform: nn.Module, gate: nn.Module, gate_bias: float = -1.0
    ) -> None:
        super().__init__()
        self.transform = transform
        self.gate = gate
        nn.init.constant_(self.gate.bias, gate_bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return a mix of new features and the input."""
        t = torch.sigmoid(self.gate(x))
        return torch.relu(self.transform(x)) * t + x * (1 - t)


class Plain(nn.Module):
    """y = H(x): the layer without its gate, what highway layers are compared with.

    Args:
        transform: computes H before its ReLU, keeping the shape.

    Shape:
        - Input: (B, D) or (B, C, H, W), what ``transform`` keeps
        - Output: as the input

    Source: Srivastava et al., 2015, equation 1. As in the paper.
    """

    def __init__(self, transform: nn.Module) -> None:
        super().__init__()
        self.transform = transform

    def forward(self, x: Tensor) -> Tensor:
        """Return new features, computed from nothing but the last ones."""
        return torch.relu(self.transform(x))


class DenseHighway(nn.Module):
    """Dense layers of one width behind a first one that changes the width.

    Args:
        layers: highway or plain layers that keep (B, width).
        width: of the layers.
        num_classes: number of classes.
        in_channels: channels of the images.
        image_size: side of the images, in pixels.

    Shape:
        - Input: (B, in_channels, image_size, image_size)
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if ``num_classes`` is below 1 or images have another shape.
        TypeError: if images are not floating point.

    Source: Srivastava et al., 2015, section 3.1. As in the paper.
    """

    def __init__(
        self,
        layers: list[nn.Module],
        width: int,
        num_classes: int = 10,
        in_channels: int = 1,
        image_size: int = 28,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels, self.image_size = in_channels, image_size
        self.stem = nn.Sequential(
            nn.Flatten(), nn.Linear(in_channels * image_size**2, width), nn.ReLU()
        )
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(width, num_classes)
        init_weights(self)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        check_images(image, self.in_channels, self.image_size, self.image_size)
        return self.head(self.layers(self.stem(image)))


class ConvHighway(nn.Module):
    """Three stages of convolutional highway layers, with pooling between them.

    Args:
        depth: number of highway layers in each stage.
        channels: of every layer.
        num_classes: number of classes.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), H and W at least 4
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if ``num_classes`` is below 1 or images have another shape.
        TypeError: if images are not floating point.

    Source: Srivastava et al., 2015, sections 3.2 and 3.3.

    Differs from the paper: in what it does not give, see the module.
    """

    def __init__(
        self,
        depth: int,
        channels: int,
        num_classes: int = 10,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, channels, 3, padding=1), nn.ReLU()
        )
        self.stage1 = conv_stage(depth, channels)
        self.stage2 = nn.Sequential(nn.MaxPool2d(2), conv_stage(depth, channels))
        self.stage3 = nn.Sequential(nn.MaxPool2d(2), conv_stage(depth, channels))
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes)
        )
        init_weights(self)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        check_images(image, self.in_channels, min_size=4)
        x = self.stage1(self.stem(image))
        x = self.stage2(x)  # (B, C, H/2, W/2)
        x = self.stage3(x)  # (B, C, H/4, W/4)
        return self.head(x)  # (B, num_classes)


def conv_stage(depth: int, channels: int) -> nn.Sequential:
    """Return convolutional highway layers in a row."""

    def conv3x3() -> nn.Conv2d:
        return nn.Conv2d(channels, channels, 3, padding=1)

    return nn.Sequential(*(Highway(conv3x3(), conv3x3()) for _ in range(depth)))


def init_weights(model: nn.Module) -> None:
    """Draw weights from N(0, 2 / fan_in), "normalized" as section 2.2 asks."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")


def highway_dense(
    num_classes: int = 10,
    in_channels: int = 1,
    depth: int = 50,
    width: int = 50,
    gate_bias: float = -1.0,
) -> DenseHighway:
    """Build the dense highway network of figure 1; ``depth`` counts its first layer."""
    layers = [
        Highway(nn.Linear(width, width), nn.Linear(width, width), gate_bias)
        for _ in range(depth - 1)
    ]
    return DenseHighway(layers, width, num_classes, in_channels)


def plain_dense(
    num_classes: int = 10, in_channels: int = 1, depth: int = 50, width: int = 71
) -> DenseHighway:
    """Build its plain twin: wider, so that a layer has as many weights."""
    layers = [Plain(nn.Linear(width, width)) for _ in range(depth - 1)]
    return DenseHighway(layers, width, num_classes, in_channels)


def highway_conv(num_classes: int = 10, in_channels: int = 3) -> ConvHighway:
    """Build a convolutional highway network of 19 layers and a last dense one."""
    return ConvHighway(6, 84, num_classes, in_channels)
