"""The hybrid: a ResNet makes the map whose pixels are the tokens.

Dosovitskiy et al., 2020, "Hybrid Architecture" in section 3.1, and section 4.1: a
ResNet-50 with group normalisation and standardised convolutions (Kolesnikov et al.,
"Big Transfer", 2019, https://arxiv.org/abs/1912.11370), without its last stage, whose
layers are put into the third. One stage fewer halves the image once less: 14 x 14
tokens of 224 x 224 pixels.

    stem       (B, 64, 56, 56)
    stage1     (B, 256, 56, 56)
    stage2     (B, 512, 28, 28)
    stage3     (B, 1024, 14, 14)
    project    (B, 196, 768)

Padding is TensorFlow's "same", as in the authors' code.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.models.blocks.checks import check_images
from edulib.models.classification.vit.network import (
    VisionTransformer,
    init_projection,
)

GROUPS = 32
DEPTHS = (3, 4, 9)  # 3, 4, 6 and 3 in ResNet-50: nine in place of six and three


class StandardizedConv2d(nn.Conv2d):
    """A convolution whose filters have mean 0 and variance 1 when they are used.

    Args are those of ``nn.Conv2d``; no bias.

    Shape:
        - Input: (B, C, H, W)
        - Output: (B, C', H / stride, W / stride), rounded up

    Source: Qiao et al., "Micro-Batch Training with Batch-Channel Normalization and
    Weight Standardization", 2019, equations 5 to 7. https://arxiv.org/abs/1903.10520
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Filter with the standardised weights."""
        variance, mean = torch.var_mean(
            self.weight, (1, 2, 3), correction=0, keepdim=True
        )
        weight = (self.weight - mean) * (variance + 1e-8).rsqrt()
        x = pad_same(x, self.kernel_size[0], self.stride[0])
        return F.conv2d(x, weight, stride=self.stride)


def pad_same(x: Tensor, kernel_size: int, stride: int) -> Tensor:
    """Pad so that a window gives H / stride, rounded up; an odd pixel on the right."""
    missing = [
        max((-(-size // stride) - 1) * stride + kernel_size - size, 0)
        for size in (x.shape[-1], x.shape[-2])
    ]
    return F.pad(x, [pad for m in missing for pad in (m // 2, m - m // 2)])


def conv_norm(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
) -> nn.Sequential:
    """Return a standardised convolution and its group normalisation."""
    return nn.Sequential(
        StandardizedConv2d(in_channels, out_channels, kernel_size, stride),
        nn.GroupNorm(GROUPS, out_channels),
    )


class GroupBottleneck(nn.Module):
    """ResNet's bottleneck with group normalisation and standardised convolutions.

    y = relu(shortcut(x) + residual(x)); the shortcut projects where shapes differ, and
    a stride is in the 3x3 convolution.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output, a multiple of 4.
        stride: 2 halves the image.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, out_channels, H / stride, W / stride), rounded up

    Source: Kolesnikov et al., 2019, section 3; order as in the authors' code of ViT.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        width = out_channels // 4
        same = stride == 1 and in_channels == out_channels
        self.shortcut = (
            nn.Identity() if same else conv_norm(in_channels, out_channels, 1, stride)
        )
        self.residual = nn.Sequential(
            conv_norm(in_channels, width, 1),
            nn.ReLU(inplace=True),
            conv_norm(width, width, 3, stride),
            nn.ReLU(inplace=True),
            conv_norm(width, out_channels, 1),
        )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return the corrected features."""
        return self.relu(self.shortcut(x) + self.residual(x))


class ResNetStem(nn.Sequential):
    """A ResNet of three stages, which makes maps at a sixteenth of the image's size.

    Args:
        depths: blocks of the three stages.
        width: channels behind the first convolution; stages have 4, 8 and 16 times as
            many.
        in_channels: channels of the images.

    Attributes:
        out_channels: channels of the map.

    Shape:
        - Input: (B, C, H, W)
        - Output: (B, 16 * width, H / 16, W / 16), rounded up

    Source: Dosovitskiy et al., 2020, section 4.1, option (ii). As in the paper.
    """

    def __init__(
        self,
        depths: tuple[int, int, int] = DEPTHS,
        width: int = 64,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            conv_norm(in_channels, width, 7, 2),
            nn.ReLU(inplace=True),
            nn.ZeroPad2d((0, 1, 0, 1)),  # "same" for even maps, none below zero
            nn.MaxPool2d(3, 2),
        )
        channels = width
        for number, depth in enumerate(depths):
            out_channels = 4 * width * 2**number
            blocks = [GroupBottleneck(channels, out_channels, 1 if number == 0 else 2)]
            blocks += [
                GroupBottleneck(out_channels, out_channels) for _ in range(depth - 1)
            ]
            self.add_module(f"stage{number + 1}", nn.Sequential(*blocks))
            channels = out_channels
        self.out_channels = channels


class HybridEmbedding(nn.Module):
    """A ResNet and a 1x1 convolution: each pixel of its map is a token.

    Args:
        resnet: gives maps at a sixteenth of the image's size, and has ``out_channels``
            and ``stem``.
        image_size: H and W in pixels, a multiple of 16.
        embed_dim: width D of a token.
        in_channels: channels of the images.

    Attributes:
        grid: rows and columns of tokens.
        embed_dim: D.

    Shape:
        - Input: (B, C, H, W)
        - Output: (B, N, D), N = H W / 256

    Raises:
        ValueError: if the image does not divide by 16, or images have another shape.
        TypeError: if images are not floating point.

    Source: Dosovitskiy et al., 2020, section 3.1, "Hybrid Architecture": patches of
    one pixel of the map. As in the paper.
    """

    def __init__(
        self,
        resnet: nn.Module,
        image_size: int = 224,
        embed_dim: int = 768,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        if image_size % 16:
            raise ValueError(
                f"expected an image_size that divides by 16, got {image_size}"
            )
        self.image_size = image_size
        self.in_channels = in_channels
        self.grid = (image_size // 16, image_size // 16)
        self.embed_dim = embed_dim
        self.resnet = resnet
        self.project = nn.Conv2d(resnet.out_channels, embed_dim, 1)
        init_projection(self.project)

    def forward(self, image: Tensor) -> Tensor:
        """Return a token for each pixel of the map."""
        check_images(image, self.in_channels, self.image_size, max_size=self.image_size)
        return self.project(self.resnet(image)).flatten(2).transpose(1, 2)


def r50_vit_b_16(num_classes: int = 1000, in_channels: int = 3) -> VisionTransformer:
    """Build R50+ViT-B/16, three stages of a ResNet in front: 98,659,112 parameters.

    The 16 is by how much the ResNet makes the image smaller.
    """
    resnet = ResNetStem(in_channels=in_channels)
    patches = HybridEmbedding(resnet, in_channels=in_channels)
    return VisionTransformer(patches, num_classes=num_classes)
