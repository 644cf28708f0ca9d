"""Xception-65: Xception, deeper and without a pooling, so that it can be made dense.

Chen, Zhu, Papandreou, Schroff and Adam, "Encoder-Decoder with Atrous Separable
Convolution for Semantic Image Segmentation", ECCV 2018, section 3.2 and figure 4, after
MSRA's Aligned Xception of the COCO challenge 2017. https://arxiv.org/abs/1802.02611

Output of each part for a 299 x 299 image:

    stem      (B, 64, 150, 150)
    entry1    (B, 128, 75, 75)
    entry2    (B, 256, 38, 38)
    entry3    (B, 728, 19, 19)
    middle    (B, 728, 19, 19)      sixteen blocks
    exit1     (B, 1024, 10, 10)
    exit2     (B, 2048, 10, 10)
    head      (B, num_classes)

Notation: B images; C channels; H, W height and width in pixels.

Differs from the paper: its text puts a ReLU behind every depthwise convolution; the
authors' released network, whose weights timm converts, has one there in the last block
only, and elsewhere before each separable convolution. This is the released network.
Momentum of the normalisations is 0.1; theirs move by 0.0003 a step.
"""

from itertools import pairwise

from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes


def conv_norm(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
) -> nn.Sequential:
    """Return a convolution that keeps the image size, and its normalisation."""
    padding = kernel_size // 2
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, bias=False),
        nn.BatchNorm2d(out_channels, eps=1e-3),
    )


def separable(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    """Return a depthwise 3x3 and a pointwise convolution, normalisation behind each."""
    return nn.Sequential(
        nn.Conv2d(
            in_channels,
            in_channels,
            3,
            stride,
            padding=1,
            groups=in_channels,
            bias=False,
        ),
        nn.BatchNorm2d(in_channels, eps=1e-3),
        *conv_norm(in_channels, out_channels, 1),
    )


class AlignedBlock(nn.Module):
    """Three separable convolutions with a linear shortcut around them.

    y = shortcut(x) + last(fine(x)); a ReLU stands before each convolution. What
    ``fine`` gives is as large as the input: the decoder of DeepLabV3+ reads it.

    Args:
        channels: of the input and of the three outputs.
        stride: of the third depthwise convolution; 2 halves the image.

    Shape:
        - Input: (B, channels[0], H, W)
        - Output: (B, channels[3], H / stride, W / stride), rounded up

    Source: Chen et al., 2018, figure 4: strided separable convolutions in place of the
    poolings.
    """

    def __init__(self, channels: tuple[int, int, int, int], stride: int = 1) -> None:
        super().__init__()
        first, *_, last = channels
        self.shortcut = (
            nn.Identity()
            if stride == 1 and first == last
            else conv_norm(first, last, 1, stride)
        )
        *fine, coarse = [
            nn.Sequential(nn.ReLU(), separable(before, after, step))
            for (before, after), step in zip(
                pairwise(channels), (1, 1, stride), strict=True
            )
        ]
        self.fine = nn.Sequential(*fine)
        self.last = coarse

    def forward(self, x: Tensor) -> Tensor:
        """Return the corrected features."""
        return self.shortcut(x) + self.last(self.fine(x))


class Xception65(nn.Module):
    """Entry, middle and exit flow of separable convolutions: 65 layers.

    Args:
        num_classes: number of classes.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), H and W at least 32
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if ``num_classes`` is below 1 or images have another shape.
        TypeError: if images are not floating point.

    Source: Chen et al., 2018, figure 4.

    Differs from the paper: see the module.
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.stem = nn.Sequential(
            *conv_norm(in_channels, 32, 3, stride=2),
            nn.ReLU(),
            *conv_norm(32, 64, 3),
            nn.ReLU(),
        )
        self.entry1 = AlignedBlock((64, 128, 128, 128), stride=2)
        self.entry2 = AlignedBlock((128, 256, 256, 256), stride=2)
        self.entry3 = AlignedBlock((256, 728, 728, 728), stride=2)
        self.middle = nn.Sequential(
            *(AlignedBlock((728, 728, 728, 728)) for _ in range(16))
        )
        self.exit1 = AlignedBlock((728, 728, 1024, 1024), stride=2)
        layers: list[nn.Module] = []
        for before, after in pairwise((1024, 1536, 1536, 2048)):
            depthwise, norm, pointwise, last_norm = separable(before, after)
            layers += [depthwise, norm, nn.ReLU(), pointwise, last_norm, nn.ReLU()]
        self.exit2 = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, num_classes)
        )

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        check_images(image, self.in_channels, min_size=32)
        x = self.stem(image)  # (B, 64, H/2, W/2)
        x = self.entry1(x)
        x = self.entry2(x)
        x = self.entry3(x)  # (B, 728, H/16, W/16)
        x = self.middle(x)
        x = self.exit1(x)  # (B, 1024, H/32, W/32)
        x = self.exit2(x)
        return self.head(x)  # (B, num_classes)


def xception65(num_classes: int = 1000, in_channels: int = 3) -> Xception65:
    """Build Xception-65: 39,916,312 parameters."""
    return Xception65(num_classes, in_channels)
