"""ResNeXt: a residual block of many equal branches.

Xie, Girshick, Dollár, Tu and He, "Aggregated Residual Transformations for Deep Neural
Networks", 2016. https://arxiv.org/abs/1611.05431

Output of each part for a 224 x 224 image (table 1 of the paper):

    stem     (B, 64, 56, 56)
    stage1   (B, 256, 56, 56)
    stage2   (B, 512, 28, 28)
    stage3   (B, 1024, 14, 14)
    stage4   (B, 2048, 7, 7)
    head     (B, num_classes)

Notation: B images; C channels; H, W height and width in pixels. "32x4d" is a
cardinality of 32, branches 4 channels wide in the first stage.

As in the paper. ResNeXt-101 32x8d stands in none of its tables: it is one of the
networks of Mahajan and others, "Exploring the Limits of Weakly Supervised Pretraining",
2018. Torchvision offers it, trained on ImageNet alone.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes

CHANNELS = (256, 512, 1024, 2048)  # of the four stages, as in ResNet-50


class AggregatedBlock(nn.Module):
    """Many narrow bottlenecks side by side, summed and added to their input.

    y = relu(x + sum over i of T_i(x)), equation 3 of the paper: each T_i is a 1x1, a
    3x3 and a 1x1 convolution. In the form of figure 3c, which computes the same, the
    branches are the groups of one grouped 3x3 convolution.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        cardinality: number of branches.
        branch_width: channels inside each branch.
        stride: of the 3x3 convolution; 2 halves the image.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, out_channels, H / stride, W / stride), rounded up

    Source: Xie et al., 2016, figure 3c and section 3; the stride stands in the 3x3
    convolution, section 4. As in the paper.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        cardinality: int,
        branch_width: int,
        stride: int = 1,
    ) -> None:
        super().__init__()
        width = cardinality * branch_width
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(
                width, width, 3, stride, padding=1, groups=cardinality, bias=False
            ),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut = projection(in_channels, out_channels, stride)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return the corrected features."""
        return self.relu(self.shortcut(x) + self.residual(x))


class ResNeXt(nn.Module):
    """ResNet with blocks of many branches.

    Args:
        depths: number of blocks in each of the four stages.
        channels: output channels of each of the four stages.
        cardinality: number of branches of each block.
        branch_width: channels inside a branch of the first stage; each further stage
            has twice as many.
        num_classes: number of classes.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), H and W at least 32; the published weights
          expect ImageNet's mean and deviation removed
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if ``num_classes`` is below 1 or images have another shape.
        TypeError: if images are not floating point.

    Source: Xie et al., 2016, table 1. As in the paper.
    """

    def __init__(
        self,
        depths: Sequence[int],
        channels: Sequence[int],
        cardinality: int,
        branch_width: int,
        num_classes: int = 1000,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, 64, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        ends = (64, *channels)
        self.stage1, self.stage2, self.stage3, self.stage4 = (
            make_stage(
                (ends[k], ends[k + 1]),
                depth,
                cardinality,
                branch_width * 2**k,
                min(2, k + 1),
            )
            for k, depth in enumerate(depths)
        )
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels[-1], num_classes)
        )
        init_weights(self)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        check_images(image, self.in_channels, min_size=32)
        x = self.stem(image)  # (B, 64, H/4, W/4)
        x = self.stage1(x)  # (B, 256, H/4, W/4)
        x = self.stage2(x)  # (B, 512, H/8, W/8)
        x = self.stage3(x)  # (B, 1024, H/16, W/16)
        x = self.stage4(x)  # (B, 2048, H/32, W/32)
        return self.head(x)  # (B, num_classes)


def projection(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """Return the shortcut: identity where shapes agree, else a 1x1 layer."""
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
        nn.BatchNorm2d(out_channels),
    )


def make_stage(
    channels: tuple[int, int],
    depth: int,
    cardinality: int,
    branch_width: int,
    stride: int,
) -> nn.Sequential:
    """Return ``depth`` blocks in a row, of which the first may halve the image."""
    before, after = channels
    first = AggregatedBlock(before, after, cardinality, branch_width, stride)
    rest = (
        AggregatedBlock(after, after, cardinality, branch_width)
        for _ in range(depth - 1)
    )
    return nn.Sequential(first, *rest)


def init_weights(model: nn.Module) -> None:
    """Draw the convolutions from N(0, 2 / (k * k * out_channels)), k their side.

    As ResNet does, to which the paper refers, and as the authors' code: for a grouped
    convolution, too, all its output channels are counted, though a unit of its input
    feeds those of one group only.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def resnext50_32x4d(num_classes: int = 1000, in_channels: int = 3) -> ResNeXt:
    """Build ResNeXt-50 with 32 branches of 4 channels: 25,028,904 parameters."""
    return ResNeXt((3, 4, 6, 3), CHANNELS, 32, 4, num_classes, in_channels)


def resnext101_32x4d(num_classes: int = 1000, in_channels: int = 3) -> ResNeXt:
    """Build ResNeXt-101 with 32 branches of 4 channels: 44,177,704 parameters."""
    return ResNeXt((3, 4, 23, 3), CHANNELS, 32, 4, num_classes, in_channels)


def resnext101_64x4d(num_classes: int = 1000, in_channels: int = 3) -> ResNeXt:
    """Build ResNeXt-101 with 64 branches of 4 channels: 83,455,272 parameters."""
    return ResNeXt((3, 4, 23, 3), CHANNELS, 64, 4, num_classes, in_channels)


def resnext101_32x8d(num_classes: int = 1000, in_channels: int = 3) -> ResNeXt:
    """Build ResNeXt-101 with 32 branches of 8 channels: 88,791,336 parameters.

    Not in the paper: Mahajan et al., 2018.
    """
    return ResNeXt((3, 4, 23, 3), CHANNELS, 32, 8, num_classes, in_channels)
