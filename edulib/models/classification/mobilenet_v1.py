"""MobileNet v1: convolutions split into depth and points, and two dials.

Howard, Zhu, Chen, Kalenichenko, Wang, Weyand, Andreetto and Adam, "MobileNets:
Efficient Convolutional Neural Networks for Mobile Vision Applications", 2017.
https://arxiv.org/abs/1704.04861

Output of each part for a 224 x 224 image (table 1 of the paper):

    stem      (B, 32, 112, 112)
    stage1    (B, 64, 112, 112)
    stage2    (B, 128, 56, 56)
    stage3    (B, 256, 28, 28)
    stage4    (B, 512, 14, 14)
    stage5    (B, 1024, 7, 7)
    head      (B, num_classes)

Notation: B images; C channels; H, W height and width in pixels; alpha the width
multiplier. The other dial, the resolution multiplier, is the size of the image.

Differs from the paper: ReLU6 in place of ReLU, as in all released code, so that the
published weights fit; the stride of the last depthwise layer, which table 1 gives as 2
although the image stays 7 x 7, is 1.
"""

from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes
from edulib.models.blocks.mobile import conv_norm as conv_norm_relu6

# Channels and strides of the thirteen blocks of table 1, stage by stage.
STAGES = (
    ((64, 1),),
    ((128, 2), (128, 1)),
    ((256, 2), (256, 1)),
    ((512, 2), *[(512, 1)] * 5),
    ((1024, 2), (1024, 1)),
)


class DepthwiseSeparable(nn.Module):
    """A filter for each channel, then a mix of the channels at each pixel.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        stride: of the depthwise convolution; 2 halves the image.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, out_channels, H / stride, W / stride), rounded up

    Source: Howard et al., 2017, section 3.1 and figure 3 (right): normalisation and
    activation after both.

    Differs from the paper: ReLU6.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.depthwise = conv_norm_relu6(
            in_channels, in_channels, 3, stride, groups=in_channels
        )
        self.pointwise = conv_norm_relu6(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return filtered and mixed features."""
        return self.pointwise(self.depthwise(x))


class MobileNetV1(nn.Module):
    """One convolution and thirteen depthwise separable ones.

    Args:
        alpha: width multiplier: what the channels of every layer are multiplied by.
        num_classes: number of classes.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), H and W at least 32
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if ``num_classes`` is below 1, ``alpha`` leaves a layer without a
            channel or gives a fraction of one, or images have another shape.
        TypeError: if images are not floating point.

    Source: Howard et al., 2017, table 1 and section 3.3.

    Differs from the paper: see the module; in what the paper does not name, epsilon and
    momentum of batch normalisation are PyTorch's.
    """

    def __init__(
        self, alpha: float = 1.0, num_classes: int = 1000, in_channels: int = 3
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        if alpha <= 0 or (32 * alpha) % 1:
            raise ValueError(
                f"expected alpha with a whole number 32 * alpha > 0, got {alpha}"
            )
        self.in_channels = in_channels
        width = int(32 * alpha)
        self.stem = conv_norm_relu6(in_channels, width, 3, stride=2)
        stages = []
        for rows in STAGES:
            blocks = []
            for channels, stride in rows:
                blocks.append(DepthwiseSeparable(width, int(channels * alpha), stride))
                width = int(channels * alpha)
            stages.append(nn.Sequential(*blocks))
        self.stage1, self.stage2, self.stage3, self.stage4, self.stage5 = stages
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, num_classes)
        )
        init_weights(self)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        check_images(image, self.in_channels, min_size=32)
        x = self.stem(image)  # (B, 32, H/2, W/2)
        x = self.stage1(x)
        x = self.stage2(x)  # (B, 128, H/4, W/4)
        x = self.stage3(x)  # (B, 256, H/8, W/8)
        x = self.stage4(x)  # (B, 512, H/16, W/16)
        x = self.stage5(x)  # (B, 1024, H/32, W/32)
        return self.head(x)  # (B, num_classes)


def init_weights(model: nn.Module) -> None:
    """Draw convolutions from N(0, 0.09²), cut at two deviations.

    As in the authors' code, but for the last layer, which starts as PyTorch's linear
    layers do; there it is a 1x1 convolution drawn like the others, with a bias of zero.
    The paper does not say.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.trunc_normal_(module.weight, std=0.09, a=-0.18, b=0.18)


def mobilenet_v1(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV1:
    """Build MobileNet of full width: 4,231,976 parameters."""
    return MobileNetV1(1.0, num_classes, in_channels)


def mobilenet_v1_075(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV1:
    """Build MobileNet of three quarters of the width: 2,585,560 parameters."""
    return MobileNetV1(0.75, num_classes, in_channels)


def mobilenet_v1_050(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV1:
    """Build MobileNet of half the width: 1,331,592 parameters."""
    return MobileNetV1(0.5, num_classes, in_channels)


def mobilenet_v1_025(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV1:
    """Build MobileNet of a quarter of the width: 470,072 parameters."""
    return MobileNetV1(0.25, num_classes, in_channels)
