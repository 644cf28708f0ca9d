"""DeepLabV3+: DeepLabV3 as an encoder, and a small decoder that sharpens borders.

Chen et al., 2018, section 3 and figure 2.

Output of each part of ``deeplabv3plus_resnet101`` for a 513 x 513 image:

    low       (B, 256, 129, 129)     output stride 4
    high      (B, 2048, 33, 33)      output stride 16
    aspp      (B, 256, 33, 33)
    decoder   (B, 256, 129, 129)
    scores    (B, K, 129, 129)
    enlarged  (B, K, 513, 513)

Sides of 16 n + 1 pixels are best: cells then lie on pixels 0, 16, ... 16 n, and an
enlargement that aligns corners puts each where it belongs, as in the authors' code.

Differs from the paper: the stride between two of ResNet's stages stands in the first
block of the later one, in the authors' code in the last block of the earlier one.
Initial weights of what is not backbone, on which the paper is silent, are PyTorch's;
momentum of the normalisations is 0.1, where theirs move by 0.0003 a step.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes
from edulib.models.blocks.stages import Stages
from edulib.models.classification.resnet import ResNet, resnet50, resnet101
from edulib.models.classification.xception65 import Xception65, xception65
from edulib.models.segmentation.deeplab.aspp import ASPP, conv_norm_relu, separable
from edulib.models.segmentation.deeplab.atrous import keep_fine, set_grid


class Decoder(nn.Module):
    """Enlarge what is known, lay fine maps beside it, and refine both.

    Args:
        low_channels: of the fine maps.
        high_channels: of the coarse ones.
        reduced: channels that are left of the fine maps.
        out_channels: of the two 3x3 convolutions.
        layer: makes a 3x3 convolution of (in_channels, out_channels, 3).

    Shape:
        - low: (B, low_channels, H, W), high: (B, high_channels, H', W')
        - Output: (B, out_channels, H, W)

    Source: Chen et al., 2018, figure 2; 48 channels by table 1, two convolutions of 256
    by table 2.
    """

    def __init__(
        self,
        low_channels: int,
        high_channels: int = 256,
        reduced: int = 48,
        out_channels: int = 256,
        layer: Callable[..., nn.Module] = conv_norm_relu,
    ) -> None:
        super().__init__()
        self.out_channels = out_channels
        self.reduce = conv_norm_relu(low_channels, reduced, 1)
        self.refine = nn.Sequential(
            layer(high_channels + reduced, out_channels, 3),
            layer(out_channels, out_channels, 3),
        )

    def forward(self, low: Tensor, high: Tensor) -> Tensor:
        """Return refined features, as fine as the fine maps."""
        high = enlarge(high, low)
        return self.refine(torch.cat([high, self.reduce(low)], dim=1))


def enlarge(x: Tensor, target: Tensor) -> Tensor:
    """Enlarge bilinearly to the size of another map; corners lie on corners."""
    size = target.shape[-2:]
    return F.interpolate(x, size, mode="bilinear", align_corners=True)


class DeepLabV3Plus(nn.Module):
    """Backbone and ASPP as the encoder, the decoder, scores that are enlarged by 4.

    Args:
        backbone: from images to a fine and a coarse map.
        aspp: reads the coarse map.
        decoder: reads the fine map and what ASPP gives; has ``out_channels``.
        num_classes: K, background among them.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), normalised, H and W at least 32
        - Output: (B, num_classes, H, W), logits

    Raises:
        ValueError: if ``num_classes`` is below 1 or images have another shape.
        TypeError: if images are not floating point.

    Source: Chen et al., 2018, figure 2.

    Differs from the paper: see the module.
    """

    def __init__(
        self,
        backbone: nn.Module,
        aspp: nn.Module,
        decoder: nn.Module,
        num_classes: int = 21,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.backbone, self.aspp, self.decoder = backbone, aspp, decoder
        self.scores = nn.Conv2d(decoder.out_channels, num_classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of each pixel."""
        check_images(images, self.in_channels, min_size=32)
        low, high = self.backbone(images)
        features = self.decoder(low, self.aspp(high))
        return enlarge(self.scores(features), images)


class XceptionMaps(nn.Module):
    """Xception-65 without its head: the map inside its second block, and the last.

    Args:
        classifier: whose parts are shared, not copied.

    Shape:
        - Input: (B, C, H, W)
        - Output: [(B, 256, H/4, W/4), (B, 2048, H/32, W/32)], rounded up

    Source: Chen et al., 2018, section 3.1: the fine map stands before the striding; in
    the authors' code it is what the second separable convolution gives.
    """

    def __init__(self, classifier: Xception65) -> None:
        super().__init__()
        self.stem, self.entry1 = classifier.stem, classifier.entry1
        self.entry2, self.entry3 = classifier.entry2, classifier.entry3
        self.middle = classifier.middle
        self.exit1, self.exit2 = classifier.exit1, classifier.exit2

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the fine and the coarse map."""
        x = self.entry1(self.stem(images))
        low = self.entry2.fine(x)  # (B, 256, H/4, W/4)
        x = self.entry2.shortcut(x) + self.entry2.last(low)
        x = self.middle(self.entry3(x))
        return [low, self.exit2(self.exit1(x))]


def _on_resnet(classifier: ResNet, num_classes: int) -> DeepLabV3Plus:
    backbone = keep_fine(Stages(classifier, ["stage1", "stage4"]), 16)
    set_grid(backbone.stage4, rate=2)
    parts = backbone, ASPP(2048), Decoder(256)
    return DeepLabV3Plus(*parts, num_classes, classifier.in_channels)


def deeplabv3plus_resnet50(
    num_classes: int = 21, in_channels: int = 3
) -> DeepLabV3Plus:
    """Build DeepLabV3+ on ResNet-50, which the paper does not: 40,352,181 parameters.

    Args:
        num_classes: VOC's 20 and background.
        in_channels: channels of the images.
    """
    return _on_resnet(resnet50(in_channels=in_channels), num_classes)


def deeplabv3plus_resnet101(
    num_classes: int = 21, in_channels: int = 3
) -> DeepLabV3Plus:
    """Build DeepLabV3+ on ResNet-101: 59,344,309 parameters.

    The output stride is 16, the last stage has multi-grid (1, 2, 4).

    Args:
        num_classes: VOC's 20 and background.
        in_channels: channels of the images.
    """
    return _on_resnet(resnet101(in_channels=in_channels), num_classes)


def deeplabv3plus_xception65(
    num_classes: int = 21, in_channels: int = 3
) -> DeepLabV3Plus:
    """Build DeepLabV3+ on Xception-65: 41,055,413 parameters.

    Separable throughout, output stride 16; multi-grid did not help here (section 4.3).

    Args:
        num_classes: VOC's 20 and background.
        in_channels: channels of the images.
    """
    backbone = keep_fine(XceptionMaps(xception65(in_channels=in_channels)), 16)
    aspp, decoder = ASPP(2048, layer=separable), Decoder(256, layer=separable)
    return DeepLabV3Plus(backbone, aspp, decoder, num_classes, in_channels)
