"""The opponent of the paper's figure 4: ResNets with pre-activation.

He, Zhang, Ren and Sun, "Identity Mappings in Deep Residual Networks", 2016.
https://arxiv.org/abs/1603.05027
"""

from torch import Tensor, nn

from edulib.models.classification.densenet import (
    CifarDenseNet,
    DenseBottleneck,
    DenseLayer,
    init_weights,
    make_head,
    norm_relu_conv,
)
from edulib.models.classification.resnet import ZeroPadding


class PreActivationBlock(nn.Module):
    """Add what two layers make of the input, each normalised and rectified first.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output, at least as many.
        stride: of the first layer.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, out_channels, H / stride, W / stride)
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            *norm_relu_conv(in_channels, out_channels, 3),
            *norm_relu_conv(out_channels, out_channels, 3),
        )
        self.residual[1].inplace = False
        self.residual[2].stride = (stride, stride)
        self.shortcut = ZeroPadding(in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum."""
        return self.shortcut(x) + self.residual(x)


def resnet_small(depth: int, width: int, num_classes: int = 10) -> nn.Sequential:
    """Build a ResNet with pre-activation of ``6 * depth + 2`` layers.

    Three stages of ``depth`` blocks, with ``width`` channels, twice and four times as
    many; stem, head and initial weights are DenseNet's.
    """
    stages, channels = [], width
    for stage in range(3):
        out_channels = width * 2**stage
        for block in range(depth):
            stride = 2 if stage and not block else 1
            stages.append(PreActivationBlock(channels, out_channels, stride))
            channels = out_channels
    stem = nn.Conv2d(3, width, 3, padding=1, bias=False)
    network = nn.Sequential(stem, *stages, make_head(channels, num_classes))
    init_weights(network)
    return network


def densenet_bc_small(depth: int, num_classes: int = 10) -> CifarDenseNet:
    """Build DenseNet-BC of ``6 * depth + 4`` layers with k = 12."""
    return CifarDenseNet(DenseBottleneck, depth, 12, 0.5, num_classes)


def densenet_small(
    depth: int = 6, growth: int = 8, num_classes: int = 10
) -> CifarDenseNet:
    """Build a plain DenseNet, without B and C, as figure 5's but smaller."""
    return CifarDenseNet(DenseLayer, depth, growth, 1.0, num_classes)
