"""VGG-16 without its classifier, and the layers that SSD adds to it.

Maps for a 300 x 300 image (figure 2 of the paper), with the default boxes in a cell:

    conv4_3     (B, 512, 38, 38)     4
    conv7       (B, 1024, 19, 19)    6
    conv8_2     (B, 512, 10, 10)     6
    conv9_2     (B, 256, 5, 5)       6
    conv10_2    (B, 256, 3, 3)       4
    conv11_2    (B, 256, 1, 1)       4
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.models.blocks.checks import check_images
from edulib.models.classification import vgg

SCALE = 20.0  # to which the first map is normalised in the beginning


class L2Norm(nn.Module):
    """Give the channels of each cell a length that is learned, channel by channel.

    Args:
        channels: C.

    Shape:
        - Input, output: (B, C, H, W)

    Source: section 3.1, after Liu et al., "ParseNet", 2015.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((channels,), SCALE))

    def forward(self, x: Tensor) -> Tensor:
        """Divide by the length over the channels, and scale."""
        return self.scale[:, None, None] * F.normalize(x)


class VGGBackbone(nn.Module):
    """Six maps of falling resolution.

    Args:
        in_channels: channels of the images.
        width: channels of the first stage, 64 in the paper; all others are multiples.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point, H, W >= 268
        - Output: six maps as above

    Raises:
        ValueError: if the images do not fit.

    Source: section 3 and figure 2. VGG-16's first two dense layers have become
    convolutions, ``fc6`` with 3 x 3 weights six cells apart; dropout is left out.

    Differs from the paper: where it starts from VGG-16 trained on ImageNet, VGG's own
    layers start from He's initialisation; the new ones from Xavier's, as in the paper.
    """

    def __init__(self, in_channels: int = 3, width: int = 64) -> None:
        super().__init__()
        w = width
        widths = (w, 2 * w, 4 * w, 8 * w, 8 * w)
        self.in_channels = in_channels
        self.out_channels = (8 * w, 16 * w, 8 * w, 4 * w, 4 * w, 4 * w)
        self.norm = L2Norm(8 * w)  # the first, as in torchvision's files
        stages = vgg.make_stages((2, 2, 3, 3, 3), vgg.conv3x3_relu, in_channels, widths)
        self.stage1, self.stage2, self.stage3, stage4, stage5 = stages
        self.stage3[-1].ceil_mode = True  # 75 x 75 to 38 x 38
        self.stage4 = stage4[:-1]  # to conv4_3
        pool5 = nn.MaxPool2d(3, stride=1, padding=1)
        self.stage5 = nn.Sequential(stage4[-1], *stage5[:-1], pool5)
        self.apply(vgg.init_weights)

        self.conv6 = conv_relu(8 * w, 16 * w, 3, padding=6, dilation=6)
        self.conv7 = conv_relu(16 * w, 16 * w, 1)
        self.conv8 = extra_layers(16 * w, 4 * w, 8 * w, stride=2, padding=1)
        self.conv9 = extra_layers(8 * w, 2 * w, 4 * w, stride=2, padding=1)
        self.conv10 = extra_layers(4 * w, 2 * w, 4 * w)
        self.conv11 = extra_layers(4 * w, 2 * w, 4 * w)
        for layer in list(self.children())[-6:]:
            layer.apply(init_new)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Compute the maps, the finest first."""
        check_images(x, self.in_channels, min_size=268)
        x = self.stage3(self.stage2(self.stage1(x)))
        x = self.stage4(x)
        conv4 = self.norm(x)
        conv7 = self.conv7(self.conv6(self.stage5(x)))
        conv8 = self.conv8(conv7)
        conv9 = self.conv9(conv8)
        conv10 = self.conv10(conv9)
        conv11 = self.conv11(conv10)
        return [conv4, conv7, conv8, conv9, conv10, conv11]


def conv_relu(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
) -> nn.Sequential:
    """Return a convolution and ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, dilation),
        nn.ReLU(inplace=True),
    )


def extra_layers(
    in_channels: int,
    hidden: int,
    out_channels: int,
    stride: int = 1,
    padding: int = 0,
) -> nn.Sequential:
    """Return two of the added layers: 1x1 to fewer channels, and 3x3 to a smaller map.

    Args:
        in_channels: channels of the map before.
        hidden: channels between the two.
        out_channels: channels of the map.
        stride: of the 3x3.
        padding: of the 3x3.
    """
    return nn.Sequential(
        *conv_relu(in_channels, hidden, 1),
        *conv_relu(hidden, out_channels, 3, stride, padding),
    )


def init_new(module: nn.Module) -> None:
    """Draw filters after Glorot and Bengio, 2010 ("xavier", section 3)."""
    if isinstance(module, nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
